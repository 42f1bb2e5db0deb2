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
        while start < text.count {
            let end = JSONText.endOfPlain(text, from: start)
            append(UnsafeRawBufferPointer(rebasing: text[start..<end]))
            if end < text.count { escape(text[end]) }
            start = end + 1
        }
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
        let whole = bytes.count / 6 * 6
        let letters = extend(whole / 6 * 8)
        for group in 0..<(whole / 6) {
            let high = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: group * 6, as: UInt32.self))
            let low = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: group * 6 + 4, as: UInt16.self))
            letters.storeBytes(
                of: Base64Words.letters(UInt64(high) << 16 | UInt64(low)).bigEndian, toByteOffset: group * 8, as: UInt64.self)
        }
        // The last ones, with a zero byte behind them, which goes again.
        let rest = UnsafeRawBufferPointer(rebasing: bytes[whole...])
        let length = sodium_base64_encoded_len(rest.count, Int32(sodium_base64_VARIANT_ORIGINAL))
        let room = extend(length).assumingMemoryBound(to: CChar.self)
        sodium_bin2base64(room, length, rest.octets, rest.count, Int32(sodium_base64_VARIANT_ORIGINAL))
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
