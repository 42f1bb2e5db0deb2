import CofferClient
import CofferJSON
import CofferRecords
import CofferWire

/// Records of the protocol, whose values are texts, as JSON and back.
struct RecordCodec: Sendable {
    let collection: RecordCollection

    // MARK: To JSON

    func json(_ record: Record) -> JSONValue {
        let shape = collection.shape
        let fields = shape.names(record).map { ($0, value(record[$0] ?? "", shape.field($0).kind)) }
        return .object([("id", .string(record.id)), ("revision", .exact(record.revision))] + fields)
    }

    private func value(_ text: String, _ kind: RecordShape.Kind) -> JSONValue {
        switch kind {
        case .text: return .string(text)
        case .number: return text.isEmpty ? .null : Int64(text).map { .exact($0) } ?? .string(text)
        case .bool: return text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        case .moment, .time: return Self.moment(text)
        case .seconds:
            guard let seconds = Int64(text) else { return Self.moment(text) }
            let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
            return .exact(overflow ? Int64.max : milliseconds)
        case .lines: return .strings(text.split(separator: "\n").map(String.init))
        case .map: return (try? JSONValue.parse(Array(text.utf8), allowsTrailing: false)) ?? .object([])
        case .words(let names):
            return .array(text.split(separator: "\n").map { line in
                .object(RecordShape.words(line, names).map { ($0.name, $0.isMoment ? Self.moment($0.value) : .string($0.value)) })
            })
        }
    }

    private static func moment(_ text: String) -> JSONValue {
        guard let number = UInt64(text), number != 0 else { return .null }
        return .exact(number)
    }

    // MARK: From JSON

    /// Everything that is left of a body, as fields.
    func fields(_ body: inout AdminBody) throws(AdminFailure) -> [RecordField] {
        var fields: [RecordField] = []
        let known = collection.requestFields
        for (name, value) in body.rest() {
            guard let field = known.first(where: { $0.name == name }) else { throw .invalid(String(name.prefix(60)), "there is no such field") }
            fields.append(RecordField(name, try text(value, field)))
        }
        return fields
    }

    /// Options of acts are texts, whatever they stand for.
    static func options(_ body: inout AdminBody) throws(AdminFailure) -> [RecordField] {
        var fields: [RecordField] = []
        for (name, value) in body.rest() {
            let text: String? = switch value {
            case .string(let text): text
            case .bool(let flag): flag ? "true" : "false"
            case .integer(let number): String(number)
            case .array(let items): items.allSatisfy { $0.string != nil } ? items.compactMap(\.string).joined(separator: "\n") : nil
            default: nil
            }
            guard let text, (1...64).contains(name.utf8.count) else {
                throw .invalid(String(name.prefix(60)), "must be a text, a number, true, false or a list of texts")
            }
            fields.append(RecordField(name, text))
        }
        return fields
    }

    private func text(_ value: JSONValue, _ field: RecordShape.Field) throws(AdminFailure) -> String {
        switch (field.kind, value) {
        case (.text, .string(let text)): return text
        case (.text, .null): return ""
        case (.number, .integer(let number)): return String(number)
        // `unlimited`, and numbers that JavaScript would round.
        case (.number, .string(let text)): return text
        case (.bool, .bool(let flag)): return flag ? "true" : "false"
        case (.moment, .null), (.time, .null), (.seconds, .null): return "never"
        case (.moment, .integer(let number)), (.time, .integer(let number)): return String(number)
        case (.seconds, .integer(let number)):
            guard number % 1_000 == 0 else { throw .invalid(field.name, "must be whole seconds, in milliseconds") }
            return String(number / 1_000)
        case (.lines, .array(let items)): return try lines(items, field)
        case (.lines, .null): return ""
        case (.map, .object(let members)):
            guard members.allSatisfy({ $0.1.string != nil || $0.1.isNull }) else { throw .invalid(field.name, "must be an object of texts") }
            return String(decoding: value.encoded(), as: UTF8.self)
        case (.words, _): throw .invalid(field.name, "cannot be set")
        default: throw .invalid(field.name, "must be \(Self.expectation(field.kind))")
        }
    }

    private func lines(_ items: [JSONValue], _ field: RecordShape.Field) throws(AdminFailure) -> String {
        var lines: [String] = []
        for item in items {
            guard case .string(let line) = item, !line.isEmpty, !line.utf8.contains(UInt8(ascii: "\n")) else {
                throw .invalid(field.name, "must be a list of texts of one line each")
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    private static func expectation(_ kind: RecordShape.Kind) -> String {
        switch kind {
        case .text: "a text"
        case .number: "a whole number"
        case .bool: "true or false"
        case .moment, .time, .seconds: "Unix milliseconds, or null for never"
        case .lines: "a list of texts"
        case .map: "an object of texts"
        case .words: "absent"
        }
    }

    /// `secret` of a request, as the protocol takes it.
    func secret(_ body: inout AdminBody) throws(AdminFailure) -> SecretBytes? {
        guard let value = body.value("secret") else { return nil }
        switch (collection.secret, value) {
        case (.text, .string(let text)): return SecretBytes(Array(text.utf8))
        case (.object, .object(let members)):
            guard members.allSatisfy({ $0.1.string != nil || $0.1.isNull }) else { throw .invalid("secret", "must be an object of texts") }
            return SecretBytes(value.encoded())
        case (.none, _): throw .invalid("secret", "there is no such field")
        case (.text, _): throw .invalid("secret", "must be a text")
        case (.object, _): throw .invalid("secret", "must be an object of texts")
        }
    }

    /// What was drawn or revealed: text where it is UTF-8.
    static func shown(_ secret: SecretBytes) -> (String, JSONValue) {
        secret.withUnsafeBytes { bytes in
            if let text = String(validating: bytes, as: UTF8.self) { return ("secret", .string(text)) }
            return ("secret_base64", .string(Base64Text.encoded(bytes)))
        }
    }
}
