import CofferRecords
import ArgumentParser

struct UserToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes, lists and revokes the access tokens that let programs in as a user.",
        subcommands: [Create.self, Names.self, Revoke.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes an access token and prints it this once.",
            discussion: """
                The token stands alone on standard output, everything else on standard error.

                EXAMPLES
                  coffer user token create ada laptop --expires 90d > token
                """)

        @OptionGroup var user: UserCommand.Name

        @Argument(help: "The token's name, for people.")
        var tokenName: String

        @OptionGroup var noSecrets: NoSecretsHere

        @Option(help: ArgumentHelp("When it ends: 2027-01-31T12:00:00Z, from now 30d, or never (default: never).", valueName: "time"))
        var expires: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func validate() throws { _ = try AccountArgument.expiry(expires) }

        func run() async throws {
            try await RecordShape.token.create(
                [("user", user.name), ("name", tokenName), ("expires", AccountArgument.expiry(expires))], shownOnce: "token", global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the access tokens of a user, without the tokens themselves.",
            discussion: "EXAMPLES\n  coffer user token list ada")

        @OptionGroup var user: UserCommand.Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func run() async throws { try await RecordShape.token.printList([("user", user.name)], global) }
    }

    struct Revoke: Verb {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Ends an access token.", discussion: "EXAMPLES\n  coffer user token revoke 12")

        @Argument(help: "The token's number, as token list shows it.")
        var number: UInt64

        @OptionGroup var noSecrets: NoSecretsHere
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "token \(number)" }

        func run() async throws { try await RecordShape.token.delete([String(number)], done: "revoked", global) }
    }
}
