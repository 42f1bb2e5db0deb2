/// Whether the log can be relied upon: a state machine without I/O. Times are milliseconds of a clock that nobody sets: the
/// machine's own may be put forward or back.
struct LogHealth: Equatable, Sendable {
    /// How long callers wait for a log that cannot be written.
    static let grace: UInt64 = 2_000

    /// Since when something is not written; 0: nothing waits.
    private(set) var since: UInt64 = 0
    private(set) var trouble: LogTrouble?

    /// Writing begins: until it has ended nobody knows whether it will.
    mutating func began(_ now: UInt64) {
        if since == 0 { since = max(now, 1) }
    }

    mutating func succeeded() {
        since = 0
        trouble = nil
    }

    mutating func failed(_ now: UInt64, _ trouble: LogTrouble) {
        began(now)
        self.trouble = trouble
    }

    func isDown(_ now: UInt64) -> Bool { Self.isDown(since: since, now) }

    /// The rule itself, for those who know only the one number.
    @inline(__always)
    static func isDown(since: UInt64, _ now: UInt64) -> Bool { since != 0 && now >= since && now - since >= grace }
}
