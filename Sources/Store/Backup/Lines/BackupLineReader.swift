/// Reads the lines of a backup as they come. Flat memory: it holds at most one line.
///
/// Everything is refused that the writer would not write: what is accepted encodes to the same bytes again.
final class BackupLineReader {
    /// Bytes of one line, without its end.
    static let largestLine = 4 << 20

    init() {}

    /// What stands for hash key `number` of the file in the documents that follow; without it, the number itself. To be called when the
    /// key's line was taken, before the first document.
    func setKeyID(_ id: UInt32, of number: UInt32) {}

    /// - Parameter take: gets each line, in order; what it throws ends the reading.
    /// - Throws: `unknown-format` for what is no backup, or one of a newer version; `damaged` for everything else. The message names the
    ///   line and the field, never its content.
    func update(_ bytes: UnsafeRawBufferPointer, _ take: (BackupItem) throws(StoreError) -> Void) throws(StoreError) {
        throw StoreError(.failed, "not there yet")
    }

    /// - Throws: `damaged` where the last line is missing.
    func finish() throws(StoreError) -> BackupSummary {
        throw StoreError(.failed, "not there yet")
    }
}
