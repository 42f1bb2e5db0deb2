import CofferAge
import CofferClient

/// An age file whose plaintext is fetched piece by piece, by whoever must wait between two of them.
struct AgePieces: ~Copyable {
    private let source: AgeSource
    private var decryptor: AgeDecryptor
    private var hasEnded = false

    init(_ source: AgeSource, _ unlock: AgeUnlock) {
        self.source = source
        decryptor = AgeDecryptor(unlock)
    }

    /// The next bytes, at most some 512 KiB; `nil` at the end of a file that was whole.
    mutating func next() throws -> SecretBytes? {
        var plaintext: [UInt8] = []
        defer { Output.wipe(&plaintext) }
        plaintext.reserveCapacity(AgeSource.pieceSize * 2)
        while plaintext.isEmpty {
            if hasEnded { return nil }
            let piece = try source.next()
            do throws(AgeError) {
                if let piece { try decryptor.update(piece, into: &plaintext) } else { try decryptor.finish(into: &plaintext) }
            } catch {
                throw AgeError(error.code, "\(source.name): \(error.message)")
            }
            hasEnded = piece == nil
        }
        return plaintext.withUnsafeBytes { SecretBytes(copying: $0) }
    }
}
