import ArgumentParser
import CofferClient

struct Undelete: Verb {
    static let configuration = CommandConfiguration(
        commandName: "undelete",
        abstract: "Brings a deleted secret, or one of its versions, back.",
        discussion: """
            EXAMPLES
              coffer undelete payments/db
              coffer undelete payments/db --version 3
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("Only this version.", valueName: "n"))
    var version: UInt64 = 0

    @OptionGroup var expected: ExpectOption
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let change = try await global.client().undelete(name, version: version, expected: expected.expectation)
        try ChangeReport.print(name, "undeleted", version: version, change, json: global.json)
    }
}
