import ArgumentParser

struct AuditRepair: Verb {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Accepts what verify finds now, and begins the log anew where it cannot go on.",
        discussion: """
            A log whose end was cut, edited or deleted is not written any more, and secrets are not handed out, until somebody has \
            looked. Nothing is removed: verify goes on naming what was accepted, as known; what comes to the log later is news. A full \
            disk needs no repair: the log goes on by itself.

            EXAMPLES
              coffer audit verify; coffer audit repair
            """)

    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let result = try await access.repair(global)
        if global.json { return try Output.line(.object([("result", .text(result))])) }
        try Output.line(Printable.text(result))
    }
}
