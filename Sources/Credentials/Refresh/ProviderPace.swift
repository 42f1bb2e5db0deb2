/// Whose turn it is at one provider: so many calls at once, starts so far apart, in the order in which they came (docs/providers.md).
/// A value; the clock is given.
struct ProviderPace: Sendable {
    /// Waiting tickets, the first is next.
    private var queue: ArraySlice<UInt64> = []
    private(set) var running = 0
    /// Let go, and not yet said to have begun: with a gap nobody else goes before that is known.
    private var starting: Set<UInt64> = []
    private var lastStart: UInt64?

    var waiting: Int { queue.count }
    var isIdle: Bool { queue.isEmpty && running == 0 }

    mutating func enter(_ ticket: UInt64) { queue.append(ticket) }

    /// Who may go now, and when to look again where only the gap keeps somebody.
    mutating func next(concurrency: Int, gap: UInt32, now: UInt64) -> (tickets: [UInt64], lookAt: UInt64?) {
        var tickets: [UInt64] = []
        while let first = queue.first, running < max(concurrency, 1) {
            if gap > 0 {
                guard starting.isEmpty else { break }
                if let lastStart, now >= lastStart, now - lastStart < UInt64(gap) { return (tickets, lastStart + UInt64(gap)) }
            }
            queue.removeFirst()
            running += 1
            starting.insert(first)
            tickets.append(first)
        }
        if queue.isEmpty { queue = [] }
        return (tickets, nil)
    }

    mutating func started(_ ticket: UInt64, now: UInt64) {
        guard starting.remove(ticket) != nil else { return }
        lastStart = now
    }

    /// It ended, whether or not it had begun.
    mutating func leave(_ ticket: UInt64) {
        starting.remove(ticket)
        running = max(running - 1, 0)
    }
}
