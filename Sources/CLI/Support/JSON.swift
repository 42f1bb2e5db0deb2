import CLinux
import CofferClient
import CofferFormats

/// What is printed with `--json`, keys in the order in which they were written.
indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(UInt64)
    case signed(Int64)
    case text(String)
    /// Bytes that must be valid UTF-8.
    case secretText(SecretBytes)
    case secretBase64(SecretBytes)
    case array([JSON])
    case object([(String, JSON)])

    /// Largest integer that every JSON reader keeps.
    private static let largestExact: UInt64 = 1 << 53 - 1

    static func optional(_ text: String?) -> JSON { text.map { .text($0) } ?? .null }
    static func texts(_ texts: [String]) -> JSON { .array(texts.map { .text($0) }) }
    /// A moment in Unix milliseconds; 0 is none.
    static func moment(_ milliseconds: UInt64) -> JSON { milliseconds == 0 ? .null : .text(Moment.text(milliseconds)) }

    /// The fields of a value: `value` where it is text, else `value_base64`.
    static func value(_ value: SecretBytes) -> (String, JSON) {
        value.withUnsafeBytes { ExportWriter.isText($0) } ? ("value", .secretText(value)) : ("value_base64", .secretBase64(value))
    }

    /// The fields of a name: `name`, or `name_base64` where the name is not text.
    static func name(_ name: [UInt8]) -> (String, JSON) {
        if let text = String(validating: name, as: UTF8.self) { return ("name", .text(text)) }
        return ("name_base64", .secretBase64(SecretBytes(name)))
    }

    /// Appends the text. Room for the whole is made at the beginning, so that no copy of a secret is left behind.
    func append(to output: inout [UInt8]) {
        output.reserveCapacity(output.count + maximumLength)
        write(to: &output)
    }

    private var maximumLength: Int {
        switch self {
        case .null, .bool: 5
        case .number, .signed: 22
        case .text(let text): QuotedText.maximumLength(text.utf8.count)
        case .secretText(let secret): QuotedText.maximumLength(secret.count)
        case .secretBase64(let secret): secret.count * 4 / 3 + 8
        case .array(let items): items.reduce(2) { $0 + $1.maximumLength + 2 }
        case .object(let fields): fields.reduce(2) { $0 + QuotedText.maximumLength($1.0.utf8.count) + $1.1.maximumLength + 4 }
        }
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += Array("null".utf8)
        case .bool(let value): output += Array((value ? "true" : "false").utf8)
        case .number(let number): output += Array((number > Self.largestExact ? "\"\(number)\"" : "\(number)").utf8)
        case .signed(let number):
            output += Array((number.magnitude > Self.largestExact ? "\"\(number)\"" : "\(number)").utf8)
        case .text(let text): Self.quote(text, to: &output)
        case .secretText(let secret): secret.withUnsafeBytes { QuotedText.append($0, to: &output) }
        case .secretBase64(let secret):
            output.append(UInt8(ascii: "\""))
            secret.withUnsafeBytes { Base64.append($0, to: &output) }
            output.append(UInt8(ascii: "\""))
        case .array(let items):
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output += Array(", ".utf8) }
                item.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let fields):
            output.append(UInt8(ascii: "{"))
            for (index, field) in fields.enumerated() {
                if index > 0 { output += Array(", ".utf8) }
                Self.quote(field.0, to: &output)
                output += Array(": ".utf8)
                field.1.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { QuotedText.append(UnsafeRawBufferPointer($0), to: &output) }
    }
}
