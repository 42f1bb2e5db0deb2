import Glibc

/// Nanoseconds of the monotonic clock, and durations in them.
enum Clock {
    /// A moment that never comes.
    static let never = UInt64.max

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// `moment` and `wait` later; `never` stays `never`.
    static func after(_ moment: UInt64, _ wait: UInt64) -> UInt64 {
        let (sum, overflow) = moment.addingReportingOverflow(wait)
        return overflow ? never : sum
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for negative durations, at most about 292 years.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(min(seconds, 9_000_000_000)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
