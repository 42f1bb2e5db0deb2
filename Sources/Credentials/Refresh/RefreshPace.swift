/// How long after a failure the next attempt comes.
enum RefreshPace {
    static let shortest: UInt64 = 5_000
    static let longest: UInt64 = 900_000
    /// Where an upstream asks to wait and does not say how long.
    static let limited: UInt64 = 60_000
    /// Between two definite verdicts before the second one counts (decisions 16).
    static let betweenVerdicts: UInt64 = 600_000
    private static let day: UInt64 = 86_400_000

    /// 5 s, doubled with each failure in a row up to 15 min, and up to a quarter longer so that many do not come at once.
    /// - Parameters:
    ///   - failures: 1 or more.
    ///   - jitter: 0 up to 1.
    static func backOff(failures: UInt16, jitter: Double) -> UInt64 {
        let steps = min(Int(failures) - 1, 16)
        let pause = min(shortest << UInt64(max(steps, 0)), longest)
        return min(pause + UInt64(Double(pause) * 0.25 * min(max(jitter, 0), 1)), longest)
    }

    /// Inside a grace time, which must not pass by: 1 s, doubled, at most a quarter of it.
    static func inGrace(failures: UInt16, seconds: UInt32) -> UInt64 {
        let steps = min(Int(failures) - 1, 10)
        return min(1_000 << UInt64(max(steps, 0)), max(UInt64(seconds) * 250, 250))
    }

    static func limited(_ asked: UInt64?) -> UInt64 { min(max(asked ?? limited, 1_000), day) }
}
