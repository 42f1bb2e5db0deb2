/// A passphrase, in guarded memory.
public final class AgePassphrase: Sendable {
    /// Longest, in bytes.
    public static let limit = 1_024

    let secret: GuardedBytes

    /// - Parameter bytes: 1 to 1,024, without a line end. The caller wipes them.
    /// - Throws: `invalid-passphrase`.
    public init(_ bytes: UnsafeRawBufferPointer) throws(AgeError) {
        guard bytes.count > 0 else { throw AgeError(.invalidPassphrase, "the passphrase is empty") }
        guard bytes.count <= Self.limit else {
            throw AgeError(.invalidPassphrase, "the passphrase has more than \(Self.limit) bytes")
        }
        // Nobody could type it again at a prompt.
        guard !bytes.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            throw AgeError(.invalidPassphrase, "the passphrase has a line end in it")
        }
        secret = try GuardedBytes(count: bytes.count) { $0.copyMemory(from: bytes) }
    }
}
