import CofferRecords
import ArgumentParser

struct APIKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apikey",
        abstract: "Issues, changes and judges API keys.",
        discussion: "An API key goes by its number, which no other key ever gets. The key itself is never given as an argument.",
        subcommands: [
            APIKeyCreate.self, APIKeyList.self, APIKeySearch.self, Show.self, APIKeyUpdate.self, Enable.self, Disable.self, Remove.self,
            APIKeyVerify.self, APIKeyReserve.self, APIKeySettle.self, APIKeyRelease.self, APIKeyReveal.self, APIKeyUsageVerb.self,
        ])

    /// The API key that a verb is about.
    struct Number: ParsableArguments {
        @Argument(help: "The API key's number.")
        var number: UInt64

        @OptionGroup var noSecrets: NoSecretsHere

        var id: String { String(number) }
        var subject: String { "API key \(number)" }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows an API key without the key itself.", discussion: "EXAMPLES\n  coffer apikey show 7")

        @OptionGroup var key: Number
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { key.subject }

        func run() async throws { try await RecordShape.apikey.printOne(key.id, global) }
    }

    struct Enable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Makes a disabled API key valid again.", discussion: "EXAMPLES\n  coffer apikey enable 7")

        @OptionGroup var key: Number
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { key.subject }

        func run() async throws { try await RecordShape.apikey.update(key.id, [("status", "enabled")], done: "enabled", global) }
    }

    struct Disable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Refuses an API key from now on.", discussion: "EXAMPLES\n  coffer apikey disable 7")

        @OptionGroup var key: Number
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { key.subject }

        func run() async throws { try await RecordShape.apikey.update(key.id, [("status", "disabled")], done: "disabled", global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes API keys for good, in one change.",
            discussion: """
                Ends with 3 where one of them was not there; the others are gone then.

                EXAMPLES
                  coffer apikey delete 7 8 9
                """,
            aliases: ["rm"])

        @Argument(help: "The numbers, up to 10000.")
        var numbers: [UInt64]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func validate() throws {
            if numbers.count > 10_000 { throw ValidationError("at most 10000 numbers at once") }
        }

        func run() async throws { try await RecordShape.apikey.delete(numbers.map { String($0) }, global) }
    }
}
