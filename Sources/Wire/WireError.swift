/// Why bytes are not what the protocol allows at this place. Never contains any of the bytes.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    enum Reason: String, Sendable {
        case frameTooShort = "the frame's length is below 8"
        case frameTooLong = "the frame's length is above the limit"
        case unknownKind = "the frame's kind is unknown"
        case reservedNotZero = "the frame's reserved byte is not zero"
        case truncated = "the body ends inside a field"
        case trailingBytes = "the body has bytes after its last field"
        case notBoolean = "a flag is neither 0 nor 1"
        case unknownValue = "a field has a value that the protocol does not define"
        case tooLong = "a field is longer than its limit"
        case tooShort = "a field is shorter than its limit"
        case notUTF8 = "a text is not valid UTF-8"
        case notSorted = "a list is not in strictly ascending order"
        case tooMany = "a list has too many items"
    }

    let reason: Reason
    /// The field that was wrong, as protocol.md names it; empty where the frame itself is wrong.
    public let field: String

    init(_ reason: Reason, field: String = "") {
        self.reason = reason
        self.field = field
    }

    public var description: String {
        field.isEmpty ? reason.rawValue : "\(field): \(reason.rawValue)"
    }

    public static let frameTooShort = WireError(.frameTooShort)
    public static let frameTooLong = WireError(.frameTooLong)
    public static let unknownKind = WireError(.unknownKind)
    public static let reservedNotZero = WireError(.reservedNotZero)
    public static let trailingBytes = WireError(.trailingBytes)
    public static func truncated(_ field: String) -> WireError { WireError(.truncated, field: field) }
    public static func notBoolean(_ field: String) -> WireError { WireError(.notBoolean, field: field) }
    public static func unknownValue(_ field: String) -> WireError { WireError(.unknownValue, field: field) }
    public static func tooLong(_ field: String) -> WireError { WireError(.tooLong, field: field) }
    public static func tooShort(_ field: String) -> WireError { WireError(.tooShort, field: field) }
    public static func notUTF8(_ field: String) -> WireError { WireError(.notUTF8, field: field) }
    public static func notSorted(_ field: String) -> WireError { WireError(.notSorted, field: field) }
    public static func tooMany(_ field: String) -> WireError { WireError(.tooMany, field: field) }
}
