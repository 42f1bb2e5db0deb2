import CofferRecords
import ArgumentParser

struct TenantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant",
        abstract: "Makes, shows, changes and deletes tenants, and says who belongs to them.",
        subcommands: [Create.self, Names.self, Show.self, Update.self, Remove.self, TenantMember.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Makes a tenant.",
            discussion: """
                EXAMPLES
                  coffer tenant create research
                  coffer tenant create vault --no-reveal    # readable API keys are shown at their creation only
                """)

        @Argument(help: "The tenant's name.")
        var name: String

        @Flag(name: .customLong("no-reveal"), help: "Readable forms of its API keys are neither kept nor shown again.")
        var noReveal = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws {
            try await RecordShape.tenant.create([("name", name), ("reveal", noReveal ? "false" : nil)], global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists all tenants.", discussion: "EXAMPLES\n  coffer tenant list --json")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.tenant.printList([], global) }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a tenant.", discussion: "EXAMPLES\n  coffer tenant show research")

        @Argument(help: "The tenant's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.tenant.printOne(name, global) }
    }

    struct Update: Verb {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Renames a tenant, or says whether its API keys can be shown.",
            discussion: """
                With --reveal no the readable forms that are there are deleted, for good.

                EXAMPLES
                  coffer tenant update research --name science
                  coffer tenant update research --reveal no
                """)

        @Argument(help: "The tenant's name.")
        var tenantName: String

        @Option(help: ArgumentHelp("The new name.", valueName: "name"))
        var name: String?

        @Option(help: ArgumentHelp("Whether readable forms of its API keys are kept: yes or no.", valueName: "yes|no"))
        var reveal: YesNo?

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { tenantName }

        func run() async throws {
            try await RecordShape.tenant.update(tenantName, [("name", name), ("reveal", reveal?.field)], global)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes a tenant that nothing belongs to any more.",
            discussion: "EXAMPLES\n  coffer tenant delete research", aliases: ["rm"])

        @Argument(help: "The tenant's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.tenant.delete([name], global) }
    }
}
