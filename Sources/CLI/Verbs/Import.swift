import ArgumentParser
import CofferClient
import CofferFormats
import CofferStore
import Synchronization

struct Import: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Stores the secrets of a file in one change, or takes over the accounts or tokens of another system.",
        discussion: """
            Reads .env files, JSON objects and YAML mappings; docs/cli.md has their rules. Keys of nested objects become path \
            segments. The format follows from the file's name unless --from is given. Nothing is expanded. A value that the \
            active version has already makes no new version.

            With --from newapi (its SQLite database, or its tables as JSON) and --from ragflow (its tables as JSON) tenants, users \
            and API keys are taken over; each row by itself, with a line that says what became of it.

            So are credentials and pools with --from tokenstool FOLDER (its data folder), --from tokenstatuscheck FOLDER and \
            --from rtmanage FILE… (its config.yml, its SQLite database, rows of its tables as CSV), with a line for each key of their \
            configuration. --from credentials FILE… reads Coffer's own format, JSON lines or CSV of any length.

            EXAMPLES
              coffer import .env --prefix payments/ --dry-run
              coffer import --from yaml - < secrets.yaml
              coffer import secrets.json --create-only
              coffer import --from newapi one-api.db --dry-run
              coffer import --from rtmanage config.yml data/tokens.db --dry-run
              coffer import --from tokenstool /opt/tokensTool
              coffer import --from credentials - < accounts.jsonl
            """)

    private static let fileLimit = 1 << 30

    @Option(help: ArgumentHelp(
        "The format: dotenv, json, yaml or credentials; or the system: newapi, ragflow, tokenstool, rtmanage or tokenstatuscheck.",
        valueName: "from"))
    var from: ImportSource?

    @Argument(help: "The file or the folder; -: standard input.", completion: .file())
    var files: [String]

    @Option(help: ArgumentHelp("Stands in front of each name, as it is: end it with / for a folder.", valueName: "prefix"))
    var prefix = ""

    @Flag(help: "Says what would change and changes nothing.")
    var dryRun = false

    @Flag(help: "Refuses the whole import where one of the names has a live version.")
    var createOnly = false

    @OptionGroup var tokens: TokenImportOptions
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    private var file: String { files.first ?? "-" }

    func validate() throws {
        let takesSeveral = switch from {
        case .credentials, .tokens(.rtmanage): true
        default: false
        }
        // A further word may be somebody's secret.
        guard takesSeveral || files.count == 1 else { throw ValidationError("unexpected argument: \(NoSecretsHere.reason)") }
        switch from {
        case .tokens, .credentials: try tokens.validate(from)
        default: guard tokens.isEmpty else { throw ValidationError("--allow-sample and --upstream are for systems that kept tokens") }
        }
        guard from != nil, !isSecrets else { return _ = try format() }
        if !prefix.isEmpty || createOnly { throw ValidationError("--prefix and --create-only are for files of secrets") }
    }

    private var isSecrets: Bool { if case .secrets = from { true } else { false } }

    func run() async throws {
        switch from {
        case .tokens(let system):
            return try await TokenImport(source: system.rawValue, dryRun: dryRun, global: global).run(system, files, tokens)
        case .credentials: return try await TokenImport(source: "credentials", dryRun: dryRun, global: global).run(lines: files)
        default: break
        }
        if case .accounts(let system) = from {
            return try await AccountImport(system: system, file: file, dryRun: dryRun, global: global).run()
        }
        let client = try global.client()
        let format = try format()
        let (entries, lines) = try read(format)
        let results = Results()
        let progress = Progress(total: entries.count, wanted: !global.json)
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        let summary: ImportSummary
        do {
            summary = try await client.importSecrets(entries, dryRun: dryRun, createOnly: createOnly) { step in
                switch step {
                case .sent(let count): progress.update(count)
                case .result(_, let item): results.append(item)
                }
            }
        } catch let error as ClientError {
            throw located(error, lines)
        }
        progress.finish()
        try report(summary, entries.map(\.name), results.all())
    }

    private func format() throws -> FileFormat {
        if case .secrets(let format) = from { return format }
        guard let format = FileFormat(fileName: file) else {
            throw ValidationError("the name of the file does not tell its format: give --from dotenv, json or yaml")
        }
        return format
    }

    /// The file's entries and the line of each.
    private func read(_ format: FileFormat) throws -> (entries: [SecretEntry], lines: [Int]) {
        var bytes = try SecretInput.bytes(file: file, limit: Self.fileLimit)
        defer { Output.wipe(&bytes) }
        var imported: [ImportedEntry]
        do {
            imported = try format.parse(bytes)
        } catch {
            throw fail(error)
        }
        var entries: [SecretEntry] = []
        entries.reserveCapacity(imported.count)
        let prefix = Array(prefix.utf8)
        for index in imported.indices {
            let name = prefix + Array(imported[index].name.utf8)
            try check(name, imported[index])
            entries.append(SecretEntry(name: name, value: SecretBytes(imported[index].value)))
            Output.wipe(&imported[index].value)
        }
        return (entries, imported.map(\.line))
    }

    private func check(_ name: [UInt8], _ entry: ImportedEntry) throws {
        do {
            _ = try Name(name)
        } catch {
            throw fail(FormatError(line: entry.line, "'\(Printable.name(name))': \(error.rawValue)"))
        }
        guard entry.value.count <= Limits.value else {
            throw fail(FormatError(
                line: entry.line,
                "'\(Printable.name(name))': the value has \(entry.value.count) bytes, more than \(Limits.value)"))
        }
    }

    private var source: String { file == "-" ? "standard input" : Printable.text(file) }

    private func fail(_ error: FormatError) -> CommandFailure { .badInput("\(source): \(error.description)") }

    /// Turns the daemon's `entry 3, payments/x: …` into the line of that entry.
    private func located(_ error: ClientError, _ lines: [Int]) -> FailureReport {
        var report = FailureReport(error)
        guard report.message.hasPrefix("entry ") else { return report }
        let rest = report.message.dropFirst("entry ".count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), lines.indices.contains(number - 1) else { return report }
        let text = rest.dropFirst(digits.count).drop { $0 == "," || $0 == ":" || $0 == " " }
        report.message = "\(source): line \(lines[number - 1]): \(text)"
        return report
    }

    private func report(_ summary: ImportSummary, _ names: [[UInt8]], _ items: [ImportResults.Item]) throws {
        var output: [UInt8] = []
        func flush(above limit: Int) throws {
            guard output.count > limit else { return }
            try Output.write(output)
            output.removeAll(keepingCapacity: true)
        }
        if global.json {
            output += Array("{\"dry_run\": \(dryRun), \"revision\": ".utf8)
            JSON.number(summary.revision).append(to: &output)
            output += Array(", \"created\": \(summary.created), \"changed\": \(summary.changed)".utf8)
            output += Array(", \"unchanged\": \(summary.unchanged), \"entries\": [".utf8)
        }
        for (index, (name, item)) in zip(names, items).enumerated() {
            if global.json {
                output += Array((index == 0 ? "\n" : ",\n").utf8)
                JSON.object([JSON.name(name), ("result", .text("\(item.result)")), ("version", .number(item.version))]).append(to: &output)
            } else {
                output += Array("\(item.result) \(Printable.name(name))\n".utf8)
            }
            try flush(above: 32_768)
        }
        if global.json {
            output += Array("\n]}\n".utf8)
        } else {
            let counts = "\(summary.created) created, \(summary.changed) changed, \(summary.unchanged) unchanged"
            output += Array((dryRun ? "would be: \(counts)\n" : "\(counts)\n").utf8)
        }
        try flush(above: 0)
    }

    /// What became of each entry, in their order; printed only once the whole import is in.
    private final class Results: Sendable {
        private let items = Mutex<[ImportResults.Item]>([])
        func append(_ item: ImportResults.Item) { items.withLock { $0.append(item) } }
        func all() -> [ImportResults.Item] { items.withLock { $0 } }
    }
}
