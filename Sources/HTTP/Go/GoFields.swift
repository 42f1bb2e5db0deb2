import CofferJSON

/// The fields of a request's body, read as Go's decoder reads them into a struct (compat/newapi.md 1.0 and 1.12, compat/rtmanage.md 1.0).
///
/// Names match without regard to case, of duplicates the last counts, `null` is as if the field were absent, others are ignored. All that
/// is thrown is in the decoder's words.
struct GoFields: Sendable {
    private let fields: [(String, JSONValue)]
    /// The struct's name without its package, as messages about fields have it; "" where it has none.
    private let type: String

    /// - Parameters:
    ///   - type: the struct's name; "" where it has none.
    ///   - value: the same as messages about the whole body have it: `model.Token`.
    init(_ body: [UInt8], type: String, value: String) throws(JSONError) {
        self.type = type
        switch try JSONValue.parse(body) {
        case .object(let fields): self.fields = fields
        case .null: fields = []
        case let other: throw JSONError("json: cannot unmarshal \(other.kind) into Go value of type \(value)")
        }
    }

    /// What is there under this name, without nulls.
    private func values(_ name: String) -> [JSONValue] {
        fields.compactMap { field in !field.1.isNull && Self.isSame(field.0, name) ? field.1 : nil }
    }

    private static func isSame(_ given: String, _ name: String) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte }
        return given.utf8.count == name.utf8.count && zip(given.utf8, name.utf8).allSatisfy { folded($0) == folded($1) }
    }

    /// The last value; each must be of the kind, as each is decoded.
    private func last<Value>(
        _ name: String, _ goType: String, _ read: (JSONValue) throws(JSONError) -> Value?
    ) throws(JSONError) -> Value? {
        var result: Value?
        for value in values(name) {
            guard let read = try read(value) else { throw mismatch(value, name, goType) }
            result = read
        }
        return result
    }

    private func mismatch(_ value: JSONValue, _ name: String, _ goType: String) -> JSONError {
        // Only where a number was wanted is it the number that does not fit.
        let shown =
            switch value {
            case .integer(let number) where goType.hasPrefix("int"): "number \(number)"
            case .number(let text) where goType.hasPrefix("int"): "number \(text.prefix(40))"
            default: value.kind
            }
        return JSONError("json: cannot unmarshal \(shown) into Go struct field \(type).\(name) of type \(goType)")
    }

    func text(_ name: String) throws(JSONError) -> String? { try last(name, "string") { (value) in value.string } }
    func integer(_ name: String, _ goType: String = "int") throws(JSONError) -> Int64? { try last(name, goType) { (value) in value.integer } }
    func bool(_ name: String) throws(JSONError) -> Bool? { try last(name, "bool") { (value) in value.bool } }

    /// An array of strings.
    func texts(_ name: String) throws(JSONError) -> [String]? {
        try last(name, "[]string") { (value) throws(JSONError) in try strings(value, name, takesNull: true) }
    }

    /// A string, or an array of strings joined by `separator`: new-api's document has arrays where the program has strings.
    func joined(_ name: String, separator: String) throws(JSONError) -> String? {
        try last(name, "string") { (value) throws(JSONError) in
            if let text = value.string { return text }
            // An array in place of a text is our own kindness: it goes no further than texts.
            return try strings(value, name, takesNull: false)?.joined(separator: separator)
        }
    }

    private func strings(_ value: JSONValue, _ name: String, takesNull: Bool) throws(JSONError) -> [String]? {
        guard let items = value.array else { return nil }
        var texts: [String] = []
        for item in items {
            guard let text = item.isNull && takesNull ? "" : item.string else { throw mismatch(item, name, "string") }
            texts.append(text)
        }
        return texts
    }

    /// An array of numbers.
    func integers(_ name: String, _ goType: String = "int") throws(JSONError) -> [Int64]? {
        try last(name, "[]" + goType) { (value) throws(JSONError) in
            guard let items = value.array else { return nil }
            var numbers: [Int64] = []
            for item in items {
                guard let number = item.isNull ? 0 : item.integer else { throw mismatch(item, name, goType) }
                numbers.append(number)
            }
            return numbers
        }
    }

    /// An object whose values may be anything; its order and its duplicates are kept.
    func object(_ name: String) throws(JSONError) -> [(String, JSONValue)]? {
        try last(name, "map[string]interface {}") { (value) in value.object }
    }

    /// An object of strings; of duplicates the last counts. A `null` is the empty string, as Go has it.
    func map(_ name: String) throws(JSONError) -> [String: String]? {
        try last(name, "map[string]string") { (value) throws(JSONError) in
            guard let members = value.object else { return nil }
            var map: [String: String] = [:]
            for (key, member) in members {
                guard let text = member.isNull ? "" : member.string else { throw mismatch(member, name, "string") }
                map[key] = text
            }
            return map
        }
    }
}
