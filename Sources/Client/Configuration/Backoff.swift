/// Waits between attempts: they double up to a maximum, and each is drawn from its upper half, so that many clients
/// of a restarted daemon do not come back at once.
struct Backoff {
    private let initial: UInt64
    private let maximum: UInt64
    private var current: UInt64

    /// Nanoseconds; `initial` at least 1 ms, `maximum` at least `initial`.
    init(initial: UInt64, maximum: UInt64) {
        self.initial = max(1_000_000, initial)
        self.maximum = max(self.initial, maximum)
        current = self.initial
    }

    /// The next wait in nanoseconds.
    mutating func next(using generator: inout some RandomNumberGenerator) -> UInt64 {
        defer { current = current > maximum / 2 ? maximum : current * 2 }
        return UInt64.random(in: (current / 2)...current, using: &generator)
    }

    mutating func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    /// After a connection that worked: the next wait is the initial one again.
    mutating func reset() { current = initial }
}
