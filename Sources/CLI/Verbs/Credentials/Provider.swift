import ArgumentParser
import CofferClient
import CofferRecords
import CofferUpstream

struct ProviderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Shows, tests and applies providers: how the tokens of a kind of service are kept alive.",
        discussion: "A provider is a YAML file (docs/providers.md); some come with Coffer.",
        subcommands: [Names.self, Show.self, ProviderTest.self, Apply.self, Remove.self])

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists providers.", discussion: "EXAMPLES\n  coffer provider list")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.provider.printList([], global) }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints a provider's file, or what it says.",
            discussion: """
                EXAMPLES
                  coffer provider show oauth2 --summary
                  coffer provider show oauth2 > mine.yaml
                """)

        @Argument(help: "The provider's name.")
        var name: String

        @Flag(help: "Its steps and parameters instead of the file.")
        var summary = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws {
            var record = try await global.client().record("provider", id: name)
            let source = record["source"] ?? ""
            guard summary || global.json else {
                return try Output.write(Array((source.hasSuffix("\n") ? source : source + "\n").utf8))
            }
            if summary {
                record = Record(
                    noun: record.noun, id: record.id, revision: record.revision, fields: record.fields.filter { $0.name != "source" })
            }
            try RecordShape.provider.printRecord(record, global)
        }
    }

    struct Apply: Verb {
        static let configuration = CommandConfiguration(
            commandName: "apply", abstract: "Takes a provider's file; one of the same name gives way.",
            discussion: """
                A file with a mistake is refused with the lines of all that is wrong, and nothing changes.

                EXAMPLES
                  coffer provider apply mine.yaml --dry-run
                  coffer provider apply - < mine.yaml
                """)

        @Argument(help: "The file; -: standard input.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @Flag(help: "Reports and changes nothing.")
        var dryRun = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let provider = try ProviderFile.read(file)
            let fields = [("source", provider.source), ("dry_run", dryRun ? "true" : nil)] as [(String, String?)]
            try await RecordShape.provider.create(fields, done: dryRun ? "is right; nothing was changed" : "applied", global)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes providers that were applied; one that comes with Coffer is back then.",
            discussion: "EXAMPLES\n  coffer provider delete mine", aliases: ["rm"])

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.provider.delete(names, global) }
    }
}
