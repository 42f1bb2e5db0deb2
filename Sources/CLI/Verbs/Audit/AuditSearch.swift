import ArgumentParser
import CofferClient

struct AuditSearch: Verb {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Prints all records that match, the oldest first.",
        discussion: """
            With --value it finds the changes that wrote a value: the log has only a keyed digest of each, which says whether it was \
            this one.

            EXAMPLES
              coffer audit search --name 'payments/**' --since 24h
              coffer audit search --who uid:1001 --result denied
              coffer audit search --noun store --action unlock --json
              coffer get payments/db | coffer audit search --value
            """)

    @OptionGroup var filter: AuditFilter

    @Flag(help: "Only changes that wrote the value that standard input has (or that a prompt asks for).")
    var value = false

    @Flag(help: "Drops one line end at the end of that value.")
    var trimNewline = false

    @OptionGroup var noSecrets: NoSecretsHere
    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        if trimNewline, !value { throw ValidationError("--trim-newline goes with --value") }
    }

    func run() async throws {
        var request = try filter.request()
        request.limit = UInt16(Limits.auditPage)
        var wanted: SecretBytes?
        if value {
            let given = try SecretInput.value(file: "-", prompt: "Value")
            wanted = trimNewline ? SecretInput.withoutLineEnd(given) : given
        }
        let source = try access.open(global)
        defer { source.close() }
        try await source.all(request, value: wanted) { entry in
            try AuditLine(entry: entry).print(json: global.json)
            return true
        }
    }
}
