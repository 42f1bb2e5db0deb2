import Glibc

/// Lets a scrub take a part of one processor's time, in short pieces, so that whoever reads meanwhile does not notice.
struct ScrubPace {
    /// Percent of the time; 100: never pauses.
    private let share: Int
    private var began = Clock.monotonic
    private var records = 0

    private static let recordsPerLook = 16
    /// Milliseconds of work in a row.
    private static let piece = 3
    private static let longestPause = 300

    init(share: Int) { self.share = min(max(share, 1), 100) }

    /// Between two records.
    mutating func rest() {
        guard share < 100 else { return }
        records += 1
        guard records >= Self.recordsPerLook else { return }
        records = 0
        let worked = Clock.monotonic - began
        guard worked >= Self.piece else { return }
        usleep(UInt32(min(worked * (100 - share) / share, Self.longestPause)) * 1_000)
        began = Clock.monotonic
    }
}
