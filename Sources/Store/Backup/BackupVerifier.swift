/// Reads a whole backup (its lines, decrypted) without keeping any of it: each line, the counts and the digest, and on request what its
/// documents say.
public struct BackupVerifier: ~Copyable {
    private let reader = BackupLineReader()
    private let check: DocumentCheck?
    /// The first document that the check objects to, and why: the backup is whole, but no restore takes it.
    public private(set) var objection: StoreError?

    /// - Parameter check: asked about each document, where one is given.
    public init(_ check: DocumentCheck? = nil) { self.check = check }

    /// - Parameter bytes: the next ones, in pieces of any length.
    /// - Throws: `unknown-format` for what is no backup, or one of a newer version; `damaged` for everything else. The message names the
    ///   line and the field, never its content.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try reader.update(bytes) { (item) throws(StoreError) in
            guard objection == nil, let check, case .document(let document) = item else { return }
            do throws(StoreError) { try check.check(document) } catch { objection = error }
        }
    }

    /// - Throws: `damaged` where the last line is missing or says something else than what was read.
    public mutating func finish() throws(StoreError) -> BackupSummary { try reader.finish() }
}
