import CLMDB
import Glibc

/// What the writer's thread knows and does. Everything here runs on that thread only.
final class WriterCore {
    private let environment: Environment
    private let options: Store.Options
    private let counter: CounterFile
    private let directory: SharedDirectory
    /// Where commits become visible: readers, listeners, the atomic revision.
    private unowned let store: Store

    private(set) var header: Header
    private(set) var keys: KeySet?
    private(set) var head: Head?
    /// Seals made since the key was opened, and how many the header has reserved for it.
    private var sealsUsed: UInt64 = 0
    private var broken: StoreError?
    private var counterWritten = CounterFile.Content(incarnation: [], revision: 0)
    private var counterTime: UInt64 = 0
    private(set) var commits: UInt64 = 0

    init(environment: Environment, options: Store.Options, counter: CounterFile, directory: SharedDirectory, header: Header, store: Store) {
        self.environment = environment
        self.options = options
        self.counter = counter
        self.directory = directory
        self.header = header
        self.store = store
    }

    // MARK: Keys

    /// Takes the keys, reads and judges the head.
    func unlock(_ newKeys: KeySet) throws(StoreError) {
        let transaction = try Transaction.begin(environment, readOnly: true)
        defer { transaction.abort() }
        let sealed = SealedTransaction(transaction, keys: newKeys, head: Head(incarnation: []))
        guard let bytes = try sealed.open(.head, Head.key) else { throw StoreError(.damaged, "the store has no head record") }
        let found = try Head(decoding: bytes)
        if let seen = try counter.read(storeID: header.storeID, keys: newKeys), seen.incarnation == found.incarnation,
            seen.revision > found.revision {
            throw StoreError(
                .rolledBack,
                "the store is at revision \(found.revision), but it was at \(seen.revision) before: an older copy was put in its place")
        }
        keys = newKeys
        head = found
        sealsUsed = newKeys.keyring.entries.first { $0.id == newKeys.sealing.id }?.sealCount ?? 0
    }

    func lock() {
        writeCounter()
        keys = nil
        head = nil
    }

    /// Changes the header in a transaction of its own.
    func change(header change: (inout Header) throws(StoreError) -> Void) throws(StoreError) {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        var new = header
        try change(&new)
        let transaction = try Transaction.begin(environment, readOnly: false)
        do throws(StoreError) {
            try transaction.putMeta(Store.headerKey, try new.encoded(root: keys.root))
        } catch {
            transaction.abort()
            throw error
        }
        try lmdb(transaction.commit(), "mdb_txn_commit")
        header = new
    }

    // MARK: Committing

    /// Commits a group of batches and answers each. A batch whose preconditions fail, fails alone.
    func commit(_ jobs: [Writer.Job]) {
        if attempt(jobs) { return }
        // No room, or LMDB refused: each batch by itself, once, with fresh nonces.
        for job in jobs where !attempt([job]) {
            job.completion(.failure(lastFailure ?? StoreError(.failed, "the change could not be written")))
        }
    }

    private var lastFailure: StoreError?

    /// - Returns: false when nothing was answered and each batch may be tried alone.
    private func attempt(_ jobs: [Writer.Job]) -> Bool {
        lastFailure = nil
        if let refusal = refusal() {
            for job in jobs { job.completion(.failure(refusal)) }
            return true
        }
        guard let keys, let head else { return true }
        do throws(StoreError) {
            let transaction = try Transaction.begin(environment, readOnly: false)
            var group = CommitGroup(
                SealedTransaction(transaction, keys: keys, head: head), directory: directory, options: options, usage: environment.usage())
            do throws(StoreError) {
                for job in jobs { try group.add(job) }
                guard group.changed else {
                    transaction.abort()
                    answer(group)
                    return true
                }
                try group.finish(now: options.clock())
                let newHeader = try reserveSeals(group.seals, in: transaction, keys: keys)
                try finish(&group, transaction, newHeader: newHeader)
            } catch {
                sealsUsed += group.seals
                throw error
            }
            answer(group)
            return true
        } catch {
            lastFailure = error
            return false
        }
    }

    private func refusal() -> StoreError? {
        if keys == nil || head == nil { return StoreError(.locked, "the store is locked") }
        if let broken { return StoreError(.readOnly, "the store is read-only until it is opened again: \(broken.message)") }
        return nil
    }

    /// Commits, and publishes in the same step the directory of names that belongs to the commit.
    private func finish(_ group: inout CommitGroup, _ transaction: Transaction, newHeader: Header?) throws(StoreError) {
        var code: Int32 = 0
        let newDirectory = group.directoryAfter
        directory.publish { () -> NameDirectory? in
            code = transaction.commit()
            return code == 0 ? newDirectory : nil
        }
        guard code == 0 else { throw commitFailure(code) }
        commits += 1
        sealsUsed += group.seals
        head = group.head
        if let newHeader {
            header = newHeader
            try advanceKeyIfSpent()
        }
        store.publish(group.indexChanges, changes: group.changes, revision: group.head.revision)
    }

    private func commitFailure(_ code: Int32) -> StoreError {
        switch code {
        case MDB_MAP_FULL, MDB_TXN_FULL, ENOSPC, EDQUOT, ENOMEM: return StoreError.fromLMDB(code, "mdb_txn_commit")
        default:
            let error = StoreError.fromLMDB(code, "mdb_txn_commit")
            broken = error
            // Only a failed write of the meta page leaves it open whether the change is there (formats.md 8).
            var probe: OpaquePointer?
            let next = mdb_txn_begin(environment.handle, nil, 0, &probe)
            if next == 0 { mdb_txn_abort(probe) }
            return next == MDB_PANIC ? StoreError(.outcomeUnknown, "the disk failed while the change was made durable") : error
        }
    }

    private func answer(_ group: borrowing CommitGroup) {
        for (job, result) in group.outcomes { job.completion(result) }
    }

    // MARK: Seal counts

    /// Reserves seals ahead in the header, in the transaction that needs them (formats.md 10).
    private func reserveSeals(_ made: UInt64, in transaction: Transaction, keys: KeySet) throws(StoreError) -> Header? {
        guard let index = keys.keyring.entries.firstIndex(where: { $0.id == keys.sealing.id }) else { return nil }
        let present = try header.openKeyring(root: keys.root)
        var keyring = present
        let entry = keyring.entries[index]
        guard sealsUsed + made + entry.reservationStep / 2 >= entry.sealCount else { return nil }
        keyring.entries[index].sealCount = sealsUsed + made + entry.reservationStep
        var new = header
        try new.seal(keyring, root: keys.root)
        try transaction.putMeta(Store.headerKey, try new.encoded(root: keys.root))
        return new
    }

    /// A key that has sealed as much as it may gives way to a new one.
    private func advanceKeyIfSpent() throws(StoreError) {
        guard let keys else { return }
        var keyring = try header.openKeyring(root: keys.root)
        guard let entry = keyring.entries.first(where: { $0.id == keys.sealing.id }), sealsUsed + entry.reservationStep >= entry.limit else { return }
        try keyring.advanceRecordKey(suite: store.newRecordSuite, sealLimit: options.sealLimit)
        try change { (header) throws(StoreError) in try header.seal(keyring, root: keys.root) }
        let new = try KeySet(root: keys.root, keyring: keyring, aesHardware: store.hasAES)
        self.keys = new
        sealsUsed = 0
        store.publish(keys: new)
    }

    // MARK: Counter file

    var counterIsBehind: Bool {
        guard let head else { return false }
        return counterWritten.revision != head.revision || counterWritten.incarnation != head.incarnation
    }

    func writeCounter() {
        guard let keys, let head, counterIsBehind else { return }
        counterWritten = .init(incarnation: head.incarnation, revision: head.revision)
        counter.write(counterWritten, storeID: header.storeID, keys: keys)
    }
}
