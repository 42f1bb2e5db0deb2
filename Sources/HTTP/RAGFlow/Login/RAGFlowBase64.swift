import CofferStore

/// Base64 as RAGFlow's clients write it: line breaks within are no fault, the padding may be missing.
enum RAGFlowBase64 {
    /// - Returns: `nil` for other characters, a padding in the middle, or a length that no bytes have.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBytes { text in
            guard let count = decodedCount(text) else { return nil }
            var output = [UInt8](repeating: 0, count: count)
            output.withUnsafeMutableBytes { fill($0, from: text) }
            return output
        }
    }

    /// The same for what must not lie about in memory.
    static func decodeSecret(_ text: UnsafeRawBufferPointer) -> SecretBuffer? {
        guard let count = decodedCount(text) else { return nil }
        return SecretBuffer(count: count) { fill($0, from: text) }
    }

    /// With the alphabet of URLs and without padding, as itsdangerous writes it.
    static func urlText(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFFFF
            held += 8
            while held >= 6 {
                held -= 6
                output.append(alphabet[Int(bits >> UInt32(held)) & 63])
            }
        }
        if held > 0 { output.append(alphabet[Int(bits << UInt32(6 - held)) & 63]) }
        return output
    }

    /// What ``urlText(_:)`` wrote; `nil` for anything else.
    static func decodeURLText(_ text: [UInt8]) -> [UInt8]? {
        var standard = text
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "-"): standard[index] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): standard[index] = UInt8(ascii: "/")
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: " "), 9...13: return nil
            default: break
            }
        }
        return decode(standard)
    }

    /// How many bytes the text stands for.
    private static func decodedCount(_ text: UnsafeRawBufferPointer) -> Int? {
        var digits = 0
        var padding = 0
        for byte in text where !isBlank(byte) {
            if byte == UInt8(ascii: "=") {
                padding += 1
            } else {
                guard padding == 0, value(byte) != nil else { return nil }
                digits += 1
            }
        }
        guard digits % 4 != 1, padding <= 2 else { return nil }
        return digits * 3 / 4
    }

    private static func fill(_ output: UnsafeMutableRawBufferPointer, from text: UnsafeRawBufferPointer) {
        var bits: UInt32 = 0
        var held = 0
        var written = 0
        for byte in text {
            guard let value = value(byte) else { continue }
            bits = (bits << 6 | value) & 0xFFFFFF
            held += 6
            if held >= 8, written < output.count {
                held -= 8
                output[written] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                written += 1
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
