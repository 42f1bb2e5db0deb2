import Atomics

// Where the store stands, for status and metrics.
extension Store {
    /// Why nothing can be changed until the store is opened again; `nil`: it can. Locking is not among the reasons.
    public var readOnlyReason: String? { monitor.locked { state.readOnlyReason } }
    func noteReadOnly(_ reason: String?) { monitor.locked { state.readOnlyReason = reason } }

    /// That this store took a rollback when it was unlocked; `nil`: there was none.
    public var rollbackAccepted: RollbackAcceptance? { monitor.locked { state.rollbackAccepted } }

    /// Whether the file that shows rollbacks (formats.md 7) was gone when the store was unlocked: then none could be noticed. No error:
    /// a new one is written at once.
    public var counterWasMissing: Bool { monitor.locked { state.counterWasMissing } }

    /// 16 bytes.
    public var storeID: [UInt8] { monitor.locked { state.header.storeID } }
    /// 16 bytes (formats.md 4). Zeros while locked.
    public var incarnation: [UInt8] { monitor.locked { state.incarnation } }
    /// The last committed revision; one atomic load. 0 while it was never unlocked.
    public var revision: UInt64 { committed.load(ordering: .acquiring) }

    /// Blocks for a walk over LMDB's free list, on the worker's thread.
    public func statistics() -> StoreStatistics {
        var result = StoreStatistics()
        guard let environment = try? retainEnvironment() else { return result }
        defer { environment.release() }
        let usage = environment.usage()
        result.fileBytes = usage.fileBytes
        result.commits = commitCount.load(ordering: .relaxed)
        result.mappedBytes = UInt64(environment.mapBytes)
        result.quotaBytes = UInt64(options.quotaBytes > 0 ? options.quotaBytes : environment.mapBytes)
        result.readersInUse = usage.readers
        result.namesReady = directory.isReady
        result.namePages = UInt64(directory.pages)
        result.nameDirectoryBytes = UInt64(directory.bytes)
        let now = options.clock()
        monitor.locked {
            for reader in readers {
                let began = reader.seat.began
                if began != 0 && now > began { result.oldestReaderAge = max(result.oldestReaderAge, now - began) }
                guard let index = reader.index else { continue }
                result.indexBytes += UInt64(index.bytes)
                result.indexEntries += UInt64(index.entries)
                result.indexLimit += UInt64(options.indexBytes)
            }
            result.suite = state.keys?.sealing.cipher.suite.name ?? ""
            result.keysLockedInMemory = state.keys?.isLockedInMemory ?? false
        }
        let numbers = try? withWorker { (worker) throws(StoreError) in
            (worker.head, worker.reader.currentTransaction.environment.freePages(in: worker.reader.currentTransaction.handle))
        }
        if let numbers {
            result.freePages = numbers.1
            result.secrets = numbers.0?.listedNames ?? 0
            result.logRevisions = (numbers.0?.revision ?? 0) + 1 - (numbers.0?.oldestLogged ?? 1)
        }
        return result
    }
}
