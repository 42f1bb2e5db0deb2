import CSodium

// How a backup spells JSON: no blanks, the shortest escapes, everything else as UTF-8. It is what Python's
// `json.dumps(line, ensure_ascii=False, separators=(",", ":"))` writes.
extension LineBuffer {
    /// Integers beyond it are strings: many readers have only a double for a number (formats.md 15).
    static let largestNumber: UInt64 = 1 << 53 - 1

    func write(_ value: Bool) { if value { append("true") } else { append("false") } }

    func write(_ value: UInt64) {
        guard value > Self.largestNumber else { return digits(value) }
        append(UInt8(ascii: "\""))
        digits(value)
        append(UInt8(ascii: "\""))
    }

    func write(_ value: Int64) {
        guard value < 0 else { return write(UInt64(value)) }
        let isLong = value.magnitude > Self.largestNumber
        if isLong { append(UInt8(ascii: "\"")) }
        append(UInt8(ascii: "-"))
        digits(value.magnitude)
        if isLong { append(UInt8(ascii: "\"")) }
    }

    private func digits(_ value: UInt64) {
        var rest = value
        var length = 1
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        let start = extend(length)
        rest = value
        for place in stride(from: length - 1, through: 0, by: -1) {
            start.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
    }

    /// - Parameter text: valid UTF-8.
    func write(text: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<text.count {
            let byte = text[index]
            if JSONText.isPlain(byte) { continue }
            append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
            escape(byte)
            start = index + 1
        }
        append(UnsafeRawBufferPointer(rebasing: text[start...]))
        append(UInt8(ascii: "\""))
    }

    func write(text: String) {
        var text = text
        text.withUTF8 { write(text: UnsafeRawBufferPointer($0)) }
    }

    private func escape(_ byte: UInt8) {
        append(UInt8(ascii: "\\"))
        if let letter = JSONText.letter(for: byte) { return append(letter) }
        append("u00")
        append(JSONText.hexDigit(byte >> 4))
        append(JSONText.hexDigit(byte & 15))
    }

    /// Standard base64, padded.
    func write(base64 bytes: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        // With a zero byte behind it, which goes again.
        let length = sodium_base64_encoded_len(bytes.count, Int32(sodium_base64_VARIANT_ORIGINAL))
        let room = extend(length).assumingMemoryBound(to: CChar.self)
        sodium_bin2base64(room, length, bytes.octets, bytes.count, Int32(sodium_base64_VARIANT_ORIGINAL))
        cut(to: count - 1)
        append(UInt8(ascii: "\""))
    }

    func write(hex bytes: [UInt8]) {
        append(UInt8(ascii: "\""))
        for byte in bytes {
            append(JSONText.hexDigit(byte >> 4))
            append(JSONText.hexDigit(byte & 15))
        }
        append(UInt8(ascii: "\""))
    }
}

/// What is text, and how it is escaped.
enum JSONText {
    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") }

    static func letter(for byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    /// The reverse.
    static func byte(for letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "r"): 0x0D
        default: nil
        }
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        return (try? UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span)) != nil
    }

    /// Whether bytes of a value are written as text: UTF-8 without control characters other than tab and line ends, which would make it
    /// six times as long. Everything else is base64.
    static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let hasControls = bytes.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return !hasControls && isUTF8(bytes)
    }
}
