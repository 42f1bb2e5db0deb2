import CofferStore

extension ScheduleRule: CustomStringConvertible {
    /// As ``init(_:)-(String)`` reads it.
    public var description: String {
        switch self {
        case .daily(let time): "daily at \(time)"
        case .everyDays(let days, let time): "every \(days) \(days == 1 ? "day" : "days") at \(time)"
        case .everyMinutes(let minutes) where minutes % 60 == 0: minutes == 60 ? "every hour" : "every \(minutes / 60) hours"
        case .everyMinutes(let minutes): minutes == 1 ? "every minute" : "every \(minutes) minutes"
        }
    }

    /// `daily at 02:00`, `every 3 days at 01:00`, `every 3 days` (at 01:00), `every 30 minutes`, `every 6 hours`, `every hour`.
    /// - Throws: `invalidArgument` with `days`, `minutes`, `hours` or `time` where a number is out of its range, else with `rule`.
    public init(_ text: String) throws(CredentialError) {
        let words = text.prefix(100).split(separator: " ").map { $0.lowercased() }
        let refusal = CredentialError(
            .invalidArgument, "rule",
            "the rule must be 'daily at HH:MM', 'every N days at HH:MM', 'every N hours' or 'every N minutes', not '\(Self.shown(text))'")
        guard text.utf8.count <= 100, let first = words.first else { throw refusal }
        var rest = words.dropFirst()
        if first == "daily" {
            self = .daily(at: try Self.time(rest, refusal))
            return
        }
        guard first == "every" else { throw refusal }
        var number = "1"
        if let word = rest.first, let byte = word.utf8.first, "0123456789+-".utf8.contains(byte) {
            number = word
            rest = rest.dropFirst()
        }
        guard let unit = rest.popFirst() else { throw refusal }
        switch unit {
        case "day", "days":
            let days = try Self.number(number, 1...366, "days")
            self = .everyDays(days, at: rest.isEmpty ? .one : try Self.time(rest, refusal))
        case "hour", "hours":
            guard rest.isEmpty else { throw refusal }
            self = .everyMinutes(try Self.number(number, 1...8_784, "hours") * 60)
        case "minute", "minutes":
            guard rest.isEmpty else { throw refusal }
            self = .everyMinutes(try Self.number(number, 1...527_040, "minutes"))
        default: throw refusal
        }
    }

    private static func time(_ words: ArraySlice<String>, _ refusal: CredentialError) throws(CredentialError) -> TimeOfDay {
        guard words.count == 2, words.first == "at", let text = words.last else { throw refusal }
        return try TimeOfDay(text)
    }

    private static func number(_ text: String, _ range: ClosedRange<UInt32>, _ field: String) throws(CredentialError) -> UInt32 {
        guard let number = UInt32(text), range.contains(number) else {
            throw CredentialError(
                .invalidArgument, field, "the \(field) must be \(range.lowerBound) to \(range.upperBound), not '\(shown(text))'")
        }
        return number
    }

    private static func shown(_ text: String) -> String { Name.printable(text.utf8.prefix(40)) }
}
