/// A secret's name: a path of bytes that follows the rules of protocol.md, "Names". Identity is equality of bytes:
/// nothing is normalised, and a Swift `String` (which compares by canonical equivalence) never stands for it.
public struct Name: Hashable, Comparable, Sendable {
    public static let maximumLength = 512
    public static let maximumSegmentLength = 255

    public let bytes: [UInt8]

    /// Checks every rule.
    /// - Throws: a ``NameError`` that names the rule that was broken.
    public init(_ bytes: some Sequence<UInt8>) throws(NameError) {
        let bytes = Array(bytes)
        if let error = bytes.withUnsafeBytes({ Self.check($0) }) { throw error }
        self.bytes = bytes
    }

    /// For bytes that were checked before: those of a record that was just authenticated.
    init(trusted bytes: [UInt8]) { self.bytes = bytes }

    public static func < (left: Name, right: Name) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// The rule that `bytes` break as a secret's name, or `nil`.
    public static func check(_ bytes: UnsafeRawBufferPointer) -> NameError? {
        if bytes.isEmpty { return .empty }
        if bytes.count > maximumLength { return .tooLong }
        if let error = ForbiddenCodePoints.check(bytes, wildcardAllowed: false) { return error }
        var start = 0
        for end in 0...bytes.count where end == bytes.count || bytes[end] == UInt8(ascii: "/") {
            let length = end - start
            if length == 0 { return .emptySegment }
            if length > maximumSegmentLength { return .segmentTooLong }
            if bytes[start] == UInt8(ascii: ".") && (length == 1 || (length == 2 && bytes[start + 1] == UInt8(ascii: "."))) {
                return .dotSegment
            }
            start = end + 1
        }
        return nil
    }

    /// Bytes that may break every rule, for a message: what could hide, reorder or control text is shown as `?`.
    public static func printable(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { ForbiddenCodePoints.contains($0.value) ? "?" : $0 }))
    }

    /// The name for people, in messages and logs.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// The name of anything else that has one (policies, tenants, …): 1 to 255 bytes; blanks and `/` allowed (decisions 4).
public struct DocumentName: Hashable, Comparable, Sendable {
    public static let maximumLength = 255
    public let bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) throws(NameError) {
        let bytes = Array(bytes)
        let error: NameError? = bytes.withUnsafeBytes { raw in
            if raw.isEmpty { return .empty }
            if raw.count > Self.maximumLength { return .tooLong }
            return ForbiddenCodePoints.check(raw, wildcardAllowed: false)
        }
        if let error { throw error }
        self.bytes = bytes
    }

    init(trusted bytes: [UInt8]) { self.bytes = bytes }

    public static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// The rule of protocol.md that a name breaks.
public enum NameError: String, Error, Sendable, CaseIterable {
    case empty = "the name is empty"
    case tooLong = "the name is too long"
    case notUTF8 = "the name is not valid UTF-8"
    case forbiddenCodePoint = "the name has a control, invisible or direction-changing character, or a noncharacter"
    case wildcard = "the name has a '*', which only patterns may have"
    case emptySegment = "the name has an empty segment, or begins or ends with '/'"
    case segmentTooLong = "a segment of the name is longer than 255 bytes"
    case dotSegment = "a segment of the name is '.' or '..'"
}

/// Code points that no name may have (formats.md 12): they hide, reorder or control what a person sees.
enum ForbiddenCodePoints {
    static func check(_ bytes: UnsafeRawBufferPointer, wildcardAllowed: Bool) -> NameError? {
        var isASCII = true
        for byte in bytes {
            if byte < 0x20 || byte == 0x7F { return .forbiddenCodePoint }
            if byte == UInt8(ascii: "*") && !wildcardAllowed { return .wildcard }
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { return .notUTF8 }
        for scalar in text.unicodeScalars where contains(scalar.value) { return .forbiddenCodePoint }
        return nil
    }

    static func contains(_ value: UInt32) -> Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFDD0...0xFDEF: true
        default: value & 0xFFFE == 0xFFFE
        }
    }
}
