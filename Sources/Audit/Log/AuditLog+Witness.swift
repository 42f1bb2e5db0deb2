import CofferStore

// Changes: recorded before they happen.
extension AuditLog: CommitWitness {
    private static let openMilliseconds = 10_000

    public func willUnlock(_ keys: AuditKeys, _ store: WitnessedStore) -> StorePlace? {
        let ticket = LogTicket<StorePlace?>()
        monitor.locked {
            place = Block.Prologue(store.place)
            self.keys = keys
            storeID = store.storeID
            commands.append(.open(keys, store, ticket))
            monitor.signal()
        }
        // A disk that hangs does not keep the store locked: then nothing is known, and reads fail for want of a log.
        return ticket.wait(milliseconds: Self.openMilliseconds) ?? nil
    }

    public func willAccept(_ rollback: RollbackAcceptance) throws(StoreError) {
        do throws(StoreError) {
            try require(AuditRecord(
                time: clock(), who: who, noun: .store, action: .acceptRollback, revision: rollback.revision,
                note: "the store was found at revision \(rollback.found), it had been at \(rollback.known), and goes on at \(rollback.revision)"))
        } catch {
            throw StoreError(
                error.code, "the older store is not taken without a record of it: \(error.message); 'coffer audit repair --store' begins a broken "
                    + "log anew")
        }
    }

    public func didNotUnlock(_ error: StoreError) {
        record(AuditRecord(
            time: clock(), who: who, noun: .store, action: .unlock, result: AuditRecord.result(of: error), note: error.message))
        didLock()
    }

    /// The keys go, behind what is recorded. Blocks for nothing.
    public func didLock() {
        monitor.locked {
            emptyRecorders = 0
            commands.append(.close)
            monitor.signal()
        }
    }

    public func willCommit(_ commits: [WitnessedCommit]) throws(StoreError) -> [UInt8]? {
        guard permitsChanges else { throw unavailable }
        let records = RecordBuffer()
        for commit in commits { encode(commit, to: records) }
        guard !records.isEmpty else { return nil }
        let ticket = LogTicket<ChainHead?>()
        // A large import takes longer than a wait for nothing.
        let wait = Self.waitMilliseconds + records.count >> 14
        let isRefused = monitor.locked {
            guard hasRoom(isAwaited: true) else { return true }
            incoming.append(records)
            noteIncoming()
            waiters.append(Waiter(deadline: Clock.monotonic + wait) { ticket.settle($0) })
            monitor.signal()
            return false
        }
        if isRefused { throw unavailable }
        if let head = ticket.wait(milliseconds: wait + 100) ?? nil { return head.encoded() }
        // Perhaps they are written yet, when the disk is back.
        if let first = commits.first?.revision, let last = commits.last?.revision, first <= last {
            didNotCommit(first...last, unavailable)
        }
        throw unavailable
    }

    private func encode(_ commit: WitnessedCommit, to records: RecordBuffer) {
        let who = AuditWho(selector: commit.principal)
        let keys = monitor.locked { self.keys }
        for (index, change) in commit.changes.enumerated() {
            let digest = commit.values[index].flatMap { value in withExtendedLifetime(value) { keys?.digest(of: value.bytes) } }
            RecordLayout.write(
                AuditRecord(
                    time: commit.time, who: who, noun: AuditNoun(change.table), action: AuditAction(change.operation), tenant: change.tenant,
                    name: change.name, version: change.version, revision: commit.revision, digest: digest ?? []),
                to: records)
        }
    }

    public func didCommit(_ place: StorePlace) {
        monitor.locked { self.place = Block.Prologue(place) }
    }

    public func willChangeKeys(_ change: KeyChange) throws(StoreError) {
        try require(AuditRecord(time: clock(), who: who, noun: .store, action: .rekey, note: KeyNotes.text(of: change)))
    }

    public func didNotCommit(_ revisions: ClosedRange<UInt64>, _ error: StoreError) {
        let outcome = error.code == .outcomeUnknown ? "may not have happened" : "did not happen"
        record(AuditRecord(
            time: clock(), who: .daemon, noun: .store, action: .notCommitted, result: error.code == .outcomeUnknown ? 23 : 22,
            version: revisions.lowerBound, revision: revisions.upperBound,
            note: "the changes of revisions \(revisions.lowerBound) to \(revisions.upperBound) \(outcome): \(error.code)"))
    }
}
