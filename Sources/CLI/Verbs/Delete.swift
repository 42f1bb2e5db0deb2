import ArgumentParser
import CofferClient

struct Delete: Verb {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Deletes a secret or one of its versions; undelete brings it back.",
        discussion: """
            EXAMPLES
              coffer delete payments/db
              coffer rm payments/db --version 3
            """,
        aliases: ["rm"])

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("Only this version.", valueName: "n"))
    var version: UInt64 = 0

    @OptionGroup var expected: ExpectOption
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        let change = try await global.client().delete(name, version: version, expected: expected.expectation)
        try ChangeReport.print(name, "deleted", version: version, change, json: global.json)
    }
}
