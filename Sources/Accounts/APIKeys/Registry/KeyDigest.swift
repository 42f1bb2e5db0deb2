import CofferStore

/// A key's hash as memory looks it up: four words and no array, so that a hundred thousand of them stay small.
struct KeyDigest: Equatable, Sendable {
    var keyID: UInt32
    private var words: (UInt64, UInt64, UInt64, UInt64)

    init(_ hash: TokenHash) { self = hash.bytes.withUnsafeBytes { KeyDigest(keyID: hash.keyID, bytes: $0) } }

    /// - Parameter bytes: 32 of them; what is missing counts as zero.
    init(keyID: UInt32, bytes: UnsafeRawBufferPointer) {
        self.keyID = keyID
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes.prefix(32)) }
    }

    var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// Where it stands in the look-up table: as good as random. Two digests that share it are as likely as a broken hash.
    var slot: UInt64 { words.0 }

    /// In constant time: all four words are compared, whichever differs.
    static func == (left: Self, right: Self) -> Bool {
        let difference = (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
        return (difference | (left.words.3 ^ right.words.3) | UInt64(left.keyID ^ right.keyID)) == 0
    }
}
