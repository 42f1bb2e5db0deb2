import Glibc

/// Moments in Unix milliseconds, and spans of time, as people write them.
enum Moment {
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000 + UInt64(time.tv_nsec / 1_000_000)
    }

    /// RFC 3339 in UTC, with milliseconds where there are some.
    static func text(_ milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1_000
        let (year, month, day) = date(day: Int64(clamping: seconds / 86_400))
        let clock = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        let fraction = milliseconds % 1_000 == 0 ? "" : "." + padded(milliseconds % 1_000, 3)
        return "\(padded(UInt64(clamping: year), 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock)\(fraction)Z"
    }

    /// For tables: `-` for none.
    static func cell(_ milliseconds: UInt64) -> String { milliseconds == 0 ? "-" : text(milliseconds / 1_000 * 1_000) }

    /// `2027-01-31T12:00:00Z`, with an offset or a fraction too; `nil` for anything else.
    static func parse(_ text: String) -> UInt64? {
        var parts = Digits(text)
        guard let year = parts.take(4), parts.take("-"), let month = parts.take(2), parts.take("-"), let day = parts.take(2),
            parts.take("T") || parts.take("t") || parts.take(" "),
            let hour = parts.take(2), parts.take(":"), let minute = parts.take(2), parts.take(":"), let second = parts.take(2),
            (1...12).contains(month), day >= 1, day <= days(in: month, year), hour < 24, minute < 60, second <= 60
        else { return nil }
        var milliseconds: Int64 = 0
        if parts.take(".") {
            guard let fraction = parts.takeFraction() else { return nil }
            milliseconds = fraction
        }
        var offset: Int64 = 0
        if !parts.take("Z") && !parts.take("z") {
            let sign: Int64 = parts.take("+") ? 1 : -1
            if sign < 0 && !parts.take("-") { return nil }
            guard let hours = parts.take(2), parts.take(":"), let minutes = parts.take(2), hours < 24, minutes < 60 else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard parts.isAtEnd else { return nil }
        let minutes = (dayNumber(year, month, day) * 24 + hour) * 60 + minute - offset
        let result = (minutes * 60 + second) * 1_000 + milliseconds
        return result > 0 ? UInt64(result) : nil
    }

    /// `30d`, `12h`, `1d12h`, `90s`, …: milliseconds.
    static func span(_ text: String) -> UInt64? {
        let units: [Character: UInt64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        var total: UInt64 = 0
        var number: UInt64?
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                let (shifted, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
                let (sum, overflowToo) = shifted.addingReportingOverflow(UInt64(digit))
                guard !overflow, !overflowToo else { return nil }
                number = sum
            } else {
                guard let unit = units[character], let count = number else { return nil }
                let (product, overflow) = count.multipliedReportingOverflow(by: unit)
                let (sum, overflowToo) = total.addingReportingOverflow(product)
                guard !overflow, !overflowToo else { return nil }
                total = sum
                number = nil
            }
        }
        return number == nil && !text.isEmpty ? total : nil
    }

    /// A moment as `--expires` takes it, an absolute one or a span from now; `nil` for anything else.
    static func future(_ text: String) -> UInt64? {
        if let moment = parse(text) { return moment }
        guard let span = span(text), span > 0 else { return nil }
        let (sum, overflow) = now().addingReportingOverflow(span)
        return overflow ? nil : sum
    }

    /// A span as tables show it: in the largest unit that is exact.
    static func spanText(_ milliseconds: UInt64) -> String {
        if milliseconds == 0 { return "never" }
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] as [(String, UInt64)]
        where milliseconds % size == 0 { return "\(milliseconds / size)\(unit)" }
        return "\(milliseconds) ms"
    }

    // MARK: The calendar, counted in years that begin in March

    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let years = month <= 2 ? year - 1 : year
        let era = years / 400
        let yearOfEra = years - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(day: Int64) -> (year: Int64, month: UInt64, day: UInt64) {
        let days = day + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), UInt64(month), UInt64(dayOfYear - (153 * shifted + 2) / 5 + 1))
    }

    private static func days(in month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Takes digits and signs off the front of a text.
    private struct Digits {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = Substring(text).utf8 }
        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ sign: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == sign.value else { return false }
            rest.removeFirst()
            return true
        }

        mutating func take(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        /// What stands behind the point, in milliseconds.
        mutating func takeFraction() -> Int64? {
            guard var value = digit().map({ $0 * 100 }) else { return nil }
            for weight in [10, 1] as [Int64] { value += (digit() ?? 0) * weight }
            while digit() != nil {}
            return value
        }

        private mutating func digit() -> Int64? {
            guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
            rest.removeFirst()
            return Int64(byte - 0x30)
        }
    }
}
