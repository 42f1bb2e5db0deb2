import ArgumentParser
import CofferClient

struct Policy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Applies, shows and deletes policies.",
        subcommands: [Apply.self, Show.self, Names.self, Remove.self])

    struct Apply: Verb {
        static let configuration = CommandConfiguration(
            commandName: "apply",
            abstract: "Replaces the policies that a YAML file names; all of them or none.",
            discussion: """
                Prints a line for each policy, and for each rule that can never match on this machine.

                EXAMPLES
                  coffer policy apply policies.yaml --dry-run
                  coffer policy apply - < policies.yaml
                """)

        @Argument(help: "The file; -: standard input.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @Flag(help: "Reports and changes nothing.")
        var dryRun = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { file == "-" ? "standard input" : file }

        func run() async throws {
            let source = try SecretInput.bytes(file: file, limit: Limits.policySource)
            let answer = try await global.client().policyApply(source, dryRun: dryRun)
            if global.json {
                return try Output.line(.object([
                    ("revision", .number(answer.revision)), ("dry_run", .bool(dryRun)), ("report", .texts(answer.report)),
                ]))
            }
            for line in answer.report { try Output.line(Printable.text(line)) }
            if dryRun { try Output.line("nothing was changed") }
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints the source of a policy.",
            discussion: "EXAMPLES\n  coffer policy show payments > payments.yaml")

        @Argument(help: "The policy's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws {
            let policy = try await global.client().policyShow(name)
            if global.json {
                return try Output.line(.object([
                    ("name", .text(name)), ("revision", .number(policy.revision)),
                    ("source", .text(String(decoding: policy.source, as: UTF8.self))),
                ]))
            }
            try Output.write(policy.source)
            if policy.source.last != UInt8(ascii: "\n"), !policy.source.isEmpty { try Output.line("") }
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the names of all policies.", discussion: "EXAMPLES\n  coffer policy list")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let names = try await global.client().policyList()
            if global.json { return try Output.line(.texts(names)) }
            for name in names { try Output.line(Printable.text(name)) }
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes a policy; what only it allowed is denied from then on.",
            discussion: "EXAMPLES\n  coffer policy delete payments", aliases: ["rm"])

        @Argument(help: "The policy's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws {
            try await global.client().policyDelete(name)
            if global.json { return try Output.line(.object([("name", .text(name)), ("deleted", .bool(true))])) }
            try Output.line("\(Printable.text(name)): deleted")
        }
    }
}
