import Synchronization

/// Lets calls to each provider through at its pace. Thin: ``ProviderPace`` decides.
final class ProviderTurns: Sendable {
    private struct Entry {
        var pace = ProviderPace()
        var resume: [UInt64: @Sendable () -> Void] = [:]
        var wakesAt: UInt64?
        var concurrency = 1
        var gap: UInt32 = 0
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var lastTicket: UInt64 = 0
    }

    private let options: CredentialOptions
    private let state = Mutex(State())

    init(options: CredentialOptions) { self.options = options }

    var waiting: Int { state.withLock { $0.entries.values.reduce(0) { $0 + $1.pace.waiting } } }

    /// Waits for the turn.
    /// - Returns: a ticket for ``started(_:_:)`` and ``leave(_:_:)``.
    /// - Throws: `busy` where too many wait.
    func enter(_ provider: String, concurrency: Int, gap: UInt32) async throws(CredentialError) -> UInt64 {
        let ticket: UInt64? = await withCheckedContinuation { continuation in
            let entered: UInt64? = state.withLock { state in
                guard state.entries[provider]?.pace.waiting ?? 0 < options.queueLimit else { return nil }
                state.lastTicket += 1
                let ticket = state.lastTicket
                var entry = state.entries[provider] ?? Entry()
                entry.concurrency = concurrency
                entry.gap = gap
                entry.pace.enter(ticket)
                entry.resume[ticket] = { continuation.resume(returning: ticket) }
                state.entries[provider] = entry
                return ticket
            }
            guard entered != nil else { return continuation.resume(returning: nil) }
            go(provider)
        }
        guard let ticket else {
            throw CredentialError(.busy, "provider", "too many calls wait for '\(provider)'", retryAfter: 5_000)
        }
        return ticket
    }

    /// The call goes out now.
    func started(_ provider: String, _ ticket: UInt64) {
        let now = options.clock()
        state.withLock { $0.entries[provider]?.pace.started(ticket, now: now) }
        go(provider)
    }

    func leave(_ provider: String, _ ticket: UInt64) {
        state.withLock { $0.entries[provider]?.pace.leave(ticket) }
        go(provider)
    }

    private func go(_ provider: String) {
        let now = options.clock()
        let (resumed, wake) = state.withLock { state -> ([@Sendable () -> Void], UInt64?) in
            guard var entry = state.entries[provider] else { return ([], nil) }
            let (tickets, lookAt) = entry.pace.next(concurrency: entry.concurrency, gap: entry.gap, now: now)
            let resumed = tickets.compactMap { entry.resume.removeValue(forKey: $0) }
            var wake: UInt64?
            if let lookAt, entry.wakesAt.map({ $0 > lookAt || $0 <= now }) ?? true {
                entry.wakesAt = lookAt
                wake = lookAt
            }
            state.entries[provider] = entry
            return (resumed, wake)
        }
        for resume in resumed { resume() }
        if let wake {
            _ = options.alarm.after(wake > now ? wake - now : 1) { [weak self] in self?.go(provider) }
        }
    }
}
