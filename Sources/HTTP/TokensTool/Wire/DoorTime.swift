import Foundation

/// Times as this API shows them: `yyyy-MM-dd HH:mm:ss` in one time zone.
struct DoorTime: Sendable {
    private let calendar: Calendar

    /// An unknown zone counts as UTC; the configuration refuses one before.
    init(zone: String) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
        self.calendar = calendar
    }

    static func isZone(_ name: String) -> Bool { TimeZone(identifier: name) != nil }

    /// - Parameter time: Unix milliseconds; 0 gives "".
    func text(_ time: UInt64) -> String {
        guard time != 0 else { return "" }
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date(time))
        return Self.padded(parts.year, 4) + "-" + Self.padded(parts.month, 2) + "-" + Self.padded(parts.day, 2) + " "
            + Self.padded(parts.hour, 2) + ":" + Self.padded(parts.minute, 2) + ":" + Self.padded(parts.second, 2)
    }

    /// The first moment of the day, Unix milliseconds.
    func midnight(_ time: UInt64) -> UInt64 { Self.milliseconds(calendar.startOfDay(for: date(time))) }

    private func date(_ time: UInt64) -> Date { Date(timeIntervalSince1970: Double(min(time, 253_402_300_799_000)) / 1_000) }

    private static func milliseconds(_ date: Date) -> UInt64 { UInt64(max(0, date.timeIntervalSince1970 * 1_000).rounded()) }

    private static func padded(_ number: Int?, _ width: Int) -> String {
        let text = String(number ?? 0)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
