import Glibc

/// A moment in the zone of this machine, as Go writes it (RFC 3339).
struct MachineTime: Sendable {
    private let milliseconds: UInt64
    private let year, month, date, hour, minute, second: Int
    /// Minutes east of Greenwich.
    private let offsetMinutes: Int

    /// - Parameter time: Unix milliseconds.
    init(_ time: UInt64) {
        milliseconds = time % 1_000
        var seconds = time_t(clamping: time / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        year = Int(parts.tm_year) + 1_900
        month = Int(parts.tm_mon) + 1
        date = Int(parts.tm_mday)
        hour = Int(parts.tm_hour)
        minute = Int(parts.tm_min)
        second = Int(parts.tm_sec)
        offsetMinutes = Int(parts.tm_gmtoff) / 60
    }

    /// `2025-12-01T22:56:30.123+08:00`: as many digits of the second's fraction as it has, `Z` where there is no offset.
    var rfc3339: String {
        let fraction = milliseconds == 0 ? "" : "." + Self.digits(Int(milliseconds), 3).trimmingZeros
        return "\(day)T\(Self.digits(hour, 2)):\(Self.digits(minute, 2)):\(Self.digits(second, 2))\(fraction)\(offset)"
    }

    /// `2025-12-01`.
    var day: String { "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(date, 2))" }

    private var offset: String {
        if offsetMinutes == 0 { return "Z" }
        let size = abs(offsetMinutes)
        return (offsetMinutes < 0 ? "-" : "+") + Self.digits(size / 60, 2) + ":" + Self.digits(size % 60, 2)
    }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.count, 0)) + text
    }
}

extension String {
    fileprivate var trimmingZeros: String {
        var text = self
        while text.last == "0" { text.removeLast() }
        return text
    }
}
