import CofferAccounts
import CofferHTTP
import CofferJSON

/// The members of a request's JSON object, taken out one by one. Strict: our own API has no old clients to be lenient with.
struct AdminBody: Sendable {
    private var members: [String: JSONValue] = [:]

    /// Of a request that has none.
    init() {}

    /// - Throws: where the body is not one JSON object, or names a member twice.
    /// - Parameter isOptional: whether it may be absent: then it has no members.
    init(_ call: HTTPCall, isOptional: Bool = false) throws(AdminFailure) {
        if isOptional, call.body.isEmpty { return }
        let type = call.header("Content-Type") ?? ""
        guard type.split(separator: ";").first?.trimmingBlanks().lowercased() == "application/json" else {
            throw .media("application/json")
        }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(call.body, allowsTrailing: false, repairsText: false) } catch {
            throw .invalid("", "the body is not valid JSON: \(error.message)")
        }
        guard case .object(let fields) = value else { throw .invalid("", "the body must be a JSON object") }
        for (name, value) in fields {
            guard members.updateValue(value, forKey: name) == nil else { throw .invalid(String(name.prefix(60)), "the member stands twice") }
        }
    }

    /// Takes a member whatever it is.
    mutating func value(_ name: String) -> JSONValue? { members.removeValue(forKey: name) }

    /// Takes all that are left, in the order of their names.
    mutating func rest() -> [(name: String, value: JSONValue)] {
        defer { members = [:] }
        return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    var names: [String] { members.keys.sorted() }

    mutating func flag(_ name: String, default fallback: Bool? = nil) throws(AdminFailure) -> Bool {
        guard let value = members.removeValue(forKey: name) else {
            if let fallback { return fallback }
            throw .invalid(name, "the member is missing")
        }
        guard case .bool(let flag) = value else { throw .invalid(name, "must be true or false") }
        return flag
    }

    /// - Parameter length: of each text, in bytes.
    mutating func texts(_ name: String, _ count: ClosedRange<Int>, each length: ClosedRange<Int>) throws(AdminFailure) -> [String] {
        guard let value = members.removeValue(forKey: name) else {
            if count.contains(0) { return [] }
            throw .invalid(name, "the member is missing")
        }
        guard case .array(let items) = value, count.contains(items.count) else {
            throw .invalid(name, "must be a list of \(count.lowerBound) to \(count.upperBound) texts")
        }
        var texts: [String] = []
        for item in items {
            guard case .string(let text) = item, length.contains(text.utf8.count) else {
                throw .invalid(name, "must be a list of texts of \(length.lowerBound) to \(length.upperBound) bytes")
            }
            texts.append(text)
        }
        return texts
    }

    /// A moment in Unix milliseconds; `null`: never, which is 0. Absent: `nil`.
    mutating func moment(_ name: String) throws(AdminFailure) -> UInt64? {
        guard let value = members[name] else { return nil }
        guard !value.isNull else {
            members[name] = nil
            return 0
        }
        return UInt64(try number(name, 1...(1 << 53 - 1)))
    }

    func finish() throws(AdminFailure) {
        guard let name = members.keys.min() else { return }
        throw .invalid(String(name.prefix(60)), "there is no such member")
    }

    mutating func text(_ name: String, _ length: ClosedRange<Int>, default fallback: String? = nil) throws(AdminFailure) -> String {
        guard let value = members.removeValue(forKey: name) else {
            if let fallback { return fallback }
            throw .invalid(name, "the member is missing")
        }
        guard case .string(let text) = value else { throw .invalid(name, "must be a text") }
        guard length.contains(text.utf8.count) else { throw .invalid(name, "must have \(length.lowerBound) to \(length.upperBound) bytes") }
        return text
    }

    /// Numbers above 2^53 − 1 come as texts in all JSON of ours; small ones may.
    mutating func number(_ name: String, _ range: ClosedRange<Int64>, default fallback: Int64? = nil) throws(AdminFailure) -> Int64 {
        guard let value = members.removeValue(forKey: name) else {
            if let fallback { return fallback }
            throw .invalid(name, "the member is missing")
        }
        let number: Int64? = switch value {
        case .integer(let number): number
        case .string(let text): Int64(text).flatMap { String($0) == text ? $0 : nil }
        default: nil
        }
        guard let number, range.contains(number) else {
            throw .invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A text of the given length, where there is one.
    mutating func optionalText(_ name: String, _ length: ClosedRange<Int>) throws(AdminFailure) -> String? {
        guard let value = members[name], !value.isNull else {
            members[name] = nil
            return nil
        }
        return try text(name, length)
    }

    mutating func address(_ name: String) throws(AdminFailure) -> ClientAddress? {
        guard let value = members.removeValue(forKey: name), !value.isNull else { return nil }
        guard case .string(let text) = value, let address = ClientAddress(text) else { throw .invalid(name, "must be an IPv4 or IPv6 address") }
        return address
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension JSONValue {
    /// A number, or its digits as a text where JavaScript would lose some (formats.md 15).
    static func exact(_ number: Int64) -> JSONValue {
        number.magnitude <= (1 << 53) - 1 ? .integer(number) : .string("\(number)")
    }

    static func exact(_ number: UInt64) -> JSONValue {
        number <= (1 << 53) - 1 ? .integer(Int64(number)) : .string("\(number)")
    }
}
