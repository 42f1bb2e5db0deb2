import ArgumentParser
import CofferClient
import CofferRecords

struct PoolMemberCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Brings credentials into a pool, takes them out, lists them.",
        subcommands: [Add.self, Names.self, Update.self, Remove.self])

    /// Weight and limit of a member.
    struct Share: ParsableArguments {
        @Option(help: ArgumentHelp("Its share of the requests, 1 to 1000 (new members: 1).", valueName: "n"))
        var weight: UInt16?

        @Option(help: ArgumentHelp("Most tokens of it that are out at once; 0: without limit.", valueName: "n"))
        var inFlight: UInt32?

        func validate() throws {
            if let weight, !(1...1_000).contains(weight) { throw ValidationError("--weight takes 1 to 1000") }
        }

        var fields: [(String, String?)] {
            [("weight", weight.map { String($0) }), ("in_flight_limit", inFlight.map { String($0) })]
        }
    }

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Brings a credential into a pool.",
            discussion: "EXAMPLES\n  coffer pool member add web ada --weight 2 --in-flight 4")

        @Argument(help: "The pool's name.")
        var pool: String

        @Argument(help: "The credential's name.")
        var credential: String

        @OptionGroup var share: Share
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "\(pool)/\(credential)" }

        func run() async throws {
            try await RecordShape.poolMember.create([("pool", pool), ("credential", credential)] + share.fields, global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the members of a pool, how they stand and why.",
            discussion: "EXAMPLES\n  coffer pool member list web\n  coffer pool member list web --state dead")

        @Argument(help: "The pool's name.")
        var pool: String

        @Option(help: ArgumentHelp("Only those in this state: live, cooling, exhausted, suspect, dead.", valueName: "state"))
        var state: String?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { pool }

        func run() async throws { try await RecordShape.poolMember.printList([("pool", pool), ("state", state)], global) }
    }

    struct Update: Verb {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Changes a member's weight and limit.",
            discussion: "EXAMPLES\n  coffer pool member update web ada --weight 5")

        @Argument(help: "The pool's name.")
        var pool: String

        @Argument(help: "The credential's name.")
        var credential: String

        @OptionGroup var share: Share
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "\(pool)/\(credential)" }

        func run() async throws { try await RecordShape.poolMember.update("\(pool)/\(credential)", share.fields, global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Takes credentials out of a pool.",
            discussion: "EXAMPLES\n  coffer pool member remove web ada", aliases: ["rm"])

        @Argument(help: "The pool's name.")
        var pool: String

        @Argument(help: "The credentials' names.")
        var credentials: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { pool }

        func run() async throws {
            try await RecordShape.poolMember.delete(credentials.map { "\(pool)/\($0)" }, done: "removed", global)
        }
    }
}
