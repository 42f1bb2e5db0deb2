import ArgumentParser
import CofferClient

struct AuditVerify: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that the log is whole: each record in its place, no file missing, the end where the store knows it.",
        discussion: """
            Names the first wrong place. Exit code 65: something is wrong that nobody has acknowledged with repair.

            EXAMPLES
              coffer audit verify
              coffer audit verify --store /var/lib/coffer --key-file /etc/coffer/store.key
            """)

    @OptionGroup var access: AuditAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let source = try access.open(global)
        defer { source.close() }
        let verdict = try await source.verify(timeout: global.timeout == nil ? .seconds(600) : nil)
        let isGood = verdict.findings.allSatisfy(\.isKnown)
        if global.json {
            try Output.line(.object([
                ("whole", .bool(isGood)), ("files", .number(UInt64(verdict.files))), ("records", .number(verdict.records)),
                ("first", .number(verdict.first)), ("last", .number(verdict.last)),
                ("findings", .array(verdict.findings.map {
                    .object([
                        ("file", .number($0.file)), ("record", .number($0.record)), ("known", .bool($0.isKnown)), ("message", .text($0.message)),
                    ])
                })),
            ]))
        } else {
            for finding in verdict.findings {
                try Output.line("\(finding.isKnown ? "known" : "WRONG")  \(Printable.text(finding.message))")
            }
            try Output.line(isGood
                ? "the log is whole: records \(verdict.first) to \(verdict.last), \(verdict.records) in \(verdict.files) files"
                : "the log is not whole; 'coffer audit repair' acknowledges it once somebody has looked")
        }
        if !isGood { throw QuietExit(status: .badInput) }
    }
}
