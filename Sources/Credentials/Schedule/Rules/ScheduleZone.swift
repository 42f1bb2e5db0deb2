import CofferStore
import Foundation

/// A named time zone, as the arithmetic of schedules needs it: days are counted, so that months and leap days need no rule.
public struct ScheduleZone: Sendable {
    private let zone: TimeZone

    /// The machine's own, by its name. Where nothing is set up, as in many containers, it is called GMT.
    public static var local: String { TimeZone.current.identifier == "GMT" ? "UTC" : TimeZone.current.identifier }

    /// - Throws: `invalidArgument` with `time_zone` where the machine does not know the zone. `+02:00` is none: it knows no summer time.
    public init(_ name: String) throws(CredentialError) {
        let isNamed = name == "UTC" || name.contains("/")
        guard (1...64).contains(name.utf8.count), isNamed, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !name.contains(".."),
            let zone = TimeZone(identifier: name)
        else {
            throw CredentialError(
                .invalidArgument, "time_zone", "the time zone '\(Name.printable(name.utf8.prefix(64)))' is not known on this machine; it must be UTC or a name such as Europe/Berlin")
        }
        self.zone = zone
    }

    /// Days since 1970-01-01 of the date on the wall.
    /// - Parameter seconds: Unix seconds.
    func day(of seconds: Int64) -> Int64 { Self.floorDivide(seconds + offset(seconds), 86_400) }

    /// When the clocks on the wall show `time` on this day, in Unix seconds. A time that comes twice: the first. One that is left out:
    /// the moment at which the clocks went forward.
    func moment(day: Int64, _ time: TimeOfDay) -> Int64 {
        let wall = day * 86_400 + time.seconds
        // No zone changes twice within these 54 hours, and none is further from UTC than 15.
        let before = offset(wall - 27 * 3_600)
        let after = offset(wall + 27 * 3_600)
        let candidates = [wall - before, wall - after].filter { $0 + offset($0) == wall }
        if let first = candidates.min() { return first }
        // In the gap: offset `before` up to some moment between these two, `after` from it on.
        var low = wall - max(before, after)
        var high = wall - min(before, after)
        while low < high {
            let middle = low + (high - low) / 2
            if offset(middle) == after { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func offset(_ seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
