import CSodium

/// A recovery key as people write it down: 32 random bytes and a checksum of 20 bits, in Crockford's base 32, in groups of four.
///
/// The alphabet has no I, L, O and U; reading takes lower case, blanks and dashes, and I and L for 1, O for 0.
enum RecoveryKey {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    /// 256 bits in 52 letters, the checksum in 4 more.
    private static let letters = 56
    private static let keySize = 32

    static func format(_ key: UnsafeRawBufferPointer) -> String {
        var digits = digits(of: key, count: 52)
        digits += checksum(key)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && index % 4 == 0 { text.append("-") }
            text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(digit)]))
        }
        return text
    }

    /// - Throws: `unlock-failed` that says what is wrong with the text, and nothing of the text.
    static func parse(_ text: UnsafeRawBufferPointer) throws(StoreError) -> GuardedBytes {
        var digits: [UInt8] = []
        digits.reserveCapacity(letters)
        for byte in text where byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") && !(0x09...0x0D).contains(byte) {
            guard let digit = digit(byte) else {
                throw StoreError(.unlockFailed, "the recovery key has a character that recovery keys do not have")
            }
            digits.append(digit)
            guard digits.count <= letters else { throw StoreError(.unlockFailed, "the recovery key is longer than \(letters) letters") }
        }
        guard digits.count == letters else {
            throw StoreError(.unlockFailed, "the recovery key has \(digits.count) letters of \(letters)")
        }
        let key = try GuardedBytes(count: keySize) { output in
            var accumulator: UInt32 = 0
            var bits = 0
            var index = 0
            for digit in digits[..<52] {
                accumulator = (accumulator << 5) | UInt32(digit)
                bits += 5
                if bits >= 8 && index < keySize {
                    bits -= 8
                    output[index] = UInt8(truncatingIfNeeded: accumulator >> UInt32(bits))
                    index += 1
                }
            }
        }
        // The last letter of the key has four bits more than the key.
        guard digits[51] & 15 == 0, checksum(key.bytes) == Array(digits[52...]) else {
            throw StoreError(.unlockFailed, "the recovery key has a typing error: its checksum does not fit")
        }
        return key
    }

    private static func checksum(_ key: UnsafeRawBufferPointer) -> [UInt8] {
        let label = Array("coffer recovery key".utf8)
        let hash = label.withUnsafeBytes { KeyedHash.bytes($0, key: key, count: 16) }
        return hash.withUnsafeBytes { digits(of: UnsafeRawBufferPointer(rebasing: $0[..<3]), count: 4) }
    }

    private static func digits(of bytes: UnsafeRawBufferPointer, count: Int) -> [UInt8] {
        var digits: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits = 0
        for byte in bytes {
            accumulator = (accumulator << 8) | UInt32(byte)
            bits += 8
            while bits >= 5 && digits.count < count {
                bits -= 5
                digits.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)) & 31)
            }
        }
        if digits.count < count { digits.append(UInt8(truncatingIfNeeded: accumulator << UInt32(5 - bits)) & 31) }
        return digits
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
        switch upper {
        case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
        case UInt8(ascii: "O"): return 0
        default: return alphabet.firstIndex(of: upper).map { UInt8($0) }
        }
    }
}
