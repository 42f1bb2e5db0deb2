import ArgumentParser
import CofferClient
import CofferRecords

struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "Makes, shows and runs sinks: files that are written from the store whenever what they show changes.",
        discussion: "The file has mode 0600, belongs to the daemon's user, and appears whole or not at all. It holds tokens in the clear.",
        subcommands: [Create.self, Names.self, Show.self, Run.self, Update.self, Enable.self, Disable.self, Remove.self])

    /// What create and update share.
    struct Details: ParsableArguments {
        @Option(help: ArgumentHelp("A renderer that a door brings, such as tokenstool-tokens, instead of a template.", valueName: "name"))
        var renderer: String?

        @Option(help: ArgumentHelp("The text for one credential: {name}, {email}, {token:access}, {attribute:x}, …", valueName: "text"))
        var element: String?

        @Option(help: ArgumentHelp("How values are written: json, env or plain.", valueName: "encoding"))
        var encoding: String?

        @Option(help: ArgumentHelp("What stands in front of all.", valueName: "text"))
        var header: String?

        @Option(help: ArgumentHelp("What stands between two.", valueName: "text"))
        var separator: String?

        @Option(help: ArgumentHelp("What stands behind all.", valueName: "text"))
        var footer: String?

        @OptionGroup var target: TargetOptions

        @Option(help: ArgumentHelp("Is called with POST when the file has changed.", valueName: "url"))
        var post: String?

        @Option(help: ArgumentHelp("The same with GET.", valueName: "url"))
        var get: String?

        @Option(help: ArgumentHelp("Is sent when the file has changed: HUP, USR1 or USR2.", valueName: "signal"))
        var signal: String?

        @Option(help: ArgumentHelp("The file with the number of the process that the signal is for.", valueName: "path"))
        var pidFile: String?

        @Option(help: ArgumentHelp("How long the call may take, such as 10s.", valueName: "duration"))
        var callTimeout: String?

        func validate() throws {
            guard [post != nil, get != nil, signal != nil].count(where: { $0 }) < 2 else {
                throw ValidationError("give one of --post, --get and --signal")
            }
            guard (signal == nil) == (pidFile == nil) else { throw ValidationError("--signal and --pid-file go together") }
            _ = try fields(withoutAction: false)
        }

        func fields(withoutAction: Bool) throws -> [(String, String?)] {
            var action = withoutAction ? "" : nil
            if let post { action = "call POST \(post)" }
            if let get { action = "call GET \(get)" }
            if let signal, let pidFile { action = "signal \(signal) \(pidFile)" }
            let timeout = try callTimeout.map { text in
                guard let span = Moment.span(text), (1_000...120_000).contains(span) else {
                    throw ValidationError("--call-timeout takes 1s to 2m")
                }
                return String(span)
            }
            return target.fields + [
                ("renderer", renderer), ("element", element), ("encoding", encoding), ("header", header), ("separator", separator),
                ("footer", footer), ("action", action), ("timeout", timeout),
            ]
        }
    }

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Makes a sink and writes its file.",
            discussion: """
                The folder must be there, and nobody but the daemon's user and root may write in it. A file that somebody else changed is \
                kept beside before it is written anew.

                EXAMPLES
                  coffer sink create env --path /run/app/tokens.env --encoding env --element 'TOKEN={token:access}' --target ci
                  coffer sink create list --path /srv/proxy/tokens.json --encoding json --header '[' --separator ',' --footer ']' \\
                    --element '{"name": {name}, "token": {token:access}}' --tag proxy --post http://127.0.0.1:8181/reload
                  coffer sink create web --path /srv/web/tokens --element '{token:access}' --pool web --signal HUP --pid-file /run/web.pid
                """)

        @Argument(help: "The new sink's name.")
        var name: String

        @Option(help: ArgumentHelp("Where the file is.", valueName: "path"))
        var path: String

        @OptionGroup var details: Details

        @Flag(help: "Is not written before it is enabled.")
        var disabled = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func validate() throws {
            if (details.renderer == nil) == (details.element == nil) { throw ValidationError("give either --element or --renderer") }
        }

        func run() async throws {
            let fields = [("name", name), ("path", path), ("enabled", disabled ? "false" : nil)] as [(String, String?)]
            try await RecordShape.sink.create(fields + details.fields(withoutAction: false), global)
        }
    }

    struct Names: Verb {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists sinks, when they were written, and what is wrong with them.",
            discussion: "EXAMPLES\n  coffer sink list")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.sink.printList([], global) }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a sink; never what its file has.", discussion: "EXAMPLES\n  coffer sink show env")

        @Argument(help: "The sink's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.sink.printOne(name, global) }
    }

    struct Run: Verb {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Writes the files of sinks now, and does what follows.",
            discussion: "EXAMPLES\n  coffer sink run env")

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let timeout = global.actTimeout
            try await BatchRun(names: names, global).run { client, name in
                let act = try await client.act("run", "sink", id: name, timeout: timeout)
                var outcome = BatchRun.Outcome(act, done: act["ok"] == "true" ? "done" : "failed")
                if act["ok"] != "true" { outcome.status = .failure }
                return outcome
            }
        }
    }

    struct Update: Verb {
        static let configuration = CommandConfiguration(
            commandName: "update", abstract: "Changes a sink; what is not given stays.",
            discussion: "EXAMPLES\n  coffer sink update env --path /run/app/new.env\n  coffer sink update web --no-action")

        @Argument(help: "The sink's name.")
        var sink: String

        @Option(help: ArgumentHelp("The new name.", valueName: "name"))
        var name: String?

        @Option(help: ArgumentHelp("Another place; the old file stays where it is.", valueName: "path"))
        var path: String?

        @OptionGroup var details: Details

        @Flag(help: "Nothing follows any more when the file has changed.")
        var noAction = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { sink }

        func run() async throws {
            try await RecordShape.sink.update(
                sink, [("name", name), ("path", path)] + details.fields(withoutAction: noAction), global)
        }
    }

    struct Enable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Writes a sink's file again.", discussion: "EXAMPLES\n  coffer sink enable env")

        @Argument(help: "The sink's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.sink.update(name, [("enabled", "true")], done: "enabled", global) }
    }

    struct Disable: Verb {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Stops writing a sink's file; it stays where it is.",
            discussion: "EXAMPLES\n  coffer sink disable env")

        @Argument(help: "The sink's name.")
        var name: String

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        var subject: String? { name }

        func run() async throws { try await RecordShape.sink.update(name, [("enabled", "false")], done: "disabled", global) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Deletes sinks; their files stay.", discussion: "EXAMPLES\n  coffer sink delete env",
            aliases: ["rm"])

        @Argument(help: "Their names.")
        var names: [String]

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RecordShape.sink.delete(names, global) }
    }
}
