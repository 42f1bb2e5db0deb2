import ArgumentParser

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows who did what to which name, and whether the log of it is whole.",
        discussion: """
            Every change is in the log before it happens; reads by the daemon's setting audit.reads. Equal reads within a second are \
            one record with a count. The log never has a value. With --store the verbs work on a store whose daemon is stopped.
            """,
        subcommands: [AuditTail.self, AuditSearch.self, AuditLast.self, AuditVerify.self, AuditRepair.self])
}
