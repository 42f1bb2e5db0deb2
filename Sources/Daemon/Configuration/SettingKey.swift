import CofferWire

/// The settings of the daemon, by the name that they have in the file. In the environment the same name is upper case behind `COFFER_`;
/// docs/configuration.md describes each.
enum SettingKey: String, CaseIterable {
    case store
    case socket
    case socketMode = "socket_mode"
    case keyFile = "key_file"
    case loops
    case quota
    case mapSize = "map_size"
    case indexSize = "index_size"
    case logRevisions = "log_revisions"
    case keepGenerations = "keep_generations"
    case connectionsPerUID = "connections_per_uid"
    case logLevel = "log_level"

    var environmentName: String { "COFFER_" + rawValue.uppercased() }
    var flag: String { "--" + rawValue.split(separator: "_").joined(separator: "-") }

    /// What is wrong with a value; `nil`: nothing.
    func objection(to text: String) -> String? {
        switch self {
        case .store, .socket, .keyFile: text.hasPrefix("/") ? nil : "must be a path that begins with '/'"
        case .socketMode: SettingValue.mode(text) == nil ? "must be an octal mode such as 0660, without execute bits" : nil
        case .loops: SettingValue.number(text, 1...64) == nil ? "must be a number from 1 to 64" : nil
        case .quota: SettingValue.size(text, 0...(1 << 50)) == nil ? "must be a size such as 10GiB, or 0 for none" : nil
        case .mapSize: SettingValue.size(text, (1 << 20)...(1 << 46)) == nil ? "must be a size from 1MiB to 64TiB" : nil
        case .indexSize: SettingValue.size(text, 0...(1 << 40)) == nil ? "must be a size such as 320MiB, or 0 for no index" : nil
        case .logRevisions: SettingValue.number(text, 1...10_000_000) == nil ? "must be a number from 1 to 10000000" : nil
        case .keepGenerations: SettingValue.number(text, 0...100) == nil ? "must be a number from 0 to 100" : nil
        case .connectionsPerUID: SettingValue.number(text, 1...100_000) == nil ? "must be a number from 1 to 100000" : nil
        case .logLevel:
            SettingValue.logLevels.contains(text) ? nil : "must be one of \(SettingValue.logLevels.joined(separator: ", "))"
        }
    }
}

/// Reads the texts of settings.
enum SettingValue {
    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    static func number(_ text: String, _ range: ClosedRange<Int>) -> Int? {
        guard let number = Int(text), range.contains(number) else { return nil }
        return number
    }

    /// `0660`, `660`, `0o660`: permission bits for reading and writing.
    static func mode(_ text: String) -> UInt32? {
        let digits = text.hasPrefix("0o") ? String(text.dropFirst(2)) : text
        guard (3...4).contains(digits.count), let mode = UInt32(digits, radix: 8), mode & ~0o666 == 0 else { return nil }
        return mode
    }

    private static let units: [(String, Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1), ("", 1),
    ]

    private static let spans: [(String, Int)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]

    /// Milliseconds: a number with `ms`, `s`, `m`, `h` or `d` behind it.
    static func span(_ text: String, _ range: ClosedRange<Int>) -> Int? {
        for (unit, factor) in spans where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(unit.count)), number >= 0 else { continue }
            let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
            return !overflow && range.contains(milliseconds) ? milliseconds : nil
        }
        return nil
    }

    /// Bytes: a number, with `KiB`, `MiB`, `GiB` or `TiB` behind it.
    static func size(_ text: String, _ range: ClosedRange<Int>) -> Int? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            let digits = text.dropLast(unit.count)
            guard let number = Int(digits), number >= 0 else { return nil }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            return !overflow && range.contains(bytes) ? bytes : nil
        }
        return nil
    }
}
