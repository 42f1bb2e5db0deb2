/// A JSON value as the doors read and write it: 64-bit integers stay exact, objects keep their order and their duplicates.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, as it was or is to be written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// The field of this name, compared byte for byte; of duplicates the last. `nil` also where this is no object.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.last { $0.0.utf8.elementsEqual(name.utf8) }?.1
    }

    public var isNull: Bool { if case .null = self { true } else { false } }
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    public var object: [(String, JSONValue)]? { if case .object(let fields) = self { fields } else { nil } }

    /// What Go's and Python's messages call this kind of value.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    public static func strings(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map { .string($0) }) }

    /// A finite number in the shortest form that reads back the same; whole ones without a fraction, as Go writes them.
    public static func real(_ number: Double) -> JSONValue {
        guard number.isFinite else { return .null }
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return .integer(whole) }
        return .number("\(number)")
    }
}

extension JSONValue: Equatable {
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.0.utf8.elementsEqual($1.0.utf8) && $0.1 == $1.1 }
        default: false
        }
    }
}
