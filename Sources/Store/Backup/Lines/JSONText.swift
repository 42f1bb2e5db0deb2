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

    /// The place of the first byte from `start` on that must be escaped; the end where there is none.
    @inline(__always)
    static func endOfPlain(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while bytes.count - index >= 8, Words.arePlain(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { index += 8 }
        while index < bytes.count, isPlain(bytes[index]) { index += 1 }
        return index
    }

    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while bytes.count - index >= 8, Words.areASCII(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { index += 8 }
        // Between two ASCII bytes nothing is cut apart.
        let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
        if rest.allSatisfy({ $0 < 0x80 }) { return true }
        return (try? UTF8Span(validating: rest.bindMemory(to: UInt8.self).span)) != nil
    }

    /// Whether bytes of a value are written as text: UTF-8 without control characters other than tab, line feed and carriage return,
    /// which would make it six times as long. Everything else is base64.
    static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while bytes.count - index >= 8, Words.areVisibleASCII(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { index += 8 }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
        let hasControls = rest.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return !hasControls && isUTF8(rest)
    }

    /// Eight bytes looked at in one step: most text has nothing to be looked at closer.
    private enum Words {
        @inline(__always)
        private static func all(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

        @inline(__always)
        static func areASCII(_ word: UInt64) -> Bool { word & all(0x80) == 0 }

        /// From 0x20 to 0x7F.
        @inline(__always)
        static func areVisibleASCII(_ word: UInt64) -> Bool { (word | (word &- all(0x20))) & all(0x80) == 0 }

        @inline(__always)
        static func arePlain(_ word: UInt64) -> Bool {
            let controls = (word &- all(0x20)) & ~word
            return (controls | zeros(word ^ all(0x22)) | zeros(word ^ all(0x5C))) & all(0x80) == 0
        }

        /// Has the highest bit of a place where a byte is zero, and none where all are not.
        @inline(__always)
        private static func zeros(_ word: UInt64) -> UInt64 { (word &- all(1)) & ~word }
    }
}
