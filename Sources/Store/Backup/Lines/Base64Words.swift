/// Standard base64, eight letters at a time in one machine word: no table is looked up, so the time does not depend on the bytes.
enum Base64Words {
    /// A byte in each of eight places.
    @inline(__always)
    private static func all(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    /// A one in each place whose byte is at least `limit`.
    /// - Parameter word: bytes below 128.
    @inline(__always)
    private static func areAtLeast(_ limit: UInt64, _ word: UInt64) -> UInt64 { ((word &+ all(128 - limit)) >> 7) & all(1) }

    /// The letters of six bytes; both stand with the first one highest.
    @inline(__always)
    static func letters(_ bytes: UInt64) -> UInt64 {
        var word = (bytes & 0xFFFFFF_000000) << 8 | bytes & 0xFFFFFF
        word = (word & 0x00FFF000_00FFF000) << 4 | word & 0x00000FFF_00000FFF
        word = (word & 0x0FC00FC0_0FC00FC0) << 2 | word & 0x003F003F_003F003F
        // A–Z, then a–z six letters further, the digits below them, + and /.
        return word &+ all(65) &+ areAtLeast(26, word) &* 6 &+ areAtLeast(63, word) &* 3
            &- areAtLeast(52, word) &* 75 &- areAtLeast(62, word) &* 15
    }

    /// The six bytes of eight letters; `nil` where one of these is none. Both stand with the first one highest.
    @inline(__always)
    static func bytes(_ letters: UInt64) -> UInt64? {
        guard letters & all(0x80) == 0 else { return nil }
        let digits = areAtLeast(48, letters) &- areAtLeast(58, letters)
        let capitals = areAtLeast(65, letters) &- areAtLeast(91, letters)
        let small = areAtLeast(97, letters) &- areAtLeast(123, letters)
        let plus = areAtLeast(43, letters) &- areAtLeast(44, letters)
        let slash = areAtLeast(47, letters) &- areAtLeast(48, letters)
        guard digits | capitals | small | plus | slash == all(1) else { return nil }
        var word = letters & ((digits | capitals | small) &* 0xFF)
        word = word &+ digits &* 4 &- capitals &* 65 &- small &* 71 &+ plus &* 62 &+ slash &* 63
        word = (word & 0x3F003F00_3F003F00) >> 2 | word & 0x003F003F_003F003F
        word = (word & 0x0FFF0000_0FFF0000) >> 4 | word & 0x00000FFF_00000FFF
        return (word & 0x00FFFFFF_00000000) >> 8 | word & 0x00FFFFFF
    }
}
