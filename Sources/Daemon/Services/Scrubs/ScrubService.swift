import CofferAccounts
import CofferStore
import CofferWire
import Dispatch
import Logging
import Synchronization

/// Scrubs of the running store: one at a time, on a queue of their own, because somebody asked or because it is time.
final class ScrubService: Sendable {
    private struct State {
        var isRunning = false
        /// Whoever runs is to stop.
        var isStopping = false
        /// The daemon stops: none begins any more.
        var isOver = false
        var done: UInt64 = 0
        var total: UInt64 = 0
        /// The last that ended since the start, whole or not.
        var last: ScrubResult?
        /// The last whole one.
        var remembered: ScrubMemory.Record?
        /// The last that did not come to its end.
        var attempt: UInt64 = 0
    }

    private let store: Store
    private let accounts: Accounts
    private let memory: ScrubMemory
    private let schedule: ScrubSchedule
    private let clock: @Sendable () -> UInt64
    private let logger: Logger
    private let started: UInt64
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "coffer.scrub", qos: .utility)
    private let timer = DispatchQueue(label: "coffer.scrub-timer", qos: .utility)

    /// Percent of one processor's time: readers do not notice it.
    private static let share = 25
    /// How often it is looked whether one is due, in milliseconds.
    private static let longestTick: UInt64 = 60_000

    init(
        store: Store, accounts: Accounts, memory: ScrubMemory, schedule: ScrubSchedule, clock: @escaping @Sendable () -> UInt64, logger: Logger
    ) {
        self.store = store
        self.accounts = accounts
        self.memory = memory
        self.schedule = schedule
        self.clock = clock
        self.logger = logger
        started = clock()
        state = Mutex(State(remembered: memory.read()))
    }

    // MARK: What callers do

    /// - Throws: `denied`.
    func act(_ caller: Caller, _ act: ScrubRequest.Act) throws(Failure) -> ScrubResponse {
        guard caller.rights.isAdministrator || caller.allows(.store, .scrub) else { throw .denied }
        switch act {
        case .state: break
        case .start: begin()
        case .stop: state.withLock { $0.isStopping = $0.isRunning }
        }
        return state.withLock { state in
            ScrubResponse(
                isRunning: state.isRunning, done: state.done, total: state.total, interval: schedule.interval, last: state.last)
        }
    }

    // MARK: By the clock

    /// Looks from time to time whether one is due, until ``stop()``.
    func start() {
        guard schedule.interval > 0 else { return }
        let wait = min(max(schedule.interval / 4, 250), Self.longestTick)
        timer.asyncAfter(deadline: .now() + .milliseconds(Int(wait))) { [weak self] in
            guard let self, !state.withLock({ $0.isOver }) else { return }
            tick()
            start()
        }
    }

    private func tick() {
        let (last, attempt) = state.withLock { ($0.remembered?.finished, $0.attempt) }
        guard !store.isLocked, schedule.isDue(now: clock(), started: started, last: last, attempt: attempt) else { return }
        begin()
    }

    /// Ends the one that runs, and waits for it.
    func stop() {
        state.withLock { state in
            state.isOver = true
            state.isStopping = true
        }
        queue.sync {}
    }

    // MARK: One scrub

    private func begin() {
        let mayBegin = state.withLock { state in
            guard !state.isRunning, !state.isOver else { return false }
            state.isRunning = true
            state.isStopping = false
            state.done = 0
            state.total = 0
            return true
        }
        if mayBegin { queue.async { [self] in run() } }
    }

    private func run() {
        let began = clock()
        let result: ScrubResult
        var whole: ScrubMemory.Record?
        do throws(StoreError) {
            let report = try store.scrub(share: Self.share) { [self] (done, total) throws(StoreError) in
                let isStopping = state.withLock { state in
                    state.done = done
                    state.total = total
                    return state.isStopping
                }
                if isStopping { throw StoreError(.busy, "the scrub was stopped") }
            }
            result = ScrubResult(report, tenants: accounts.tenants)
            whole = .init(finished: report.finished, revision: report.revision, records: report.records, findings: report.findingCount)
        } catch {
            result = ScrubResult(
                began: began, finished: clock(), failure: String(error.message.prefix(300)), position: .init(incarnation: .zero, revision: 0),
                records: 0, bytes: 0, tables: [], findingCount: 0, findings: [])
        }
        if let whole { memory.write(whole) }
        state.withLock { state in
            state.isRunning = false
            state.last = result
            if let whole { state.remembered = whole } else { state.attempt = result.finished }
        }
        tell(result)
    }

    private func tell(_ result: ScrubResult) {
        if !result.failure.isEmpty {
            logger.warning("a scrub did not come to its end", metadata: ["reason": "\(result.failure)"])
        } else if result.findingCount > 0 {
            // Which records it is about, names among them, is for those who may ask.
            logger.error("the scrub found damage: see 'coffer scrub --last'", metadata: ["findings": "\(result.findingCount)"])
        } else {
            logger.info("scrubbed", metadata: ["records": "\(result.records)", "revision": "\(result.position.revision)"])
        }
    }

    // MARK: How it stands

    /// The last whole scrub; `nil`: none is known.
    var last: ScrubMemory.Record? { state.withLock { $0.remembered } }
    var isRunning: Bool { state.withLock { $0.isRunning } }
    var isOverdue: Bool { schedule.isOverdue(now: clock(), started: started, last: last?.finished) }
    /// Milliseconds since the last whole one ended.
    var age: UInt64? { last.map { max(clock(), $0.finished) - $0.finished } }
}
