import CofferStore

/// How a value is written at its place, so that it stays one value there whatever is in it.
enum ValueEncoding {
    /// Path and query: everything but RFC 3986's unreserved characters as `%XX`.
    case percent
    /// application/x-www-form-urlencoded: the same, a blank is `+`.
    case form
    /// Within the quotes of a JSON text.
    case json
    /// A header's value: control characters are refused.
    case header
    /// As it is.
    case raw

    func write(_ value: UnsafeRawBufferPointer, to output: WipedBytes) throws(ProviderError) {
        switch self {
        case .raw: output.append(value)
        case .percent, .form: for byte in value { escape(byte, to: output) }
        case .header:
            // A line break would begin another header.
            for byte in value where byte < 0x20 || byte == 0x7F {
                throw ProviderError("", "holds a control character, which no header may")
            }
            output.append(value)
        case .json:
            guard String(validating: value, as: UTF8.self) != nil else { throw ProviderError("", "is not valid UTF-8, which JSON must be") }
            for byte in value { Self.quote(byte, to: output) }
        }
    }

    /// The value may be without a name at the caller's: its bytes live until they are written.
    func write(_ value: SecretBuffer, to output: WipedBytes) throws(ProviderError) {
        defer { withExtendedLifetime(value) {} }
        try write(value.bytes, to: output)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private func escape(_ byte: UInt8, to output: WipedBytes) {
        let isLetter = (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
        if isLetter || (0x30...0x39).contains(byte) || "-._~".utf8.contains(byte) {
            output.append(byte)
        } else if case .form = self, byte == 0x20 {
            output.append(UInt8(ascii: "+"))
        } else {
            output.append(UInt8(ascii: "%"))
            output.append(Self.digits[Int(byte >> 4)])
            output.append(Self.digits[Int(byte & 15)])
        }
    }

    private static func quote(_ byte: UInt8, to output: WipedBytes) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0..<0x20, 0x7F:
            output.append("\\u00")
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        default: output.append(byte)
        }
    }

    /// The items of form-encoded text; nil: it is none.
    static func formItems(_ text: UnsafeRawBufferPointer) -> [(name: [UInt8], value: [UInt8])]? {
        var items: [(name: [UInt8], value: [UInt8])] = []
        for item in text.split(separator: UInt8(ascii: "&")) {
            let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]), !name.isEmpty, let value = parts.count == 2 ? decoded(parts[1]) : [] else { return nil }
            items.append((name, value))
        }
        return items
    }

    /// `%XX` read, nothing else changed; nil where it is cut off.
    static func percentDecoded(_ text: some Collection<UInt8>) -> [UInt8]? { decoded(text, readsPlus: false) }

    private static func decoded(_ text: some Collection<UInt8>, readsPlus: Bool = true) -> [UInt8]? {
        var result: [UInt8] = []
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = bytes.next().flatMap(hex), let low = bytes.next().flatMap(hex) else { return nil }
                result.append(high << 4 | low)
            } else {
                result.append(readsPlus && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return result
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x61 + 10
        default: nil
        }
    }

    /// RFC 4648, with padding.
    static func base64(_ bytes: UnsafeRawBufferPointer, to output: WipedBytes) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = min(3, bytes.count - start)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < rest ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                output.append(index <= rest ? alphabet[Int(group >> UInt32(18 - index * 6) & 63)] : UInt8(ascii: "="))
            }
        }
    }
}
