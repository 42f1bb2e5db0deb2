import ArgumentParser
import CofferClient
import Glibc

struct Destroy: Verb {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Destroys the value of a version, or of all versions, for good.",
        discussion: """
            Nothing brings the value back. Backups that were made before still have it. On a terminal the command asks \
            first; --yes answers.

            EXAMPLES
              coffer destroy payments/db --version 3
              coffer destroy payments/db --yes
            """)

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("Only this version.", valueName: "n"))
    var version: UInt64 = 0

    @Flag(help: "Does not ask.")
    var yes = false

    @OptionGroup var expected: ExpectOption
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    var subject: String? { name }

    func run() async throws {
        if !yes, isatty(STDIN_FILENO) == 1, Output.errorIsTerminal {
            let what = version == 0 ? "All values of \(Printable.text(name))" : "Version \(version) of \(Printable.text(name))"
            guard try Terminal.confirms("\(what) will be gone for good.") else {
                throw CommandFailure.failed("nothing was changed")
            }
        }
        let change = try await global.client().destroy(name, version: version, expected: expected.expectation)
        try ChangeReport.print(name, "destroyed", version: version, change, json: global.json)
    }
}
