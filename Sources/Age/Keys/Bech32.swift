import CSodium

/// Bech32 (BIP 173), as age writes recipients and identities: a word, `1`, 32 bytes in groups of five bits, six letters of
/// checksum, all in lower or all in upper case.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    /// 256 bits.
    private static let groups = 52
    private static let checksumLength = 6
    static let keySize = 32

    enum Fault: Error {
        case mixedCase, wrongLength(Int, Int), unknownLetter, wrongChecksum, spareBits
    }

    /// The length of a whole text.
    static func length(_ word: StaticString) -> Int { word.utf8CodeUnitCount + 1 + groups + checksumLength }

    /// Whether `text` begins with `word` and `1`, in whatever case.
    static func begins(_ text: UnsafeRawBufferPointer, with word: StaticString) -> Bool {
        guard text.count > word.utf8CodeUnitCount, text[word.utf8CodeUnitCount] == UInt8(ascii: "1") else { return false }
        return (0..<word.utf8CodeUnitCount).allSatisfy { lower(text[$0]) == word.utf8Start[$0] }
    }

    /// Reads `text`, of which ``begins(_:with:)`` holds, to `output` (32 bytes).
    static func read(_ text: UnsafeRawBufferPointer, word: StaticString, to output: UnsafeMutableRawBufferPointer) throws(Fault) {
        guard text.count == length(word) else { throw .wrongLength(text.count, length(word)) }
        let hasLower = text.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        let hasUpper = text.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard !(hasLower && hasUpper) else { throw .mixedCase }
        var checksum = Checksum(word)
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        var index = 0
        for (position, letter) in text.dropping(word.utf8CodeUnitCount + 1).enumerated() {
            guard let value = value(lower(letter)) else { throw .unknownLetter }
            checksum.add(value)
            guard position < groups else { continue }
            accumulator = accumulator << 5 | UInt32(value)
            bits += 5
            if bits >= 8, index < output.count {
                bits -= 8
                output[index] = UInt8(truncatingIfNeeded: accumulator >> bits)
                index += 1
            }
        }
        guard checksum.value == 1 else { throw .wrongChecksum }
        guard accumulator & (1 << bits - 1) == 0 else { throw .spareBits }
    }

    /// Writes `key` (32 bytes) to `output`, which is ``length(_:)`` long.
    static func write(_ key: UnsafeRawBufferPointer, word: StaticString, upper: Bool, to output: UnsafeMutableRawBufferPointer) {
        var index = 0
        func put(_ letter: UInt8) {
            guard index < output.count else { return }
            output[index] = upper ? self.upper(letter) : letter
            index += 1
        }
        var checksum = Checksum(word)
        for position in 0..<word.utf8CodeUnitCount { put(word.utf8Start[position]) }
        put(UInt8(ascii: "1"))
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        func group(_ value: UInt8) {
            checksum.add(value)
            put(alphabet[Int(value)])
        }
        for byte in key {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                group(UInt8(truncatingIfNeeded: accumulator >> bits) & 31)
            }
        }
        if bits > 0 { group(UInt8(truncatingIfNeeded: accumulator << (5 - bits)) & 31) }
        for _ in 0..<checksumLength { checksum.add(0) }
        let end = checksum.value ^ 1
        for position in 0..<checksumLength { put(alphabet[Int(end >> (5 * UInt32(checksumLength - 1 - position))) & 31]) }
    }

    private static func lower(_ letter: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter) ? letter + 32 : letter
    }

    private static func upper(_ letter: UInt8) -> UInt8 {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) ? letter - 32 : letter
    }

    private static func value(_ letter: UInt8) -> UInt8? { alphabet.firstIndex(of: letter).map { UInt8($0) } }

    /// The remainder that must be 1 at the end of a right text.
    private struct Checksum {
        private(set) var value: UInt32 = 1

        init(_ word: StaticString) {
            for position in 0..<word.utf8CodeUnitCount { add(word.utf8Start[position] >> 5) }
            add(0)
            for position in 0..<word.utf8CodeUnitCount { add(word.utf8Start[position] & 31) }
        }

        mutating func add(_ group: UInt8) {
            let top = value >> 25
            value = (value & 0x1FF_FFFF) << 5 ^ UInt32(group)
            for (bit, generator) in Self.generators.enumerated() where top >> UInt32(bit) & 1 == 1 { value ^= generator }
        }

        private static let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
    }
}

extension Bech32.Fault {
    /// What is wrong, without the text.
    var reason: String {
        switch self {
        case .mixedCase: "it has small and capital letters"
        case .wrongLength(let length, let right): "it has \(length < right ? "fewer" : "more") than \(right) characters"
        case .unknownLetter: "it has a character that none has"
        case .wrongChecksum: "its checksum does not fit: a letter is wrong, or two have changed places"
        case .spareBits: "its last letter holds bits that must be zero"
        }
    }
}
