import ArgumentParser
import CofferClient

struct Put: Verb {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Stores a new version of a secret.",
        discussion: """
            The value comes from standard input, from --file, or, where standard input is a terminal, from a prompt that shows \
            nothing and asks twice. It is stored byte for byte, a line end at its end included, unless --trim-newline is given.

            EXAMPLES
              openssl rand -hex 24 | coffer put payments/db --trim-newline
              coffer put tls/key --file server.key --content-type application/x-pem-file
              coffer put payments/db --expect 3    # version 3 must be the latest
              coffer put payments/db --expect 0    # it must be new
              coffer put ci/token --expires 30d --tag ci --metadata owner=build
            """)

    @Argument(help: "The secret's name, a path such as payments/db.")
    var name: String

    @OptionGroup var noSecrets: NoSecretsHere

    @Option(help: ArgumentHelp("Takes the value from a file; -: standard input.", valueName: "path"), completion: .file())
    var file: String?

    @Flag(help: "Leaves the present version active; the new one waits for activate.")
    var noActivate = false

    @OptionGroup var expected: ExpectOption

    @Option(help: ArgumentHelp("When the version can no longer be read: 2027-01-31T12:00:00Z, or from now: 30d, 12h.", valueName: "time"))
    var expires: String?

    @Option(help: ArgumentHelp("What kind of content it is.", valueName: "type"))
    var contentType: String?

    @OptionGroup var settings: SettingsOptions

    @Flag(help: "Drops one line end at the end of the value.")
    var trimNewline = false

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func validate() throws { _ = try expiry() }

    func run() async throws {
        let options = PutOptions(
            expected: expected.expectation, activate: !noActivate, expires: try expiry(), contentType: contentType ?? "",
            settings: try settings.settings())
        let client = try global.client()
        var value = try SecretInput.value(file: file, prompt: "Value of \(Printable.text(name))")
        if trimNewline { value = SecretInput.withoutLineEnd(value) }
        let result = try await client.put(name, value: value, options: options, timeout: nil)
        if global.json {
            try Output.line(.object([
                ("name", .text(name)), ("version", .number(result.version)), ("revision", .number(result.revision)),
            ]))
        } else {
            try Output.line("\(Printable.text(name)): version \(result.version)\(noActivate ? ", not active" : "")")
        }
    }

    private func expiry() throws -> UInt64 {
        guard let expires else { return 0 }
        if let moment = Moment.parse(expires) { return moment }
        guard let span = Moment.span(expires), span > 0 else {
            throw ValidationError("--expires takes a time such as 2027-01-31T12:00:00Z or a duration such as 30d")
        }
        let (sum, overflow) = Moment.now().addingReportingOverflow(span)
        guard !overflow else { throw ValidationError("--expires is too far away") }
        return sum
    }
}
