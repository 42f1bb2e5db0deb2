extension Store {
    /// Writes everything that a restore needs (docs/backup-format.md), as one read transaction shows it. Blocks; on the calling thread,
    /// which must be none that serves requests.
    ///
    /// - Parameters:
    ///   - daemon: version of the program, for the first line.
    ///   - progress: how many of how many records were written; called every few thousand.
    ///   - sink: gets the plaintext in pieces of about 256 KiB; the bytes are wiped behind the call.
    /// - Throws: `locked`, also where the store is locked meanwhile; `damaged` for a record that cannot be read or does not fit its
    ///   layout; `failed` where the store's file grows too far meanwhile (formats.md 9); what `sink` throws.
    public func exportBackup(
        daemon: String = "", progress: (UInt64, UInt64) -> Void, to sink: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> BackupSummary {
        throw StoreError(.failed, "not there yet")
    }
}
