/// Requests of a sliding minute: the counts of this and the previous minute, the previous one weighted with what of it is still inside.
struct RequestWindow: Sendable {
    private static let minute: UInt64 = 60_000
    private var index: UInt32 = 0
    private var current: UInt32 = 0
    private var previous: UInt32 = 0

    /// Counts one request unless that would be more than `limit`.
    /// - Returns: milliseconds until one is allowed again; 0: it was counted.
    mutating func count(at now: UInt64, limit: UInt32) -> UInt64 {
        let minute = UInt32(truncatingIfNeeded: now / Self.minute)
        if minute != index {
            previous = minute == index &+ 1 ? current : 0
            current = 0
            index = minute
        }
        let elapsed = now % Self.minute
        let weighted = UInt64(previous) * (Self.minute - elapsed) + UInt64(current) * Self.minute
        if weighted + Self.minute <= UInt64(limit) * Self.minute {
            current += 1
            return 0
        }
        return wait(elapsed, limit: UInt64(limit))
    }

    /// The moment of this minute, or of the next, in which the weighted count falls below the limit.
    private func wait(_ elapsed: UInt64, limit: UInt64) -> UInt64 {
        guard limit > 0 else { return Self.minute }
        if UInt64(current) < limit, previous > 0 {
            let moment = Self.moment(room: limit - UInt64(current) - 1, of: UInt64(previous))
            return max(moment, elapsed + 1) - elapsed
        }
        return Self.minute - elapsed + Self.moment(room: limit - 1, of: UInt64(max(current, 1)))
    }

    /// How far a minute must have gone until `count` of the one before weigh at most `room`.
    private static func moment(room: UInt64, of count: UInt64) -> UInt64 {
        room >= count ? 0 : minute - room * minute / count
    }
}
