import CofferRecords
import ArgumentParser

struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Makes, shows, changes and deletes users, their passwords and their access tokens.",
        discussion: "A user is named by its name or by its number: ada, '#7'.",
        subcommands: [
            UserCreate.self, Names.self, Show.self, UserUpdate.self, Enable.self, Disable.self, Remove.self, UserPassword.self,
            UserToken.self,
        ])

    /// The user that a verb is about.
    struct Name: ParsableArguments {
        @Argument(help: "The user's name, or # and its number.")
        var name: String
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists users.",
            discussion: """
                With --tenant only those at home in that tenant.

                EXAMPLES
                  coffer user list
                  coffer user list --tenant research --contains ada
                """)

        @Option(help: ArgumentHelp("Only those with this text in their name, display name or e-mail address.", valueName: "text"))
        var contains: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            try await RecordShape.user.printList([("tenant", global.tenant), ("contains", contains)], global)
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a user.", discussion: "EXAMPLES\n  coffer user show ada")

        @OptionGroup var user: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func run() async throws { try await RecordShape.user.printOne(user.name, global) }
    }

    struct Enable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Lets a disabled user in again; its API keys are valid again too.",
            discussion: "EXAMPLES\n  coffer user enable ada")

        @OptionGroup var user: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func run() async throws { try await RecordShape.user.update(user.name, [("enabled", "true")], done: "enabled", global) }
    }

    struct Disable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Shuts a user out: its sessions end, and its API keys are refused.",
            discussion: "EXAMPLES\n  coffer user disable ada")

        @OptionGroup var user: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func run() async throws { try await RecordShape.user.update(user.name, [("enabled", "false")], done: "disabled", global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes a user with its memberships, access tokens and API keys.",
            discussion: "EXAMPLES\n  coffer user delete ada", aliases: ["rm"])

        @OptionGroup var user: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { user.name }

        func run() async throws { try await RecordShape.user.delete([user.name], global) }
    }
}
