import Synchronization

/// The refreshes that run: one at most of each credential, with those who wait for it.
final class RefreshRegistry: Sendable {
    typealias Waiter = @Sendable (RefreshEnd) -> Void

    private struct Entry {
        var wish: RefreshWish
        /// What is dialled was settled: who wants more comes behind.
        var isPlanned = false
        var waiters: [UInt64: Waiter] = [:]
        var behind: RefreshWish?
        var behindWaiters: [UInt64: Waiter] = [:]
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var lastWaiter: UInt64 = 0
        var waiting = 0
        var isOpen = true
    }

    private let state = Mutex(State())
    private let waiterLimit: Int

    init(waiterLimit: Int) { self.waiterLimit = waiterLimit }

    enum Joined: Sendable {
        /// The caller must run it.
        case started(waiter: UInt64)
        case joined(waiter: UInt64)
        case refused(CredentialError)
    }

    /// Joins the refresh that runs, or begins one.
    /// - Parameter waiter: `nil`: nobody waits.
    func join(_ number: UInt64, _ wish: RefreshWish, _ waiter: Waiter?) -> Joined {
        state.withLock { state in
            guard state.isOpen else { return .refused(Self.stopping) }
            guard waiter == nil || state.waiting < waiterLimit else {
                return .refused(CredentialError(.busy, "", "too many wait for tokens", retryAfter: 1_000))
            }
            state.lastWaiter += 1
            let id = state.lastWaiter
            if waiter != nil { state.waiting += 1 }
            guard var entry = state.entries[number] else {
                state.entries[number] = Entry(wish: wish, waiters: waiter.map { [id: $0] } ?? [:])
                return .started(waiter: id)
            }
            if !entry.isPlanned || entry.wish.covers(wish) {
                if !entry.isPlanned { entry.wish.merge(wish) }
                if let waiter { entry.waiters[id] = waiter }
            } else if let waiter {
                if entry.behind == nil { entry.behind = wish } else { entry.behind?.merge(wish) }
                entry.behindWaiters[id] = waiter
            }
            state.entries[number] = entry
            return .joined(waiter: id)
        }
    }

    /// What is wanted, all that joined so far taken together. Who joins from now on gets what comes of it, or waits for the next one.
    func plan(_ number: UInt64) -> RefreshWish? {
        state.withLock { state in
            state.entries[number]?.isPlanned = true
            return state.entries[number]?.wish
        }
    }

    /// It is over.
    /// - Returns: who is to be told, and whether the caller must run what was wanted behind it.
    func end(_ number: UInt64) -> (waiters: [Waiter], goesOn: Bool) {
        state.withLock { state in
            guard let entry = state.entries[number] else { return ([], false) }
            state.waiting -= entry.waiters.count
            if let behind = entry.behind, !entry.behindWaiters.isEmpty, state.isOpen {
                state.entries[number] = Entry(wish: behind, waiters: entry.behindWaiters)
                return (Array(entry.waiters.values), true)
            }
            state.waiting -= entry.behindWaiters.count
            state.entries[number] = nil
            return (Array(entry.waiters.values) + Array(entry.behindWaiters.values), false)
        }
    }

    /// Waits no longer; the refresh goes on.
    /// - Returns: the waiter, unless it has been told already.
    func leave(_ number: UInt64, _ waiter: UInt64) -> Waiter? {
        state.withLock { state in
            guard var entry = state.entries[number] else { return nil }
            let found = entry.waiters.removeValue(forKey: waiter) ?? entry.behindWaiters.removeValue(forKey: waiter)
            guard let found else { return nil }
            state.waiting -= 1
            state.entries[number] = entry
            return found
        }
    }

    /// Nothing begins any more.
    func close() { state.withLock { $0.isOpen = false } }
    var isOpen: Bool { state.withLock { $0.isOpen } }

    func isRunning(_ number: UInt64) -> Bool { state.withLock { $0.entries[number] != nil } }
    var running: Int { state.withLock { $0.entries.count } }
    var waiting: Int { state.withLock { $0.waiting } }

    static let stopping = CredentialError(.busy, "", "the daemon is stopping", retryAfter: 5_000)
}
