/// Why bytes are no JSON, in the words of Go's decoder (compat/newapi.md 1.12). At most one character of the input is in it.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }

    /// Nothing but blanks.
    static let empty = JSONError("EOF")
    /// The text ends within a value.
    static let cutOff = JSONError("unexpected EOF")
    static let notText = JSONError("invalid UTF-8 in string literal")
    static let tooDeep = JSONError("exceeded max depth")

    static func invalid(_ byte: UInt8, _ place: String) -> JSONError {
        let shown =
            switch byte {
            case UInt8(ascii: "'"): "\\'"
            case UInt8(ascii: "\\"): "\\\\"
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\r"): "\\r"
            case UInt8(ascii: "\t"): "\\t"
            case 0x20..<0x7F, 0xA1...0xFF: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        return JSONError("invalid character '\(shown)' \(place)")
    }
}
