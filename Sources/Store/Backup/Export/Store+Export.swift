extension Store {
    /// Writes everything that a restore needs (docs/backup-format.md), as one read transaction shows it. Blocks the calling thread, which
    /// must be none that serves requests; the closures are called on it.
    ///
    /// - Parameters:
    ///   - daemon: version of the program, for the first line; at most 255 bytes.
    ///   - progress: how many of how many records were written; called with each piece.
    ///   - sink: gets the plaintext in pieces of about 256 KiB; the bytes are wiped behind the call.
    /// - Throws: `locked`, also where the store is locked meanwhile; `damaged` for a record that cannot be read or does not fit its
    ///   layout; `failed` where the store's file grows too far meanwhile (formats.md 9); what `sink` throws.
    public func exportBackup(
        daemon: String = "", progress: (UInt64, UInt64) -> Void, to sink: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> BackupSummary {
        guard daemon.utf8.count <= 255 else { throw StoreError(.invalidArgument, "the program's version has more than 255 bytes") }
        // Its transaction counts among the readers that status shows.
        let reader = try makeReader(indexed: false)
        try reader.begin()
        defer { reader.end() }
        guard let keys = reader.currentKeys else { throw StoreError(.locked, "the store is locked") }
        let transaction = reader.currentTransaction
        let pipeline = try BackupPipeline(
            transaction, keys: keys, isLocked: { self.isLocked }, fileBytes: { transaction.environment.usage().fileBytes })
        let head = pipeline.export.head
        let header = BackupHeader(
            created: options.clock(), daemon: daemon, storeID: storeID, incarnation: head.incarnation, revision: head.revision)
        return try pipeline.run(header, progress: progress, to: sink)
    }
}
