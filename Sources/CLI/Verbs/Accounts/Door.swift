import ArgumentParser
import CofferClient
import CofferRecords

struct DoorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "door",
        abstract: "Shows and sets the secrets of the HTTP doors.",
        subcommands: [Names.self, Set.self])

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists what the doors need, and what of it is set; never the values.",
            discussion: """
                EXAMPLES
                  coffer door list
                  coffer door list newapi
                """)

        @Argument(help: "Only this door.")
        var door: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.door.printList([("door", door)], global) }
    }

    struct Set: Verb {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Sets or unsets a secret of a door.",
            discussion: """
                The value is one line of standard input, or, where that is a terminal, asked for twice. Values that documents and \
                sample configurations give (admin123, 123456, …) are refused unless --allow-sample is given.

                EXAMPLES
                  coffer door set newapi session_secret < secret
                  coffer door set ragflow admin_password --unset
                """)

        @Argument(help: "The door.")
        var door: String

        @Argument(help: "The field, as door list shows it.")
        var field: String

        @OptionGroup var noSecrets: NoSecretsHere

        @Flag(help: "Takes the value away.")
        var unset = false

        @Flag(help: "Takes a sample value that everybody knows.")
        var allowSample = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "\(door)/\(field)" }

        func validate() throws {
            if unset, allowSample { throw ValidationError("--unset takes no value that could be a sample") }
        }

        func run() async throws {
            let value = unset
                ? SecretBytes([])
                : try SecretInput.line("the value", prompt: "Value of \(Printable.text("\(door)/\(field)"))", twice: true, limit: 65_536)
            try await RecordShape.door.update(
                "\(door)/\(field)", [("allow_sample", allowSample ? "true" : nil)], secret: value, done: unset ? "unset" : "set", global)
        }
    }
}
