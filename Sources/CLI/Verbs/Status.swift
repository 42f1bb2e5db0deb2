import ArgumentParser
import CofferClient

struct Status: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the daemon's state; works while the store is locked.",
        discussion: """
            EXAMPLES
              coffer status
              coffer status --json
            """)

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func run() async throws {
        let status = try await global.client().status()
        if global.json {
            return try Output.line(.object(status.entries.map { entry in
                // As all fields of ours: snake_case.
                let key = entry.key.replacing("-", with: "_")
                switch entry.value {
                case .number(let number): return (key, .number(number))
                case .text(let text): return (key, .text(text))
                }
            }))
        }
        var table = Table([])
        for entry in status.entries {
            switch entry.value {
            case .number(let number): table.add([entry.key, String(number)])
            case .text(let text): table.add([entry.key, text.isEmpty ? "-" : text])
            }
        }
        try table.print()
    }
}
