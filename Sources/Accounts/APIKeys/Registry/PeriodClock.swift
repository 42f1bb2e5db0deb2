import Foundation
import Synchronization

/// Day and month in one time zone, as the numbers that budgets count by.
struct Periods: Equatable, Sendable {
    /// 20261121.
    var day: UInt32 = 0
    /// 202611.
    var month: UInt32 = 0
    /// Unix milliseconds, the first moment behind the day.
    var dayEnds: UInt64 = 0
    var monthEnds: UInt64 = 0
}

/// Says which day it is. Computed once a day: in between only `now` is compared.
final class PeriodClock: Sendable {
    private struct Known {
        var from: UInt64 = 1
        var periods = Periods()
    }

    private let calendar: Calendar
    private let known = Mutex(Known())

    /// An unknown zone (the machine has fewer than the one that made the key) counts as UTC.
    init(timeZone: String) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: timeZone) ?? .gmt
        self.calendar = calendar
    }

    func periods(at now: UInt64) -> Periods {
        known.withLock { known in
            if now >= known.from && now < known.periods.dayEnds { return known.periods }
            known = compute(now)
            return known.periods
        }
    }

    private func compute(_ now: UInt64) -> Known {
        let date = Date(timeIntervalSince1970: Double(now) / 1_000)
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        let year = UInt32(clamping: parts.year ?? 0) % 100_000
        let month = UInt32(clamping: parts.month ?? 0)
        let day = UInt32(clamping: parts.day ?? 0)
        let dayEnd = calendar.dateInterval(of: .day, for: date)
        let monthEnd = calendar.dateInterval(of: .month, for: date)
        return Known(
            from: Self.milliseconds(dayEnd?.start, or: now),
            periods: Periods(
                day: year * 10_000 + month * 100 + day, month: year * 100 + month,
                dayEnds: Self.milliseconds(dayEnd?.end, or: now + 1), monthEnds: Self.milliseconds(monthEnd?.end, or: now + 1)))
    }

    private static func milliseconds(_ date: Date?, or fallback: UInt64) -> UInt64 {
        guard let date, date.timeIntervalSince1970 >= 0, date.timeIntervalSince1970 < 1e15 else { return fallback }
        return UInt64((date.timeIntervalSince1970 * 1_000).rounded())
    }
}
