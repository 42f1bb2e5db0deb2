import ArgumentParser
import CofferClient
import CofferRecords

struct PoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Makes, shows and changes pools: credentials that are good for the same thing.",
        discussion: "'coffer token --pool NAME' gives the token of a member that lives; 'coffer report' tells what came of it.",
        subcommands: [
            Create.self, Names.self, Show.self, Update.self, Remove.self, Refresh.self, Renew.self, Check.self, Revive.self,
            PoolMemberCommand.self,
        ])

    /// The pool that a verb is about.
    struct Name: ParsableArguments {
        @Argument(help: "The pool's name, or # and its number.")
        var name: String
    }

    /// What create and update share.
    struct Details: ParsableArguments {
        @Option(help: ArgumentHelp("The provider that keeps the pool's own token; '': none.", valueName: "name"))
        var provider: String?

        @Option(help: ArgumentHelp("A note for people.", valueName: "text"))
        var memo: String?

        @Option(help: ArgumentHelp("What a door for an older system keeps with it; repeat it.", valueName: "name=value"))
        var attribute: [String] = []

        func validate() throws { _ = try NamedValue.map(attribute, "--attribute") }

        func fields(removing: Bool) throws -> [(String, String?)] {
            [
                ("provider", provider), ("memo", memo),
                ("attributes", try NamedValue.map(attribute, "--attribute", removing: removing)),
            ]
        }
    }

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a pool.",
            discussion: """
                A pool may have a token of its own from its upstream (pk-…), which is given instead of a member's: --secret pool.

                EXAMPLES
                  coffer pool create web --member ada --member bob
                  coffer pool create shared --provider pandora --secret pool < pk
                """)

        @Argument(help: "The new pool's name.")
        var name: String

        @OptionGroup var noSecrets: NoSecretsHere

        @Option(help: ArgumentHelp("A credential that is in it; repeat it.", valueName: "credential"))
        var member: [String] = []

        @OptionGroup var details: Details
        @OptionGroup var secrets: CredentialSecrets
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws {
            let fields = [("name", name), ("members", try AccountArgument.lines(member, "--member"))]
            try await RecordShape.pool.create(fields + details.fields(removing: false), secret: try secrets.read(), global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists pools and how many of their members live.",
            discussion: "EXAMPLES\n  coffer pool list\n  coffer pool list --credential ada")

        @Option(help: ArgumentHelp("Only those with this text in their name.", valueName: "text"))
        var contains: String?

        @Option(help: ArgumentHelp("Only those that this credential is in.", valueName: "name"))
        var credential: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            try await RecordShape.pool.printList([("contains", contains), ("credential", credential)], global)
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a pool.", discussion: "EXAMPLES\n  coffer pool show web")

        @OptionGroup var pool: Name
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { pool.name }

        func run() async throws { try await RecordShape.pool.printOne(pool.name, global) }
    }

    struct Update: Verb {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Changes a pool; what is not given stays.",
            discussion: "EXAMPLES\n  coffer pool update web --name front\n  coffer pool update shared --remove-own-token")

        @OptionGroup var pool: Name
        @OptionGroup var noSecrets: NoSecretsHere

        @Option(help: ArgumentHelp("The new name.", valueName: "name"))
        var name: String?

        @OptionGroup var details: Details
        @OptionGroup var secrets: CredentialSecrets

        @Flag(help: "Takes its own token away.")
        var removeOwnToken = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { pool.name }

        func run() async throws {
            try await RecordShape.pool.update(
                pool.name, [("name", name)] + details.fields(removing: true),
                secret: try secrets.read(removing: removeOwnToken ? ["pool"] : []), global)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes pools; the credentials in them stay.",
            discussion: "EXAMPLES\n  coffer pool delete web", aliases: ["rm"])

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.pool.delete(names, global) }
    }

    struct Refresh: Verb {
        static let configuration = CommandConfiguration(
            commandName: "refresh", abstract: "Gets new tokens for each member of pools.",
            discussion: "EXAMPLES\n  coffer pool refresh web")

        @Argument(help: "The pools' names.")
        var names: [String]

        @Flag(help: "Logs in anew, even where a session is alive.")
        var relogin = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await PoolCommand.each(names, relogin ? "relogin" : "refresh", global) }
    }

    struct Renew: Verb {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "Exchanges the own token of pools for another one from their upstream.",
            discussion: """
                The one that it has is revoked first; where that fails, it stays. With --keep it is brought up to date instead.

                EXAMPLES
                  coffer pool renew shared
                  coffer pool renew shared --keep
                """)

        @Argument(help: "The pools' names.")
        var names: [String]

        @Flag(help: "Keeps the token: its upstream is told the members as they are now.")
        var keep = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let (options, timeout) = (keep ? [RecordField("keep", "true")] : [], global.actTimeout)
            try await BatchRun(names: names, global).run { client, name in
                .init(try await client.act("renew", "pool", id: name, options: options, timeout: timeout), done: "renewed")
            }
        }
    }

    struct Check: Verb {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Asks the services about each member of pools.",
            discussion: "EXAMPLES\n  coffer pool check web", aliases: ["verify"])

        @Argument(help: "The pools' names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await PoolCommand.each(names, "check", global) }
    }

    struct Revive: Verb {
        static let configuration = CommandConfiguration(
            commandName: "revive", abstract: "Hands members out again that reports had taken out.",
            discussion: "EXAMPLES\n  coffer pool revive web\n  coffer pool revive web --credential ada")

        @OptionGroup var pool: Name

        @Option(help: ArgumentHelp("Only this member.", valueName: "name"))
        var credential: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { pool.name }

        func run() async throws {
            let options = credential.map { [RecordField("credential", $0)] } ?? []
            try await BatchRun(names: [pool.name], global).run { client, name in
                .init(try await client.act("revive", "pool", id: name, options: options), done: "revived")
            }
        }
    }

    /// The same with all members of each pool, and a line for each member.
    fileprivate static func each(_ names: [String], _ verb: String, _ global: GlobalOptions) async throws {
        let timeout = global.actTimeout
        try await BatchRun(names: names, global).run { client, name in
            let act = try await client.act(verb, "pool", id: name, timeout: timeout)
            let members = (act["members"] ?? "").split(separator: "\n").map { line in
                let words = RecordShape.words(line, ["number", "result", "member"])
                return (result: words.count > 1 ? words[1].value : "", member: words.last?.value ?? "")
            }
            var outcome = BatchRun.Outcome(act.result, record: act.record)
            outcome.lines = members.map { "  \($0.member.hasSuffix(": ") ? String($0.member.dropLast(2)) : $0.member) (\($0.result))" }
            outcome.details = [
                ("good", .text(act["good"] ?? "0")), ("failed", .text(act["failed"] ?? "0")),
                ("members", .array(members.map { .object([("member", .text($0.member)), ("result", .text($0.result))]) })),
            ]
            if act["failed"] != "0" { outcome.status = .failure }
            return outcome
        }
    }
}
