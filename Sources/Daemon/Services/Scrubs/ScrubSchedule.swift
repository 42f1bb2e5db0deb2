/// When the daemon begins a scrub by itself. All times are Unix milliseconds.
struct ScrubSchedule: Equatable, Sendable {
    /// Milliseconds between two; 0: none.
    var interval: UInt64

    /// A store that was never looked at waits so long after the start, which has enough to do.
    private static let firstWait: UInt64 = 600_000
    /// Behind one that did not come to its end.
    private static let retry: UInt64 = 3_600_000

    /// - Parameters:
    ///   - last: the last whole one; `nil`: none.
    ///   - attempt: the last one that did not come to its end; 0: none.
    func isDue(now: UInt64, started: UInt64, last: UInt64?, attempt: UInt64) -> Bool {
        guard interval > 0 else { return false }
        if attempt != 0, now >= attempt, now - attempt < min(Self.retry, interval) { return false }
        guard let last else { return now >= started && now - started >= min(Self.firstWait, interval) }
        // A clock that was put back must not put it off for ever.
        return now < last || now - last >= interval
    }

    /// Twice as long as it should have been: something keeps it from coming to its end.
    func isOverdue(now: UInt64, started: UInt64, last: UInt64?) -> Bool {
        let since = max(last ?? 0, started)
        return interval > 0 && now > since && now - since > 2 * interval
    }
}
