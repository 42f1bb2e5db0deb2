import ArgumentParser
import CofferClient

struct Doctor: Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Has the daemon look at itself and its surroundings.",
        discussion: """
            Ends with 1 where one of the findings is bad.

            EXAMPLES
              coffer doctor
            """)

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let findings = try await global.client().doctor()
        if global.json {
            try Output.line(.array(findings.map {
                .object([("check", .text($0.check)), ("verdict", .text("\($0.verdict)")), ("message", .text($0.message))])
            }))
        } else {
            var table = Table(["VERDICT", "CHECK", "FINDING"])
            for finding in findings { table.add(["\(finding.verdict)", finding.check, finding.message]) }
            try table.print()
        }
        if findings.contains(where: { $0.verdict == .bad }) { throw QuietExit(status: .failure) }
    }
}
