/// A row of an older system in the words of protocol.md's accountImport and credentialImport.
public struct LegacyRow: Sendable {
    /// Where it comes from, such as `tokens row 12 (id 7)`: for messages, without secrets, at most 128 bytes.
    public var origin: String
    /// `tenant`, `user`, `member` or `apikey`; `credential`, `pool` or `schedule`.
    public var noun: String
    /// Ascending by the bytes of the names.
    public var fields: [(name: String, value: String)]
    /// The same. The caller wipes them.
    public var secrets: [(name: String, value: [UInt8])]

    /// The value of a field.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Gives a field that is there another value.
    public mutating func set(_ name: String, _ value: String) {
        for index in fields.indices where fields[index].name == name { fields[index].value = value }
    }
}

/// The rows of a file, in the order in which they refer to each other: tenants, users, members, API keys.
public struct LegacyImport: Sendable {
    /// A row that is not sent.
    public struct LeftOut: Equatable, Sendable {
        public var origin: String
        public var reason: String
        /// Something is wrong with it; else it is one that nobody misses, such as a deleted one.
        public var isRefused: Bool

        public init(origin: String, reason: String, isRefused: Bool) {
            self.origin = origin
            self.reason = reason
            self.isRefused = isRefused
        }
    }

    public var rows: [LegacyRow] = []
    public var leftOut: [LeftOut] = []
    /// What people should know: tables and columns that are not taken, and what changed on the way.
    public var remarks: [String] = []

    /// Most rows that one import sends (protocol.md).
    public static let maximumRows = 200_000
    /// Bytes of all names and values of a row: it must fit into a frame.
    static let maximumSize = 1_048_576
    /// Longest secret of a row.
    static let maximumSecret = 65_536

    /// Maps each row of `table`; what `map` throws goes to ``leftOut``.
    mutating func add(
        _ table: LegacyTable?, id: String?, as noun: String,
        map: (LegacyRecord, inout LegacyFields) throws(RowProblem) -> Void
    ) {
        guard let table else { return }
        for (index, values) in table.rows.enumerated() {
            let record = LegacyRecord(shape: table.shape, values: values, number: index + 1, idColumn: id)
            var fields = LegacyFields()
            do throws(RowProblem) {
                try map(record, &fields)
                guard fields.size <= Self.maximumSize else { throw .refused("the row has more than \(Self.maximumSize) bytes") }
                rows.append(fields.row(origin: record.origin, noun: noun))
                remarks += fields.remarks.map { "\(record.origin): \($0)" }
            } catch {
                leftOut.append(LeftOut(origin: record.origin, reason: error.reason, isRefused: error.isRefused))
            }
        }
    }
}

/// Why a row is not sent.
enum RowProblem: Error {
    case refused(String)
    case skipped(String)

    var reason: String {
        switch self {
        case .refused(let reason), .skipped(let reason): reason
        }
    }

    var isRefused: Bool { if case .refused = self { true } else { false } }
}

/// Gathers what a row becomes.
struct LegacyFields {
    private var fields: [String: String] = [:]
    /// Fields that are JSON objects of texts, by the field's name.
    private var maps: [String: [String: String]] = [:]
    private var secrets: [String: [UInt8]] = [:]
    private(set) var remarks: [String] = []

    /// `nil` leaves the field out.
    mutating func set(_ name: String, _ value: String?) { fields[name] = value }
    mutating func set(_ name: String, _ value: Bool?) { fields[name] = value.map { $0 ? "true" : "false" } }
    mutating func set(_ name: String, _ value: Int64?) { fields[name] = value.map { String($0) } }
    mutating func set(secret name: String, _ value: [UInt8]?) { secrets[name] = value }
    /// Of a credential or a pool: what the door of its older system keeps with it.
    mutating func set(attribute name: String, _ value: String?) { maps["attributes", default: [:]][name] = value }
    mutating func set(attribute name: String, _ value: Bool?) { set(attribute: name, value.map { $0 ? "true" : "false" }) }
    mutating func set(attribute name: String, _ value: Int64?) { set(attribute: name, value.map { String($0) }) }
    /// Of a credential: a parameter of its provider that is no secret.
    mutating func set(parameter name: String, _ value: String?) { maps["parameters", default: [:]][name] = value }
    /// Of a credential: when a token ends, Unix milliseconds.
    mutating func set(expiry kind: String, _ value: Int64?) { maps["expiries", default: [:]][kind] = value.map { String($0) } }
    mutating func remark(_ text: String) { remarks.append(text) }

    subscript(name: String) -> String? { fields[name] }

    var size: Int {
        fields.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            + maps.values.reduce(0) { $0 + $1.reduce(32) { $0 + $1.key.utf8.count + QuotedText.maximumLength($1.value.utf8.count) + 4 } }
            + secrets.reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
    }

    func row(origin: String, noun: String) -> LegacyRow {
        var fields = fields
        for (name, map) in maps where !map.isEmpty { fields[name] = Self.json(map) }
        func ascending(_ one: String, _ other: String) -> Bool { one.utf8.lexicographicallyPrecedes(other.utf8) }
        return LegacyRow(
            origin: origin, noun: noun,
            fields: fields.sorted { ascending($0.key, $1.key) }.map { (name: $0.key, value: $0.value) },
            secrets: secrets.sorted { ascending($0.key, $1.key) }.map { (name: $0.key, value: $0.value) })
    }

    /// The keys in the order of their bytes: the same map gives the same text.
    private static func json(_ map: [String: String]) -> String {
        var text: [UInt8] = []
        let members = map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        JSONTree.object(members.map { .init(key: $0.key, line: 0, value: .text(Array($0.value.utf8))) }).append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
