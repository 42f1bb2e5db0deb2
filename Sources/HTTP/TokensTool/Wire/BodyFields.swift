import CofferJSON

/// The members of a request's JSON object, read as the original's decoder reads them: unknown ones are ignored, of duplicates the last
/// counts, texts may be given as numbers and booleans and the other way round, `null` is as good as absent.
struct BodyFields: Sendable {
    let value: JSONValue

    init(_ value: JSONValue) throws(TokensToolFailure) {
        guard value.object != nil else { throw .badRequest }
        self.value = value
    }

    static func object(_ body: [UInt8]) throws(TokensToolFailure) -> BodyFields { try BodyFields(try parse(body)) }

    /// An array of objects.
    static func list(_ body: [UInt8]) throws(TokensToolFailure) -> [BodyFields] {
        guard let items = try parse(body).array, items.count <= TokensToolBounds.rows else { throw .badRequest }
        var rows: [BodyFields] = []
        for item in items { rows.append(try BodyFields(item)) }
        return rows
    }

    private static func parse(_ body: [UInt8]) throws(TokensToolFailure) -> JSONValue {
        do { return try JSONValue.parse(body, repairsText: false) } catch { throw .badRequest }
    }

    func isThere(_ name: String) -> Bool { value[name].map { !$0.isNull } ?? false }

    func text(_ name: String) throws(TokensToolFailure) -> String? {
        switch value[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .number(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .array, .object: throw .badRequest
        }
    }

    /// `nil`: absent; whoever reads a plain boolean takes that for false.
    func bool(_ name: String) throws(TokensToolFailure) -> Bool? {
        switch value[name] {
        case nil, .null: return nil
        case .bool(let value): return value
        case .integer(let number): return number != 0
        case .string(let text):
            switch text {
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            case "": return nil
            default: throw .badRequest
            }
        case .number, .array, .object: throw .badRequest
        }
    }

    /// A whole number of 32 bits.
    func integer(_ name: String) throws(TokensToolFailure) -> Int? {
        switch value[name] {
        case nil, .null: return nil
        case .integer(let number):
            guard let number = Int32(exactly: number) else { throw .badRequest }
            return Int(number)
        case .number(let text):
            // A fraction is cut off, as the original does; what does not fit is refused.
            guard let number = Double(text), number.isFinite, abs(number) < 2_147_483_648 else { throw .badRequest }
            return Int(number)
        case .string(let text):
            let text = text.filter { !$0.isWhitespace }
            if text.isEmpty { return nil }
            guard let number = Int32(text) else { throw .badRequest }
            return Int(number)
        case .bool, .array, .object: throw .badRequest
        }
    }

    /// An array of texts.
    func texts(_ name: String) throws(TokensToolFailure) -> [String]? {
        guard let value = value[name], !value.isNull else { return nil }
        guard let items = value.array, items.count <= TokensToolBounds.rows else { throw .badRequest }
        var texts: [String] = []
        for item in items {
            guard let text = item.string else { throw .badRequest }
            texts.append(text)
        }
        return texts
    }

    /// An object within; `nil`: absent.
    func fields(_ name: String) throws(TokensToolFailure) -> BodyFields? {
        guard let value = value[name], !value.isNull else { return nil }
        return try BodyFields(value)
    }
}
