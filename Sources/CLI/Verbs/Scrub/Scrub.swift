import ArgumentParser
import CofferAudit
import CofferClient
import CofferStore
import Glibc

struct Scrub: Verb {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Reads and opens every record of the store, and says what is not as the store left it.",
        discussion: """
            The daemon does it in the background and goes on serving; this command waits for it. Found are records that were changed, \
            removed, added, moved or put back from an older copy, and names, values and budgets that contradict each other. Ends with 65 \
            where there is anything; the daemon scrubs by itself once a week (scrub.every in the configuration).

            EXAMPLES
              coffer scrub
              coffer scrub --last --json
              coffer scrub --store /srv/coffer --key-file key
            """)

    @Flag(help: "Only shows what the last one found.")
    var last = false

    @Flag(help: "Ends the one that runs, without a result.")
    var stop = false

    @Flag(help: "Begins one and does not wait for it.")
    var background = false

    @OptionGroup var access: SlotAccess
    @OptionGroup(title: "Options of all verbs") var global: GlobalOptions

    func validate() throws {
        guard [last, stop, background].filter({ $0 }).count <= 1 else { throw ValidationError("--last, --stop and --background exclude each other") }
        guard access.store == nil || !(last || stop || background) else { throw ValidationError("--last, --stop and --background are about a daemon") }
        guard (access.store == nil) == (access.keyFile == nil) else { throw ValidationError("--store and --key-file go together") }
    }

    private static let pause = Duration.milliseconds(200)

    func run() async throws {
        if let place = try access.place() { return try show(try Self.offline(place, json: global.json)) }
        let client = try global.client()
        if stop {
            let state = try await client.scrubStop()
            if !global.json { try Output.line(state.isRunning ? "it ends" : "none runs") }
            return
        }
        if last {
            guard let result = try await client.scrubState().last else {
                throw CommandFailure(.notFound, "not-found", "the daemon has scrubbed nothing since it was started")
            }
            return try show(ScrubOutcome(result))
        }
        let state = try await client.scrubStart()
        if background {
            if !global.json { try Output.line("it runs: 'coffer scrub --last' shows what came of it") }
            return
        }
        try show(try await wait(client, state))
    }

    private func wait(_ client: CofferClient, _ first: ScrubResponse) async throws -> ScrubOutcome {
        var state = first
        let progress = Progress(total: nil, wanted: !global.json)
        let drawing = Task { await progress.draw() }
        defer {
            drawing.cancel()
            progress.finish()
        }
        while state.isRunning {
            progress.update(state.done)
            try await Task.sleep(for: Self.pause)
            state = try await client.scrubState()
        }
        guard let result = state.last else { throw CommandFailure.failed("the daemon says nothing of the scrub") }
        return ScrubOutcome(result)
    }

    private static func offline(_ place: StoppedStore.Place, json: Bool) throws -> ScrubOutcome {
        try StoppedStore.with(place) { stopped in
            // It goes on where that cannot be recorded: looking for damage is what a bad disk needs, and it hands nothing out.
            stopped.note(AuditRecord(time: Store.systemClock(), who: StoppedStore.who, noun: .store, action: .scrub, note: "start"))
            let progress = Progress(total: nil, wanted: !json)
            let drawing = Task { await progress.draw() }
            defer {
                drawing.cancel()
                progress.finish()
            }
            return ScrubOutcome(try stopped.store.scrub { (done, _) throws(StoreError) in progress.update(done) })
        }
    }

    private func show(_ outcome: ScrubOutcome) throws {
        if global.json { try Output.line(outcome.json) } else { try outcome.print() }
        if !outcome.failure.isEmpty { throw QuietExit(status: .failure) }
        if outcome.findingCount > 0 { throw QuietExit(status: .badInput) }
    }
}
