/// So much at once, and so much more each second. All of its state is the moment at which it is whole again (the "generic cell rate
/// algorithm").
struct Allowance: Sendable {
    struct Rate: Sendable {
        var atOnce: UInt64
        /// From 1.
        var perSecond: UInt64
    }

    /// Microseconds of the clock that callers bring.
    private var whole: UInt64 = 0

    /// - Parameter now: milliseconds of a clock that never goes back.
    /// - Returns: whether it was there; otherwise nothing is taken.
    mutating func take(_ amount: UInt64, _ rate: Rate, now: UInt64) -> Bool {
        let now = now * 1_000
        let after = max(whole, now) + amount * 1_000_000 / rate.perSecond
        guard after - now <= rate.atOnce * 1_000_000 / rate.perSecond else { return false }
        whole = after
        return true
    }

    /// Whether nothing is taken any more: a fresh one is as good.
    func isWhole(_ now: UInt64) -> Bool { whole <= now * 1_000 }
}
