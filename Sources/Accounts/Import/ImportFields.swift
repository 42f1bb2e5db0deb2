import CofferStore

/// The values of one row of an import, each asked for once: what nobody asked for is refused in the end.
///
/// What is thrown names the field, never its value: somebody may have put a secret into the wrong one.
struct ImportFields {
    /// Unix milliseconds to the end of the year 9999.
    private static let moments: ClosedRange<Int64> = 0...253_402_300_799_999
    /// Numbers of other systems end here: what counts on behind them must never come to its end, and JSON keeps them.
    static let identifiers: ClosedRange<Int64> = 0...9_007_199_254_740_991

    private var fields: [String: String]
    private var secrets: [String: SecretBuffer]

    init(_ row: ImportRow) {
        fields = row.fields
        secrets = row.secrets
    }

    mutating func text(_ name: String) -> String? { fields.removeValue(forKey: name) }

    mutating func needed(_ name: String) throws(AccountError) -> String {
        guard let text = text(name) else { throw AccountError(.invalidArgument, name, "it is missing") }
        return text
    }

    mutating func name() throws(AccountError) -> DocumentName { try DocumentName.checked(try needed("name")) }

    mutating func label(_ name: String) throws(AccountError) -> Label {
        guard let text = text(name) else { return .empty }
        do throws(AccountError) { return try Label(text) } catch { throw AccountError(error.code, name, error.message) }
    }

    mutating func bool(_ name: String) throws(AccountError) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw AccountError(.invalidArgument, name, "it is neither true nor false")
        }
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int64>) throws(AccountError) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let number = Int64(text), String(number) == text else { throw AccountError(.invalidArgument, name, "it is no whole number") }
        guard range.contains(number) else {
            throw AccountError(.invalidArgument, name, "it must lie between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// Unix milliseconds; `nil`: there is none.
    mutating func moment(_ name: String) throws(AccountError) -> UInt64? {
        guard fields[name] != "never" else {
            _ = text(name)
            return nil
        }
        return try number(name, Self.moments).map { UInt64($0) }
    }

    /// Unix seconds, or `never`, which is -1.
    mutating func expiry(_ name: String) throws(AccountError) -> Int64? {
        guard fields[name] != "never" else {
            _ = text(name)
            return -1
        }
        return try number(name, 1...Self.moments.upperBound / 1_000)
    }

    /// One of a few words.
    mutating func word<Value>(_ name: String, _ find: (String) -> Value?) throws(AccountError) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = find(text) else { throw AccountError(.invalidArgument, name, "it is none of the words that are known") }
        return value
    }

    /// A list, one item a line.
    mutating func lines(_ name: String) -> [String]? {
        text(name).map { text in text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) } }
    }

    /// An empty one is none.
    mutating func secret(_ name: String) -> SecretBuffer? {
        secrets.removeValue(forKey: name).flatMap { $0.count == 0 ? nil : $0 }
    }

    /// - Throws: `invalidArgument` for what nobody asked for.
    func finish() throws(AccountError) {
        guard let name = fields.keys.min() ?? secrets.keys.min() else { return }
        throw AccountError(.invalidArgument, CofferNames.printable(name), "there is no such field, or not together with the others")
    }
}
