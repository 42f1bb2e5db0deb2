/// One row, and the checks that its values go through. What they throw names the column, never its value, which may be a secret.
struct LegacyRecord {
    let shape: TableShape
    let values: [LegacyValue]
    /// From 1, in the order of the table.
    let number: Int
    let idColumn: String?

    /// `tokens row 12 (id 7)`.
    var origin: String {
        let place = "\(shape.name) row \(number)"
        guard let idColumn, case .some(let id) = try? text(idColumn, limit: 40), !id.isEmpty else { return place }
        let origin = "\(place) (id \(FormatError.short(id)))"
        // Hidden characters become longer ones.
        return origin.utf8.count <= 128 ? origin : place
    }

    /// Whether the column has a value that is neither null nor an empty text.
    func has(_ column: String) -> Bool {
        switch self[column] {
        case .absent, .null: false
        case .text(let bytes): !bytes.isEmpty
        default: true
        }
    }

    /// The bytes of a text; `nil` where there is none.
    func bytes(_ column: String, limit: Int = LegacyValue.maximumLength) throws(RowProblem) -> [UInt8]? {
        let bytes: [UInt8]
        switch self[column] {
        case .absent, .null: return nil
        case .text(let text): bytes = text
        case .integer(let number): bytes = Array(String(number).utf8)
        case .tooLong(let count): throw Self.tooLong(column, count, limit)
        case .bool, .real, .list, .other: throw .refused("\(column) is not a text")
        }
        guard bytes.count <= limit else { throw Self.tooLong(column, bytes.count, limit) }
        return bytes
    }

    /// A text; `nil` where there is none.
    func text(_ column: String, limit: Int = LegacyValue.maximumLength) throws(RowProblem) -> String? {
        guard let bytes = try bytes(column, limit: limit) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .refused("\(column) is not valid UTF-8") }
        return text
    }

    /// A whole number, also one that is written as a text; `nil` where there is none.
    func integer(_ column: String) throws(RowProblem) -> Int64? {
        switch self[column] {
        case .absent, .null: return nil
        case .integer(let number): return number
        case .bool(let value): return value ? 1 : 0
        // Larger ones may have lost their last digits.
        case .real(let number) where number.magnitude <= 9_007_199_254_740_992 && number.rounded() == number: return Int64(number)
        case .text(let bytes):
            let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
            guard !digits.isEmpty, digits.allSatisfy(\.isDigit) else { throw .refused("\(column) is not a whole number") }
            guard let number = Int64(String(decoding: bytes, as: UTF8.self)) else { throw .refused("\(column) is out of range") }
            return number
        case .real, .list, .other, .tooLong: throw .refused("\(column) is not a whole number")
        }
    }

    /// 0 or 1, `true` or `false`; `nil` where there is none.
    func bool(_ column: String) throws(RowProblem) -> Bool? {
        switch self[column] {
        case .absent, .null: return nil
        case .bool(let value): return value
        case .integer(0): return false
        case .integer(1): return true
        case .text(let bytes):
            switch String(decoding: bytes, as: UTF8.self).lowercased() {
            case "0", "false": return false
            case "1", "true": return true
            default: throw .refused("\(column) is neither true nor false")
            }
        default: throw .refused("\(column) is neither true nor false")
        }
    }

    /// A moment in Unix seconds, as Unix milliseconds; `nil` where there is none or where it is 0.
    func seconds(_ column: String) throws(RowProblem) -> Int64? {
        try moment(column, factor: 1_000)
    }

    /// The same for one in Unix milliseconds.
    func milliseconds(_ column: String) throws(RowProblem) -> Int64? {
        try moment(column, factor: 1)
    }

    /// What must be there.
    func needed<Value>(_ column: String, _ value: Value?) throws(RowProblem) -> Value {
        guard let value else { throw .refused("it has no \(column)") }
        return value
    }

    subscript(column: String) -> LegacyValue {
        shape.columns.firstIndex(of: column).map { values[$0] } ?? .absent
    }

    private func moment(_ column: String, factor: Int64) throws(RowProblem) -> Int64? {
        guard let number = try integer(column), number != 0 else { return nil }
        // To the end of the year 9999.
        guard number > 0, number <= 253_402_300_799_999 / factor else { throw .refused("\(column) is out of range") }
        return number * factor
    }

    private static func tooLong(_ column: String, _ count: Int, _ limit: Int) -> RowProblem {
        .refused("\(column) has \(count) bytes, more than \(limit)")
    }
}
