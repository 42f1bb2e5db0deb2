import CofferStore
import CofferUpstream
import Dispatch
import Synchronization

/// What the refreshes of all credentials share, and where they are begun.
final class RefreshEngine: Sendable {
    let context: CredentialContext
    let providers: ProviderService
    let writer: RefreshWriter
    let turns: ProviderTurns
    let registry: RefreshRegistry
    private let counts = Mutex(RefreshCounters())
    private let abandoned = Mutex(false)
    private let running = DispatchGroup()
    /// Of each credential whose refresh failed: until when nothing is begun for it merely because its token is due. Unix milliseconds.
    private let quiet = Mutex<[UInt64: UInt64]>([:])
    private static let quietTime: UInt64 = 30_000

    init(context: CredentialContext, providers: ProviderService) {
        self.context = context
        self.providers = providers
        writer = RefreshWriter(context: context)
        turns = ProviderTurns(options: context.options)
        registry = RefreshRegistry(waiterLimit: context.options.waiterLimit)
    }

    /// Joins the refresh of a credential that runs, or begins one.
    /// - Parameters:
    ///   - deadline: Unix milliseconds; 0: none.
    ///   - waiter: called once, on any thread; must not block.
    func refresh(_ number: UInt64, _ wish: RefreshWish, deadline: UInt64 = 0, _ waiter: RefreshRegistry.Waiter? = nil) {
        guard !context.options.rehearses else {
            waiter?(RefreshEnd(error: .rehearses))
            return
        }
        let now = context.now
        if let waiter, deadline != 0, deadline <= now { return waiter(RefreshEnd(error: .isTooLate)) }
        // The alarm goes with the answer: a thousand that are satisfied leave no thousand alarms.
        let bell = Bell()
        var rings: RefreshRegistry.Waiter?
        if let waiter {
            rings = { end in
                bell.silence()
                waiter(end)
            }
        }
        let id: UInt64
        switch registry.join(number, wish, rings) {
        case .refused(let error):
            waiter?(RefreshEnd(error: error))
            return
        case .joined(let waiter): id = waiter
        case .started(let waiter):
            id = waiter
            run(number)
        }
        guard rings != nil, deadline != 0 else { return }
        let cancel = context.options.alarm.after(deadline - now) { [registry] in
            registry.leave(number, id)?(RefreshEnd(error: .isTooLate))
        }
        bell.set(cancel)
    }

    private func run(_ number: UInt64) {
        running.enter()
        Task.detached { [self] in
            let end = await RefreshRunner(engine: self, number: number).run()
            counts.withLock { if end.error == nil { $0.renewed += end.dialled ? 1 : 0 } else { $0.failed += 1 } }
            note(number, end)
            let (waiters, goesOn) = registry.end(number)
            if goesOn { run(number) } else if end.resumesAt != 0 { resume(number, at: end.resumesAt) }
            for waiter in waiters { waiter(end) }
            running.leave()
        }
    }

    private func note(_ number: UInt64, _ end: RefreshEnd) {
        let until = context.now + Self.quietTime
        quiet.withLock { quiet in
            if end.error == nil { quiet[number] = nil } else { quiet[number] = until }
        }
    }

    /// Whether a refresh may be begun for a token that still lives: none runs, and none failed a moment ago.
    func mayBegin(_ number: UInt64, _ now: UInt64) -> Bool {
        !registry.isRunning(number) && quiet.withLock { ($0[number] ?? 0) <= now }
    }

    /// A lost answer is asked for again before the grace time is over.
    private func resume(_ number: UInt64, at time: UInt64) {
        let now = context.now
        _ = context.options.alarm.after(time > now ? time - now : 1) { [weak self] in
            self?.refresh(number, RefreshWish(kinds: [], need: .rest, principal: RefreshWriter.principal))
        }
    }

    // MARK: The end

    var isAbandoned: Bool { abandoned.withLock { $0 } }

    /// Nothing begins any more; waits for what runs, for so long at most, then gives it up. Blocks.
    func stop(_ milliseconds: UInt64) {
        registry.close()
        _ = running.wait(timeout: .now() + .milliseconds(Int(min(milliseconds, 600_000))))
        abandoned.withLock { $0 = true }
    }

    // MARK: Figures

    func count(dial provider: String, _ verdict: StepVerdict) {
        let word = switch verdict {
        case .ok: "ok"
        case .dead: "dead"
        case .limited: "limited"
        case .needsPerson: "needs-person"
        case .down: "down"
        }
        counts.withLock { $0.dials[.init(provider: provider, verdict: word), default: 0] += 1 }
    }

    func unsaved(_ change: Int) { counts.withLock { $0.unsaved += change } }

    func counters() -> RefreshCounters {
        var counters = counts.withLock { $0 }
        counters.running = registry.running
        counters.queued = turns.waiting
        counters.waiting = registry.waiting
        return counters
    }
}

/// Takes an alarm back, also where that is wanted before the alarm is known.
private final class Bell: Sendable {
    private struct State {
        var cancel: (@Sendable () -> Void)?
        var isSilent = false
    }

    private let state = Mutex(State())

    func set(_ cancel: @escaping @Sendable () -> Void) {
        let isSilent = state.withLock { state in
            if !state.isSilent { state.cancel = cancel }
            return state.isSilent
        }
        if isSilent { cancel() }
    }

    func silence() {
        let cancel = state.withLock { state in
            state.isSilent = true
            defer { state.cancel = nil }
            return state.cancel
        }
        cancel?()
    }
}

extension CredentialError {
    static let isTooLate = CredentialError(.timedOut, "", "not within the deadline; the refresh goes on")
}
