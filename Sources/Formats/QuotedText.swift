/// A text in double quotes that JSON and YAML read alike.
public enum QuotedText {
    /// Appends the quoted text. `utf8` must be valid UTF-8.
    public static func append(_ utf8: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(.doubleQuote)
        var position = 0
        while position < utf8.count {
            let byte = utf8[position]
            if byte < 0x80 {
                appendASCII(byte, to: &output)
                position += 1
                continue
            }
            let (scalar, length) = scalar(utf8, at: position)
            if mustEscape(scalar) {
                appendEscape(scalar, to: &output)
            } else {
                output.append(contentsOf: utf8[position..<min(position + length, utf8.count)])
            }
            position += length
        }
        output.append(.doubleQuote)
    }

    /// The most bytes that `count` bytes can become.
    public static func maximumLength(_ count: Int) -> Int { count * 6 + 2 }

    private static func appendASCII(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case .doubleQuote, .backslash: output += [.backslash, byte]
        case .lineFeed: output += [.backslash, UInt8(ascii: "n")]
        case .carriageReturn: output += [.backslash, UInt8(ascii: "r")]
        case 0x09: output += [.backslash, UInt8(ascii: "t")]
        case 0..<0x20, 0x7F: appendEscape(UInt32(byte), to: &output)
        default: output.append(byte)
        }
    }

    private static func appendEscape(_ value: UInt32, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output += [.backslash, UInt8(ascii: "u")]
        for shift in [12, 8, 4, 0] as [UInt32] { output.append(digits[Int(value >> shift & 15)]) }
    }

    /// What YAML does not take as it is, and what would hide or reorder text.
    private static func mustEscape(_ value: UInt32) -> Bool {
        switch value {
        case 0x80...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFDD0...0xFDEF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    private static func scalar(_ utf8: UnsafeRawBufferPointer, at position: Int) -> (value: UInt32, length: Int) {
        let first = utf8[position]
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for byte in utf8[(position + 1)..<min(position + length, utf8.count)] { value = value << 6 | UInt32(byte & 0x3F) }
        return (value, length)
    }
}

/// Base 64 with padding.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends the letters.
    public static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var position = 0
        while position < bytes.count {
            let left = bytes.count - position
            var group = UInt32(bytes[position]) << 16
            if left > 1 { group |= UInt32(bytes[position + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[position + 2]) }
            output.append(alphabet[Int(group >> 18 & 63)])
            output.append(alphabet[Int(group >> 12 & 63)])
            output.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : .equals)
            output.append(left > 2 ? alphabet[Int(group & 63)] : .equals)
            position += 3
        }
    }
}
