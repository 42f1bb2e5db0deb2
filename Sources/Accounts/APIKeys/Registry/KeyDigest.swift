import CofferStore

/// A key's hash as memory looks it up: no array, so that a hundred thousand of them stay small.
struct KeyDigest: Hashable, Sendable {
    var keyID: UInt32
    private var words: SIMD4<UInt64>

    init(_ hash: TokenHash) {
        keyID = hash.keyID
        var words = SIMD4<UInt64>()
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: hash.bytes.prefix(32)) }
        self.words = words
    }

    init(keyID: UInt32, bytes: UnsafeRawBufferPointer) {
        self.keyID = keyID
        words = bytes.loadUnaligned(as: SIMD4<UInt64>.self)
    }

    var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// In constant time: all four words are compared, whichever differs.
    static func == (left: Self, right: Self) -> Bool {
        let difference = left.words ^ right.words
        return (difference[0] | difference[1] | difference[2] | difference[3] | UInt64(left.keyID ^ right.keyID)) == 0
    }

    func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}
