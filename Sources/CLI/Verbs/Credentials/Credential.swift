import ArgumentParser
import CofferClient
import CofferRecords

struct CredentialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential",
        abstract: "Makes, shows, changes, refreshes and checks credentials: identities at other services.",
        discussion: "A credential is named by its name or by its number: ci, '#7'. 'coffer token' gives its live token.",
        subcommands: [
            CredentialAdd.self, Names.self, Show.self, CredentialUpdate.self, Enable.self, Disable.self, Remove.self, Undelete.self,
            CredentialRefresh.self, CredentialCheck.self, CredentialRevive.self, CredentialReveal.self, CredentialImportCommand.self,
            CredentialPrune.self, History.self,
        ])

    /// The credential that a verb is about.
    struct Name: ParsableArguments {
        @Argument(help: "The credential's name, or # and its number.")
        var name: String
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists credentials and how they stand; never a token.",
            discussion: """
                States: fresh, due, claimed, dialled, cooling, needs-person, dead, suspect, disabled, empty.

                EXAMPLES
                  coffer credential list
                  coffer credential list --state needs-person --json
                """)

        @Option(help: ArgumentHelp("Only those of this provider.", valueName: "name"))
        var provider: String?

        @Option(help: ArgumentHelp("Only those with this tag.", valueName: "tag"))
        var tag: String?

        @Option(help: ArgumentHelp("Only those in this state.", valueName: "state"))
        var state: String?

        @Option(help: ArgumentHelp("Only those with this text in their name.", valueName: "text"))
        var contains: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            try await RecordShape.credential.printList(
                [("provider", provider), ("tag", tag), ("state", state), ("contains", contains)], global)
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a credential; never a token or another secret.",
            discussion: "EXAMPLES\n  coffer credential show ci")

        @OptionGroup var credential: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { credential.name }

        func run() async throws { try await RecordShape.credential.printOne(credential.name, global) }
    }

    struct Enable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Hands disabled credentials out again, and refreshes them.",
            discussion: "EXAMPLES\n  coffer credential enable ci\n  coffer credential enable --tag nightly")

        @OptionGroup var selection: CredentialSelection
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await selection.update([RecordField("enabled", "true")], done: "enabled", global) }
    }

    struct Disable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Stops handing credentials out and refreshing them.",
            discussion: "EXAMPLES\n  coffer credential disable ci\n  coffer credential disable --state dead")

        @OptionGroup var selection: CredentialSelection
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await selection.update([RecordField("enabled", "false")], done: "disabled", global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes credentials with their tokens; undelete brings them back for 30 days.",
            discussion: "EXAMPLES\n  coffer credential delete ci\n  coffer credential delete --state dead", aliases: ["rm"])

        @OptionGroup var selection: CredentialSelection
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            try await BatchRun(selection, global).run { client, name in
                try await client.deleteRecords("credential", ids: [name])
                return .init("deleted")
            }
        }
    }

    struct Undelete: Verb {
        static let configuration = CommandConfiguration(
            commandName: "undelete", abstract: "Brings deleted credentials back, with their tokens.",
            discussion: "EXAMPLES\n  coffer credential undelete ci")

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            try await BatchRun(names: names, global).run { client, name in
                .init(try await client.act("undelete", "credential", id: name), done: "undeleted")
            }
        }
    }

    struct History: Verb {
        static let configuration = CommandConfiguration(
            commandName: "history", abstract: "Shows the last changes of a credential's state.",
            discussion: "EXAMPLES\n  coffer credential history ci")

        @OptionGroup var credential: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { credential.name }

        func run() async throws {
            let record = try await global.client().record("credential", id: credential.name)
            let lines = (record["history"] ?? "").split(separator: "\n")
            let changes = lines.map { RecordShape.words($0, ["time!", "from", "to", "why"]) }
            guard !global.json else {
                return try Output.line(.array(changes.map { words in
                    .object(words.map { ($0.name, $0.isMoment ? UInt64($0.value).map { .moment($0) } ?? .null : .text($0.value)) })
                }))
            }
            var table = Table(["TIME", "FROM", "TO", "WHY"])
            for words in changes { table.add(words.map { $0.isMoment ? UInt64($0.value).map { Moment.cell($0) } ?? "-" : $0.value }) }
            try table.print()
        }
    }
}
