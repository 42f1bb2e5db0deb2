import ArgumentParser
import CofferClient
import CofferRecords

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Makes, shows and runs schedules: what happens to credentials at times.",
        discussion: "Without any, credentials are refreshed before their tokens expire.",
        subcommands: [Create.self, Names.self, Show.self, Run.self, Update.self, Enable.self, Disable.self, Remove.self])

    /// What create and update share.
    struct Details: ParsableArguments {
        @OptionGroup var target: TargetOptions

        @Option(help: ArgumentHelp("What \"01:00\" means, such as Europe/Berlin (default: the machine's zone).", valueName: "zone"))
        var timeZone: String?

        @Option(help: ArgumentHelp("Credentials a run, those that waited longest first; 0: all.", valueName: "n"))
        var count: UInt32?

        @Option(help: ArgumentHelp("A run begins up to so much later, each time differently, such as 10m.", valueName: "duration"))
        var jitter: String?

        @Option(help: ArgumentHelp("A kind of token that a refresh gets; repeat it (default: access).", valueName: "kind"))
        var kind: [String] = []

        @Option(help: ArgumentHelp(
            "What becomes of credentials that a check found dead twice: disable, remove, sink:NAME, or '' for nothing.", valueName: "what"))
        var prune: String?

        func validate() throws { _ = try fields() }

        func fields() throws -> [(String, String?)] {
            let seconds = try jitter.map { text in
                guard let span = text == "0" ? 0 : Moment.span(text), span <= 86_400_000 else {
                    throw ValidationError("--jitter takes a duration up to 1d, such as 10m")
                }
                return String(span / 1_000)
            }
            return target.fields + [
                ("time_zone", timeZone), ("count", count.map { String($0) }), ("jitter", seconds),
                ("kinds", try AccountArgument.lines(kind, "--kind")), ("prune", prune),
            ]
        }
    }

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a schedule.",
            discussion: """
                Actions: refresh, relogin (new tokens by logging in), check (is it alive?), pool-refresh (pools' own tokens). Rules: \
                'daily at 02:00', 'every 3 days at 01:00' (3 days after the last run), 'every 6 hours', 'every 30 minutes'.

                EXAMPLES
                  coffer schedule create nightly --action refresh --rule 'daily at 02:00' --tag nightly --time-zone Europe/Berlin
                  coffer schedule create sessions --action relogin --rule 'every 5 days at 01:00' --provider pandora --count 1
                  coffer schedule create alive --action check --rule 'every 6 hours' --target '*' --prune disable
                """)

        @Argument(help: "The new schedule's name.")
        var name: String

        @Option(help: ArgumentHelp("refresh, relogin, check, pool-refresh.", valueName: "what"))
        var action: String

        @Option(help: ArgumentHelp("When: 'daily at 02:00', 'every 3 days at 01:00', 'every 6 hours', …", valueName: "when"))
        var rule: String

        @OptionGroup var details: Details

        @Flag(help: "Does not run before it is enabled.")
        var disabled = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func validate() throws {
            guard !details.target.isEmpty else {
                throw ValidationError("say which credentials: --target NAME ('*' for all), --tag, --provider or --pool")
            }
        }

        func run() async throws {
            let fields = [("name", name), ("action", action), ("rule", rule), ("enabled", disabled ? "false" : nil)] as [(String, String?)]
            try await RecordShape.schedule.create(fields + details.fields(), global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists schedules: when they run next, and what the last run came to.",
            discussion: "EXAMPLES\n  coffer schedule list")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.schedule.printList([], global) }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a schedule.", discussion: "EXAMPLES\n  coffer schedule show nightly")

        @Argument(help: "The schedule's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.schedule.printOne(name, global) }
    }

    struct Run: Verb {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Runs schedules now, and waits for their end.",
            discussion: "Ends with 1 where some of the credentials failed.\n\nEXAMPLES\n  coffer schedule run nightly")

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            // As long as a run takes.
            let timeout: Duration? = global.timeout == nil ? .zero : nil
            try await BatchRun(names: names, global).run { client, name in
                let act = try await client.act("run", "schedule", id: name, timeout: timeout)
                var outcome = BatchRun.Outcome(act, done: "done")
                if (act["failed"].flatMap { UInt64($0) } ?? 0) > 0 { outcome.status = .failure }
                return outcome
            }
        }
    }

    struct Update: Verb {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Changes a schedule; what is not given stays.",
            discussion: "EXAMPLES\n  coffer schedule update nightly --rule 'daily at 03:30' --count 10")

        @Argument(help: "The schedule's name.")
        var schedule: String

        @Option(help: ArgumentHelp("The new name.", valueName: "name"))
        var name: String?

        @Option(help: ArgumentHelp("refresh, relogin, check, pool-refresh.", valueName: "what"))
        var action: String?

        @Option(help: ArgumentHelp("When: 'daily at 02:00', 'every 3 days at 01:00', 'every 6 hours', …", valueName: "when"))
        var rule: String?

        @OptionGroup var details: Details
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { schedule }

        func run() async throws {
            try await RecordShape.schedule.update(
                schedule, [("name", name), ("action", action), ("rule", rule)] + details.fields(), global)
        }
    }

    struct Enable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Lets a schedule run again.", discussion: "EXAMPLES\n  coffer schedule enable nightly")

        @Argument(help: "The schedule's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.schedule.update(name, [("enabled", "true")], done: "enabled", global) }
    }

    struct Disable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Stops a schedule.", discussion: "EXAMPLES\n  coffer schedule disable nightly")

        @Argument(help: "The schedule's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.schedule.update(name, [("enabled", "false")], done: "disabled", global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes schedules.", discussion: "EXAMPLES\n  coffer schedule delete nightly",
            aliases: ["rm"])

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.schedule.delete(names, global) }
    }
}
