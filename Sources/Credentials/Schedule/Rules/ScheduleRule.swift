/// When a schedule runs. Without I/O: the same last run gives the same next one.
public enum ScheduleRule: Equatable, Sendable {
    /// Each day at this time.
    case daily(at: TimeOfDay)
    /// 1 to 366 days after the day of the last run, at this time (decisions 15).
    case everyDays(UInt32, at: TimeOfDay)
    /// 1 to 527,040 minutes (366 days) after the last run.
    case everyMinutes(UInt32)

    /// The first moment behind `last` at which it is time.
    ///
    /// A time that the zone leaves out (clocks go forward) counts as the moment at which the clocks have gone forward; one that comes
    /// twice is its first.
    /// - Parameters:
    ///   - last: the last run, or when the schedule was made; Unix milliseconds.
    public func next(after last: UInt64, zone: ScheduleZone) -> UInt64 {
        let seconds = Int64(clamping: last / 1_000)
        switch self {
        case .everyMinutes(let minutes):
            return last.addingReportingOverflow(UInt64(max(minutes, 1)) * 60_000).partialValue
        case .daily(let time):
            let day = zone.day(of: seconds)
            // Today's may be over, and where a zone skips a day tomorrow's is the same moment as today's.
            for ahead in Int64(0)...3 {
                let moment = zone.moment(day: day + ahead, time)
                if moment > seconds { return UInt64(clamping: moment) * 1_000 }
            }
            return last + 86_400_000
        case .everyDays(let days, let time):
            let day = zone.day(of: seconds) + Int64(max(days, 1))
            return UInt64(clamping: max(zone.moment(day: day, time), seconds + 1)) * 1_000
        }
    }

    /// - Throws: `invalidArgument` with `days` or `minutes`.
    func check() throws(CredentialError) {
        switch self {
        case .daily: break
        case .everyDays(let days, _):
            guard (1...366).contains(days) else { throw CredentialError(.invalidArgument, "days", "the days must be 1 to 366") }
        case .everyMinutes(let minutes):
            guard (1...527_040).contains(minutes) else {
                throw CredentialError(.invalidArgument, "minutes", "the minutes must be 1 to 527,040 (366 days)")
            }
        }
    }
}

/// Hours and minutes of a clock on the wall.
public struct TimeOfDay: Equatable, Sendable, CustomStringConvertible {
    public let hour: UInt8
    public let minute: UInt8

    /// When nothing else is said (decisions 15).
    public static let one = TimeOfDay(unchecked: 1, 0)

    private init(unchecked hour: UInt8, _ minute: UInt8) {
        self.hour = hour
        self.minute = minute
    }

    /// - Throws: `invalidArgument` with `time` outside 00:00 to 23:59.
    public init(hour: Int, minute: Int) throws(CredentialError) {
        guard (0...23).contains(hour), (0...59).contains(minute) else { throw Self.refusal }
        self.init(unchecked: UInt8(hour), UInt8(minute))
    }

    /// `HH:MM`, both of two digits.
    public init(_ text: String) throws(CredentialError) {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), [0, 1, 3, 4].allSatisfy({ (0x30...0x39).contains(bytes[$0]) }) else {
            throw Self.refusal
        }
        try self.init(hour: Int(bytes[0] - 0x30) * 10 + Int(bytes[1] - 0x30), minute: Int(bytes[3] - 0x30) * 10 + Int(bytes[4] - 0x30))
    }

    private static let refusal = CredentialError(.invalidArgument, "time", "the time must be 00:00 to 23:59, written HH:MM")

    /// Seconds since the day's midnight on the wall.
    var seconds: Int64 { Int64(hour) * 3_600 + Int64(minute) * 60 }

    public var description: String {
        func two(_ value: UInt8) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(hour)):\(two(minute))"
    }
}
