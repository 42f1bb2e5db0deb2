import CofferRecords
import ArgumentParser

struct TenantMember: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Adds users to a tenant, takes them out, lists them.",
        subcommands: [Add.self, Names.self, Remove.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Makes a user a member of a tenant.",
            discussion: "EXAMPLES\n  coffer tenant member add research ada --role admin")

        @Argument(help: "The tenant's name.")
        var tenantName: String

        @Argument(help: "The user's name.")
        var user: String

        @Option(help: ArgumentHelp("owner, admin, normal or invite.", valueName: "role"))
        var role: MemberRole

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "\(tenantName)/\(user)" }

        func run() async throws {
            try await RecordShape.member.create([("tenant", tenantName), ("user", user), ("role", role.rawValue)], global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the members of a tenant.", discussion: "EXAMPLES\n  coffer tenant member list research")

        @Argument(help: "The tenant's name.")
        var tenantName: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { tenantName }

        func run() async throws { try await RecordShape.member.printList([("tenant", tenantName)], global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Takes a user out of a tenant.",
            discussion: "EXAMPLES\n  coffer tenant member remove research ada", aliases: ["rm"])

        @Argument(help: "The tenant's name.")
        var tenantName: String

        @Argument(help: "The user's name.")
        var user: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { "\(tenantName)/\(user)" }

        func run() async throws { try await RecordShape.member.delete(["\(tenantName)/\(user)"], done: "removed", global) }
    }
}
