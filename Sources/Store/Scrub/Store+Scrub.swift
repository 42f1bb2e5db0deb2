extension Store {
    /// Reads and opens every record in one read transaction, and compares what is there with what the store knows of it: counts and set
    /// hashes of the head, values with name records, names with their list, budgets with their reservations (formats.md 7).
    ///
    /// Blocks for as long as it takes; nothing else waits for it. It can be told from a store without damage that a record was changed,
    /// removed, added, moved or put back from an earlier copy, also by somebody who has the file and not the key.
    /// - Parameters:
    ///   - share: percent of one processor's time that it may take.
    ///   - progress: records that were looked at, and how many there are about; what it throws ends the scrub.
    /// - Throws: `locked`, `busy` where the store grew so much meanwhile that the transaction must end, what `progress` throws.
    public func scrub(
        share: Int = 100, progress: (_ done: UInt64, _ total: UInt64) throws(StoreError) -> Void = { (_, _) throws(StoreError) in }
    ) throws(StoreError) -> ScrubReport {
        let reader = try makeReader(indexed: false)
        try reader.begin()
        defer { reader.end() }
        return try withoutActuallyEscaping(progress) { (progress) throws(StoreError) in
            let pass = ScrubPass(store: self, transaction: reader.currentTransaction, keys: try reader.unlockedKeys(), share: share, progress)
            return try pass.run()
        }
    }
}
