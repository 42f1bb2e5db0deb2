import ArgumentParser
import CofferClient

struct AuditLast: Verb {
    static let configuration = CommandConfiguration(
        commandName: "last",
        abstract: "Who read a name last, and who changed it last.",
        discussion: """
            Reads are known where the daemon's setting audit.reads is not off, and as far back as the log is kept.

            EXAMPLES
              coffer audit last payments/db
              coffer audit last openai/main --noun credential
            """)

    @Argument(help: "The name.")
    var name: String

    @Option(help: ArgumentHelp("What has this name (default: secret).", valueName: "noun"))
    var noun = "secret"

    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    private static let reads: Set<String> = ["get", "export", "watch", "token", "reveal"]
    private static let changes: Set<String> = ["put", "activate", "delete", "undelete", "destroy", "update"]

    func run() async throws {
        let source = try access.open(global)
        defer { source.close() }
        var read: AuditEntry?
        var change: AuditEntry?
        let request = AuditSearchRequest(
            name: Array(name.utf8), noun: noun, result: .done, newestFirst: true, limit: UInt16(Limits.auditPage))
        try await source.all(request) { entry in
            if read == nil, Self.reads.contains(entry.action) { read = entry }
            if change == nil, Self.changes.contains(entry.action) { change = entry }
            return read == nil || change == nil
        }
        if global.json {
            return try Output.line(.object([
                ("name", .text(name)), ("read", read.map { AuditLine(entry: $0).json } ?? .null),
                ("changed", change.map { AuditLine(entry: $0).json } ?? .null),
            ]))
        }
        guard read != nil || change != nil else { throw CommandFailure.failed("the log has nothing about '\(Printable.text(name))'") }
        try Output.line("read:     \(read.map(Self.text) ?? "never, as far as the log goes back")")
        try Output.line("changed:  \(change.map(Self.text) ?? "never, as far as the log goes back")")
    }

    private static func text(_ entry: AuditEntry) -> String {
        let line = AuditLine(entry: entry)
        let more = entry.selectors.filter { $0 != entry.who && !$0.hasPrefix("gid:") && !$0.hasPrefix("group:") && !$0.hasPrefix("door:") }
        return Printable.text(
            "\(Moment.text(entry.last))  \(line.caller)\(more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")  \(entry.action)"
                + (entry.version > 0 ? "  version \(entry.version)" : "") + (entry.count > 1 ? "  ×\(entry.count)" : ""))
    }
}
