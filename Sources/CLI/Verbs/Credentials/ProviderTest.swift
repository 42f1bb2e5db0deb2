import ArgumentParser
import CofferClient
import CofferUpstream

struct ProviderTest: Verb {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Shows the requests that a provider would make, without a call and without a secret.",
        discussion: """
            Every token, password and secret parameter is shown as ***. With --credential the values of that credential are taken, \
            and what a step needs and it does not have is told; else <name> stands for what is not given. With --file \
            the daemon is only asked about the credential.

            EXAMPLES
              coffer provider test oauth2 --credential ci
              coffer provider test --file mine.yaml --step refresh --param token_url=https://id.example.org/token
            """)

    @Argument(help: "The provider's name.")
    var name: String?

    @Option(help: ArgumentHelp("A file that need not be applied; -: standard input.", valueName: "path"), completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("Only this step.", valueName: "name"))
    var step: String?

    @Option(help: ArgumentHelp("The credential whose values are taken.", valueName: "name"))
    var credential: String?

    @Option(help: ArgumentHelp("A value that is no secret; repeat it.", valueName: "name=value"))
    var param: [String] = []

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name ?? file }

    func validate() throws {
        if (name == nil) == (file == nil) { throw ValidationError("give either a provider's name or --file") }
        _ = try NamedValue.map(param, "--param")
    }

    func run() async throws {
        let provider = try await provider()
        let steps = provider.steps.filter { step == nil || $0.name == step }
        guard !steps.isEmpty else {
            let known = provider.steps.map(\.name).joined(separator: ", ")
            throw CommandFailure(.notFound, "not-found", "the provider has no such step; it has \(known)")
        }
        var (values, missing) = try await values(provider)
        if credential != nil {
            // `needs` names no value that has a default.
            missing.formUnion(steps.flatMap(\.needs).filter { !provider.isSecret($0) && values[$0] == nil })
        }
        var failed = 0
        for step in steps {
            let absent = step.needs.intersection(missing).sorted()
            guard absent.isEmpty else {
                failed += 1
                try print(step, ProviderError("", "the credential has no \(absent.joined(separator: ", "))"))
                continue
            }
            let preview: RequestPreview
            do {
                preview = try provider.preview(step, values: values)
            } catch {
                failed += 1
                try print(step, error)
                continue
            }
            try print(step, preview)
        }
        if failed > 0 { throw QuietExit(status: step == nil ? .failure : .badInput) }
    }

    private func provider() async throws -> Provider {
        if let file { return try ProviderFile.read(file) }
        let record = try await global.client().record("provider", id: name ?? "")
        do {
            return try Provider.read(record["source"] ?? "")
        } catch {
            throw CommandFailure.badInput("this command cannot read the daemon's provider: \(error.description)")
        }
    }

    /// What templates are filled with, and the secrets that the credential does not have.
    private func values(_ provider: Provider) async throws -> ([String: String], Set<String>) {
        var values: [String: String] = [:]
        var missing: Set<String> = []
        if let credential {
            let record = try await global.client().record("credential", id: credential)
            values = Dictionary(NamedValue.read(record["parameters"] ?? ""), uniquingKeysWith: { $1 })
            for (field, name) in [("name", "name"), ("email", "email"), ("client_id", "client_id")] {
                if let value = record[field], !value.isEmpty { values[name] = value }
            }
            let lines = ["secrets", "tokens"].flatMap { (record[$0] ?? "").split(separator: "\n") }
            let present = Set(lines.compactMap { $0.split(separator: " ").first.map(String.init) })
            let secrets = Provider.tokenKinds.union(["username", "password"]).union(provider.parameters.filter(\.isSecret).map(\.name))
            missing = secrets.subtracting(present)
            // What it is nobody need know here.
            if present.contains("username") { values["username"] = "***" }
        } else {
            for field in Provider.loginFields where !provider.isSecret(field) { values[field] = "<\(field)>" }
        }
        for (name, value) in try NamedValue.pairs(param, "--param") { values[name] = value }
        return (values, missing)
    }

    private func print(_ step: ProviderStep, _ preview: RequestPreview) throws {
        guard !global.json else {
            return try Output.line(.object([
                ("step", .text(step.name)), ("purpose", .text(step.purpose.rawValue)), ("method", .text(preview.method)),
                ("url", .text(preview.url)),
                ("headers", .array(preview.headers.map { .object([("name", .text($0.name)), ("value", .text($0.value))]) })),
                ("body", .optional(preview.body)),
            ]))
        }
        try Output.line("# \(step.name) (\(step.purpose.rawValue), cost \(step.cost))")
        try Output.line("\(preview.method) \(Printable.text(preview.url))")
        for header in preview.headers { try Output.line("\(Printable.text(header.name)): \(Printable.text(header.value))") }
        if let body = preview.body {
            try Output.line("")
            for line in body.split(separator: "\n", omittingEmptySubsequences: false) { try Output.line(Printable.text(String(line))) }
        }
        try Output.line("")
    }

    private func print(_ step: ProviderStep, _ error: ProviderError) throws {
        guard !global.json else {
            return try Output.line(.object([("step", .text(step.name)), ("error", .text(error.description))]))
        }
        try Output.line("# \(step.name): \(Printable.text(error.description))\n")
    }
}

/// Files of providers.
enum ProviderFile {
    private static let limit = 262_144

    /// - Throws: with all that is wrong, each with its line.
    static func read(_ file: String) throws -> Provider {
        let bytes = try SecretInput.bytes(file: file, limit: limit)
        let source = file == "-" ? "standard input" : Printable.text(file)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw CommandFailure.badInput("\(source): not valid UTF-8") }
        do {
            return try Provider.read(text)
        } catch {
            var report = FailureReport(CommandFailure.badInput("\(source): \(error.description)"))
            // One mistake on a line.
            report.code = "invalid-argument"
            throw report
        }
    }
}
