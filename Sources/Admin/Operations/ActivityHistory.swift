import CofferStore
import Synchronization

/// What the daemon has done since it was started.
public struct ActivityTotals: Sendable {
    /// On the socket and at all HTTP doors.
    public var requests: UInt64 = 0
    public var refused: UInt64 = 0
    /// Tokens that were renewed, and attempts in vain.
    public var refreshed: UInt64 = 0
    public var failed: UInt64 = 0

    public init(requests: UInt64 = 0, refused: UInt64 = 0, refreshed: UInt64 = 0, failed: UInt64 = 0) {
        self.requests = requests
        self.refused = refused
        self.refreshed = refreshed
        self.failed = failed
    }
}

public protocol ActivitySource: Sendable {
    func totals() async -> ActivityTotals
}

/// What happened in the last day, in steps of five minutes, out of the daemon's own counters: for plots. Lost with the daemon.
final class ActivityHistory: Sendable {
    /// One step.
    struct Step: Sendable {
        /// Its beginning, Unix milliseconds.
        var time: UInt64
        var requests: UInt64 = 0
        /// Requests that were answered 4xx or 5xx.
        var refused: UInt64 = 0
        var refreshed: UInt64 = 0
        var failed: UInt64 = 0
    }

    private struct State {
        var steps: [Step] = []
        var last: ActivityTotals?
    }

    static let stepMilliseconds: UInt64 = 5 * 60_000
    private static let most = 288
    private static let sampling = Duration.seconds(15)
    private let source: any ActivitySource
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(source: any ActivitySource) { self.source = source }

    deinit { task.withLock { $0?.cancel() } }

    /// Begins at the first request: a daemon whose page nobody opens samples nothing.
    func start() {
        task.withLock { task in
            guard task == nil else { return }
            task = Task { [weak self] in
                while !Task.isCancelled, let history = self {
                    await history.sample()
                    try? await Task.sleep(for: Self.sampling)
                }
            }
        }
    }

    var steps: [Step] { state.withLock { $0.steps } }

    func sample() async { take(await source.totals(), at: Store.systemClock()) }

    private func take(_ totals: ActivityTotals, at now: UInt64) {
        state.withLock { state in
            defer { state.last = totals }
            let time = now / Self.stepMilliseconds * Self.stepMilliseconds
            if state.steps.last?.time != time {
                state.steps.append(Step(time: time))
                if state.steps.count > Self.most { state.steps.removeFirst() }
            }
            guard let last = state.last else { return }
            let index = state.steps.count - 1
            // A counter that was set back counts from nothing.
            func more(_ now: UInt64, _ then: UInt64) -> UInt64 { now >= then ? now - then : now }
            state.steps[index].requests += more(totals.requests, last.requests)
            state.steps[index].refused += more(totals.refused, last.refused)
            state.steps[index].refreshed += more(totals.refreshed, last.refreshed)
            state.steps[index].failed += more(totals.failed, last.failed)
        }
    }
}
