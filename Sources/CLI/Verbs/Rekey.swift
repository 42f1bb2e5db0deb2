import ArgumentParser
import CofferAudit
import CofferClient
import CofferStore

struct RekeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Replaces the keys of the store while it is in use.",
        discussion: """
            Without a word behind it, it draws a new record key and has everything sealed anew in the background; the old keys \
            go once nothing names them. It goes on by itself after a restart. 'rekey root' replaces the key that the slots open.
            """,
        subcommands: [Start.self, Show.self, Stop.self, Root.self], defaultSubcommand: Start.self)

    struct Start: Verb {
        static let configuration = CommandConfiguration(
            commandName: "start",
            abstract: "Draws a new record key, or goes on with what was stopped.",
            discussion: """
                At a terminal it shows how far it is and ends when the old keys are gone; Ctrl-C only ends the showing. Elsewhere \
                it returns at once unless --wait is given.

                EXAMPLES
                  coffer rekey
                  coffer rekey start --wait
                  coffer rekey --store /srv/coffer --key-file /etc/coffer/store.key
                """)

        @Flag(inversion: .prefixedNo, help: "Waits until the old keys are gone (at a terminal that is the default).")
        var wait: Bool?

        @OptionGroup var access: SlotAccess
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            if let place = try access.place() { return try offline(place) }
            let client = try global.client()
            let begun = try await client.rekey(.start)
            guard wait ?? (Output.errorIsTerminal && !global.json) else { return try RekeyReport.print(begun, global) }
            try RekeyReport.print(await RekeyReport.wait(client, global), global)
        }

        /// Nobody else uses the store: as fast as it goes, to the end.
        private func offline(_ place: StoppedStore.Place) throws {
            var options = RekeyOptions()
            options.recordsPerSecond = 0
            options.every = 0
            let status = try StoppedStore.with(place, rekey: options) { stopped in
                try stopped.recorded(.store, .rekey, note: "\(RekeyRequest.Act.start)") { store in
                    try store.startRekey()
                    return try store.waitForRekey()
                }
            }
            guard status.phase == .idle else { throw CommandFailure.failed(status.note) }
            if global.json {
                return try Output.line(.object([("state", .text("idle")), ("resealed", .number(status.resealed))]))
            }
            try Output.line("\(status.resealed) records were sealed anew; the old keys are gone")
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Shows the record keys, and how far their change is.",
            discussion: "EXAMPLES\n  coffer rekey status\n  coffer rekey status --wait")

        @Flag(help: "Waits until no change runs any more.")
        var wait = false

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws {
            let client = try global.client()
            try RekeyReport.print(wait ? await RekeyReport.wait(client, global) : await client.rekey(.state), global)
        }
    }

    struct Stop: Verb {
        static let configuration = CommandConfiguration(
            commandName: "stop",
            abstract: "Stops the change of the record keys until 'rekey start'; both keys stay.",
            discussion: "EXAMPLES\n  coffer rekey stop")

        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try RekeyReport.print(await global.client().rekey(.stop), global) }
    }

    struct Root: Verb {
        static let configuration = CommandConfiguration(
            commandName: "root",
            abstract: "Replaces the root key, which the slots open; one change, all or nothing.",
            discussion: """
                Slots whose secret is at hand are kept: key files and credentials are read (those of --secret-file, those that \
                labels name, the service manager's), a passphrase is asked for, a recovery key is drawn anew and printed this \
                once. All others are named, and dropped once you agree. Nothing is sealed anew, and API keys keep working. \
                Copies and backups made before still open with the slots that they have.

                EXAMPLES
                  coffer rekey root
                  coffer rekey root --secret-file /media/usb/coffer.key --drop-others
                  coffer rekey root --store /srv/coffer --key-file /etc/coffer/store.key
                """)

        @OptionGroup var noSecrets: NoSecretsHere
        @OptionGroup var secrets: RootSecrets
        @OptionGroup var access: SlotAccess
        @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

        func run() async throws { try await RootChange(access: access, secrets: secrets, global: global).run() }
    }
}

/// How the change of the record keys is shown.
enum RekeyReport {
    /// Asks until nothing runs any more, with a bar for people.
    /// - Throws: where it cannot go on.
    static func wait(_ client: CofferClient, _ global: GlobalOptions) async throws -> RekeyResponse {
        var state = try await client.rekey(.state)
        let progress = Progress(total: Int(clamping: state.total), wanted: !global.json)
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        while state.phase == .running {
            progress.update(state.done)
            try await Task.sleep(for: .milliseconds(200))
            state = try await client.rekey(.state)
        }
        if state.phase == .waiting { throw CommandFailure.failed("it cannot go on at the moment, and tries again by itself: \(state.note)") }
        return state
    }

    static func print(_ state: RekeyResponse, _ global: GlobalOptions) throws {
        guard !global.json else { return try Output.line(json(state)) }
        switch state.phase {
        case .idle: try Output.line("no change of the record keys runs")
        case .running: try Output.line("sealing anew: \(state.done) of about \(state.total) records looked at; see 'coffer rekey status'")
        case .stopped: try Output.line("stopped; 'coffer rekey start' goes on")
        case .waiting: try Output.line("waiting: \(Printable.text(state.note))")
        }
        var table = Table(["KEY", "STATE", "CREATED", "SUITE", "SEALS"])
        for key in state.keys {
            table.add([String(key.id), key.state.word, key.created == 0 ? "-" : Moment.cell(key.created), key.suite, String(key.seals)])
        }
        try table.print()
    }

    private static func json(_ state: RekeyResponse) -> JSON {
        .object([
            ("state", .text(state.phase.word)), ("done", .number(state.done)), ("total", .number(state.total)),
            ("resealed", .number(state.resealed)), ("started", .moment(state.started)), ("note", .text(state.note)),
            ("keys", .array(state.keys.map {
                .object([
                    ("id", .number(UInt64($0.id))), ("state", .text($0.state.word)), ("created", .moment($0.created)), ("suite", .text($0.suite)),
                    ("seals", .number($0.seals)), ("limit", .number($0.limit)),
                ])
            })),
        ])
    }
}

extension RekeyResponse.Phase {
    var word: String {
        switch self {
        case .idle: "idle"
        case .running: "running"
        case .stopped: "stopped"
        case .waiting: "waiting"
        }
    }
}

extension RekeyResponse.Key.State {
    var word: String {
        switch self {
        case .sealing: "sealing"
        case .opening: "opening"
        case .leaving: "leaving"
        case .stopped: "stopped"
        }
    }
}
