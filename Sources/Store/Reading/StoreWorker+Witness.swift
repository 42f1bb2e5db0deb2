extension StoreWorker {
    /// What the witness of commits gave with the last one; `nil`: there was none.
    public func witnessHead() throws(StoreError) -> [UInt8]? {
        guard let keys = reader.currentKeys else { throw StoreError(.locked, "the store is locked") }
        return try SealedTransaction(reader.currentTransaction, keys: keys, head: Head(incarnation: []))
            .open(.auditHead, CommitGroup.witnessKey)
    }
}
