/// Reads a whole backup (its lines, decrypted) without keeping any of it: each line, the counts and the digest.
public struct BackupVerifier: ~Copyable {
    private let reader = BackupLineReader()

    public init() {}

    /// - Parameter bytes: the next ones, in pieces of any length.
    /// - Throws: `unknown-format` for what is no backup, or one of a newer version; `damaged` for everything else. The message names the
    ///   line and the field, never its content.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try reader.update(bytes) { (_) throws(StoreError) in }
    }

    /// - Throws: `damaged` where the last line is missing or says something else than what was read.
    public mutating func finish() throws(StoreError) -> BackupSummary { try reader.finish() }
}
