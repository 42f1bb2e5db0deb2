import ArgumentParser
import CofferClient

struct Activate: Verb {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Makes a version the one that get reads.",
        discussion: """
            EXAMPLES
              coffer activate payments/db 4
              coffer activate payments/db 3 --expect 4   # version 4 must be active now
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @Argument(help: "The version, 1 or more.")
    var version: UInt64

    @Option(help: ArgumentHelp("Changes something only where this version is active now.", valueName: "version"))
    var expect: UInt64?

    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let change = try await global.client().activate(name, version: version, expected: expect.map { .version($0) } ?? .none)
        try ChangeReport.print(name, "is active", version: version, change, json: global.json)
    }
}
