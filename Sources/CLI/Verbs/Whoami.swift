import ArgumentParser
import CofferClient

struct Whoami: Verb {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Shows whom the daemon takes the caller for, as selectors of policies.",
        discussion: """
            EXAMPLES
              coffer whoami
            """)

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let selectors = try await global.client().whoami()
        if global.json { return try Output.line(.texts(selectors)) }
        for selector in selectors { try Output.line(Printable.text(selector)) }
    }
}
