extension Store {
    /// Writes everything that a restore needs (docs/backup-format.md), as one read transaction shows it. Blocks; on the calling thread,
    /// which must be none that serves requests.
    ///
    /// - Parameters:
    ///   - daemon: version of the program, for the first line; at most 255 bytes.
    ///   - progress: how many of how many records were written; called every thousand or so.
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
        return try withoutActuallyEscaping(sink) { (sink) throws(StoreError) in
            try withoutActuallyEscaping(progress) { (progress) throws(StoreError) in
                let progress = BackupProgress(
                    report: progress, isLocked: { self.isLocked }, fileBytes: { transaction.environment.usage().fileBytes })
                let export = try BackupExport(
                    transaction: transaction, keys: keys, output: BackupOutput(sink: sink), progress: progress)
                return try export.run(
                    BackupHeader(
                        created: options.clock(), daemon: daemon, storeID: storeID, incarnation: export.head.incarnation,
                        revision: export.head.revision))
            }
        }
    }
}
