import Crypto
import Glibc

/// The digest of a backup: the sum modulo 2^256 of SHA-256 over each line of content, so that the order does not matter.
struct LineDigest: Equatable {
    /// The most significant word first.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    mutating func add(_ line: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: line)
        hash.finalize().withUnsafeBytes { digest in
            func word(_ index: Int) -> UInt64 { UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)) }
            var carry: UInt64 = 0
            words.3 = Self.sum(words.3, word(3), &carry)
            words.2 = Self.sum(words.2, word(2), &carry)
            words.1 = Self.sum(words.1, word(1), &carry)
            words.0 = Self.sum(words.0, word(0), &carry)
        }
    }

    /// Adds each whole line of `lines` but the first and the last one of a backup, which are no content.
    mutating func add(linesOfContent lines: UnsafeRawBufferPointer) {
        let other: StaticString = "{\"coffer\":"
        var rest = lines
        while let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
            let length = UnsafeRawPointer(end) - start
            let isContent = length < other.utf8CodeUnitCount || memcmp(start, other.utf8Start, other.utf8CodeUnitCount) != 0
            if isContent { add(UnsafeRawBufferPointer(start: start, count: length)) }
            rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
        }
    }

    private static func sum(_ left: UInt64, _ right: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (first, over) = left.addingReportingOverflow(right)
        let (second, again) = first.addingReportingOverflow(carry)
        carry = over || again ? 1 : 0
        return second
    }

    /// 64 hex digits.
    var hex: String {
        [words.0, words.1, words.2, words.3].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
