import ArgumentParser

struct AuditRepair: Verb {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Begins the log anew behind a break, and says so in its first record.",
        discussion: """
            A log that was cut, edited or deleted is not written any more, and secrets are not handed out, until somebody has looked. \
            Nothing is removed: verify goes on naming the break, as known. A full disk needs no repair: the log goes on by itself.

            EXAMPLES
              coffer audit verify; coffer audit repair
            """)

    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let source = try access.open(global)
        defer { source.close() }
        let result = try await source.repair()
        if global.json { return try Output.line(.object([("result", .text(result))])) }
        try Output.line(Printable.text(result))
    }
}
