import CLMDB
import Glibc

/// What the writer's thread knows and does. Everything here runs on that thread only.
final class WriterCore {
    /// Replaced only together with everything that was read from it (``WriterCore+Moving.swift``).
    var environment: Environment
    let folder: StoreFolder
    let options: Store.Options
    let counter: CounterFile
    let directory: SharedDirectory
    /// Where commits become visible: readers, listeners, the atomic revision.
    unowned let store: Store

    private(set) var header: Header
    private(set) var keys: KeySet?
    var head: Head?
    /// While a restore has what it needs of the store: nothing may change any more.
    var frozen: StoreError?
    /// What the group would have left whose commit failed, and may be there all the same.
    var doubt: Doubt?
    /// When opening again was tried last, in milliseconds of the monotonic clock.
    var lastReopening: Int?
    /// The lock on the folder while no environment is open that could keep it.
    var heldOwner: OwnerLock?
    /// Of the key that seals now: seals that were made, those that the header has reserved, and how many it may make at all.
    var sealsUsed: UInt64 = 0
    private(set) var sealsReserved: UInt64 = 0
    private var sealLimit: UInt64 = 0
    var broken: StoreError? {
        didSet { store.noteReadOnly(broken?.message) }
    }
    var counterWritten = StorePlace(incarnation: [], revision: 0)
    /// When the counter file was written last, in milliseconds of the monotonic clock.
    private var counterTime: Int?

    init(
        environment: Environment, folder: StoreFolder, options: Store.Options, counter: CounterFile, directory: SharedDirectory,
        header: Header, store: Store
    ) {
        self.environment = environment
        self.folder = folder
        self.options = options
        self.counter = counter
        self.directory = directory
        self.header = header
        self.store = store
    }

    // MARK: Keys

    /// Takes the root key; opens the keyring, reads and judges the head.
    /// - Parameter accepted: the revision at which an older store than the one that was known is taken all the same.
    /// - Returns: what was accepted; `nil`: nothing had to be.
    func unlock(root: GuardedBytes, accepting accepted: UInt64?) throws(StoreError) -> RollbackAcceptance? {
        let newKeys = try KeySet(root: root, keyring: try header.openKeyring(root: root), aesHardware: store.hasAES)
        let transaction = try Transaction.begin(environment, readOnly: true)
        defer { transaction.abort() }
        let sealed = SealedTransaction(transaction, keys: newKeys, head: Head(incarnation: []))
        guard let bytes = try sealed.open(.head, Head.key) else { throw StoreError(.damaged, "the store has no head record") }
        let found = try Head(decoding: bytes)
        var acceptance: RollbackAcceptance?
        if let known = try rollback(of: found, newKeys, sealed) {
            do throws(StoreError) {
                let approved = try approve(known, found, accepting: accepted)
                take(newKeys)
                head = found
                try goOn(with: approved.head)
                acceptance = approved.acceptance
            } catch {
                // Without the counter file: it remembers what the store does not.
                (keys, head) = (nil, nil)
                store.witness?.didNotUnlock(error)
                throw error
            }
        } else {
            take(newKeys)
            head = found
        }
        // Sealed on a machine with AES instructions, opened on one without: new records get a key of another suite. Where that cannot be
        // written the store can still be read.
        if !newKeys.sealing.cipher.canSeal { try? advanceKey(retired: .openingOnly, because: .hardware) }
        return acceptance
    }

    /// Everything that was read from an environment, at once.
    func take(_ header: Header, _ keys: KeySet?, _ head: Head?) {
        take(header)
        if let keys { take(keys) }
        self.head = head
    }

    func take(_ new: KeySet) {
        keys = new
        let entry = new.keyring.entries.first { $0.id == new.sealing.id }
        // What was reserved and not used is forfeited.
        sealsUsed = entry?.sealCount ?? 0
        sealsReserved = sealsUsed
        sealLimit = entry?.limit ?? 0
    }

    func lock() {
        writeCounter()
        keys = nil
        head = nil
    }

    /// Changes the header in a transaction of its own.
    /// - Parameter root: the one that authenticates it from now on; `nil`: the present one.
    func change(root: GuardedBytes? = nil, header change: (inout Header) throws(StoreError) -> Void) throws(StoreError) {
        if let refusal = refusal(sealing: false) { throw refusal }
        guard let keys else { return }
        var new = header
        try change(&new)
        let transaction = try Transaction.begin(environment, readOnly: false)
        let written: Header
        do throws(StoreError) {
            written = try write(new, root: root ?? keys.root, in: transaction)
        } catch {
            transaction.abort()
            throw error
        }
        let code = transaction.commit()
        guard code == 0 else {
            let failure = commitFailure(code)
            // The head stays as it is; the header that is there is read anew.
            if broken != nil { reopen() }
            throw failure
        }
        take(written)
    }

    /// - Returns: the header as whoever reads it gets it, with the authentication that belongs to it.
    private func write(_ new: Header, root: GuardedBytes, in transaction: Transaction) throws(StoreError) -> Header {
        let bytes = try new.encoded(root: root)
        try transaction.putMeta(Store.headerKey, bytes)
        let read = try bytes.withBytes { (bytes) throws(StoreError) in
            try Header(decoding: bytes)
        }
        return read
    }

    private func take(_ written: Header) {
        header = written
        store.headerChanged(written)
    }

    // MARK: Committing

    /// Commits a group of batches and answers each. A batch whose preconditions fail, fails alone.
    func commit(_ jobs: [Writer.Job]) {
        guard let failure = attempt(jobs) else { return }
        // The audit log has been waited for already: it is not asked once for each.
        if jobs.count == 1 || failure.code == .audit {
            for job in jobs { job.completion(.failure(failure)) }
            return
        }
        // No room, or LMDB refused: each batch by itself, once, with fresh nonces.
        for job in jobs {
            if let failure = attempt([job]) { job.completion(.failure(failure)) }
        }
    }

    /// - Returns: why nothing was written and nobody answered; `nil`: all were answered.
    private func attempt(_ jobs: [Writer.Job]) -> StoreError? {
        if let refusal = refusal(sealing: true) {
            for job in jobs { job.completion(.failure(refusal)) }
            return nil
        }
        guard let keys, let head else { return StoreError(.locked, "the store is locked") }
        let transaction: Transaction
        do throws(StoreError) { transaction = try Transaction.begin(environment, readOnly: false) } catch { return error }
        var group = CommitGroup(
            SealedTransaction(transaction, keys: keys, head: head), directory: directory, options: options, usage: environment.usage(),
            isWitnessed: store.witness != nil)
        let newHeader: (header: Header, reserved: UInt64)?
        let witness = store.witness
        var asked = false
        do throws(StoreError) {
            for job in jobs { try group.add(job) }
            guard group.changed else {
                transaction.abort()
                answer(group)
                return nil
            }
            try group.flushNames()
            // Last, so that little can still fail behind it.
            if let witness, !group.witnessed.isEmpty {
                try group.ask(witness)
                asked = true
            }
            try group.finish(now: options.clock())
            newHeader = try reserveSeals(group.seals, in: transaction, keys: keys)
        } catch {
            transaction.abort()
            if asked { tellWitness(group, error) }
            // Their nonces were drawn: they count.
            sealsUsed += group.seals
            return error
        }
        sealsUsed += group.seals
        // The directory of names becomes visible in the same step as the commit that it belongs to.
        var code: Int32 = 0
        let newDirectory = group.directoryAfter
        directory.publish { () -> NameDirectory? in
            code = transaction.commit()
            return code == 0 ? newDirectory : nil
        }
        guard code == 0 else {
            let failure = commitFailure(code)
            if asked { tellWitness(group, failure) }
            guard broken != nil else { return failure }
            doubt = Doubt(head: group.head, changes: group.changes)
            answer(group, insteadOfSuccess: failure)
            reopen()
            return nil
        }
        self.head = group.head
        witness?.didCommit(group.head.place)
        noteReserved(newHeader)
        store.publish(group.indexChanges, changes: group.changes, revision: group.head.revision)
        answer(group)
        // Behind the answers: they do not depend on it, and it is tried again with the next commit.
        advanceKeyAtLimit()
        return nil
    }

    private func tellWitness(_ group: borrowing CommitGroup, _ error: StoreError) {
        guard let first = group.witnessed.first?.revision, let last = group.witnessed.last?.revision, first <= last else { return }
        store.witness?.didNotCommit(first...last, error)
    }

    func refusal(sealing: Bool) -> StoreError? {
        guard let keys, head != nil else { return StoreError(.locked, "the store is locked") }
        if let frozen { return frozen }
        if let broken { return StoreError(.readOnly, "the store is read-only until its file is opened again: \(broken.message)") }
        if sealing && !keys.sealing.cipher.canSeal {
            return StoreError(.readOnly, "the store's key is for AES, this machine has no AES instructions, and no new key could be written")
        }
        return nil
    }

    /// What a failed commit means. Anything but a lack of room makes the store read-only.
    func commitFailure(_ code: Int32) -> StoreError {
        let error = StoreError.fromLMDB(code, "mdb_txn_commit")
        // Only a failed write of the meta page leaves it open whether the change is there: LMDB then answers MDB_PANIC (formats.md 8).
        var probe: OpaquePointer?
        let next = mdb_txn_begin(environment.handle, nil, 0, &probe)
        if next == 0 { mdb_txn_abort(probe) }
        if next == MDB_PANIC {
            broken = error
            return StoreError(.outcomeUnknown, "the disk failed while the change was made durable (\(error.message))")
        }
        switch code {
        case MDB_MAP_FULL, MDB_TXN_FULL, ENOSPC, EDQUOT, ENOMEM: break
        // A write that came out short, which is what a full disk does to LMDB: nothing was committed.
        case EIO where environment.diskIsFull: return StoreError(.full, "the disk of the store is full")
        default: broken = error
        }
        return error
    }

    private func answer(_ group: borrowing CommitGroup, insteadOfSuccess failure: StoreError? = nil) {
        let isMany = group.outcomes.count > 1
        if isMany { store.tellListeners { $0.answering(true) } }
        defer { if isMany { store.tellListeners { $0.answering(false) } } }
        for (job, result) in group.outcomes {
            if let failure, case .success = result { job.completion(.failure(failure)) } else { job.completion(result) }
        }
    }

    // MARK: Seal counts

    /// Writes a head in a transaction of its own, and knows it from then on.
    /// - Parameter more: what else belongs into that transaction.
    /// - Throws: also where only room was lacking; the store stays as it was.
    func writeHead(
        _ head: Head, and more: (inout SealedTransaction) throws(StoreError) -> Void = { (_) throws(StoreError) in }
    ) throws(StoreError) {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        let transaction = try Transaction.begin(environment, readOnly: false)
        var sealed = SealedTransaction(transaction, keys: keys, head: head)
        let newHeader: (header: Header, reserved: UInt64)?
        do throws(StoreError) {
            try more(&sealed)
            try sealed.put(.head, Head.key, sealed.head.encoded())
            newHeader = try reserveSeals(sealed.seals, in: transaction, keys: keys)
        } catch {
            transaction.abort()
            sealsUsed += sealed.seals
            throw error
        }
        sealsUsed += sealed.seals
        let code = transaction.commit()
        guard code == 0 else { throw commitFailure(code) }
        self.head = sealed.head
        if let newHeader {
            sealsReserved = newHeader.reserved
            take(newHeader.header)
        }
    }

    /// Reserves seals ahead in the header, in the transaction that needs them (formats.md 10).
    func reserveSeals(
        _ made: UInt64, in transaction: Transaction, keys: KeySet
    ) throws(StoreError) -> (header: Header, reserved: UInt64)? {
        let step = max(sealLimit / 1_024, 1)
        guard sealsUsed + made + step / 2 >= sealsReserved else { return nil }
        var keyring = try header.openKeyring(root: keys.root)
        guard let index = keyring.entries.firstIndex(where: { $0.id == keys.sealing.id }) else {
            throw StoreError(.damaged, "the keyring has lost the key for records")
        }
        let reserved = sealsUsed + made + step
        keyring.entries[index].sealCount = reserved
        var new = header
        try new.seal(keyring, root: keys.root, now: options.clock())
        return (try write(new, root: keys.root, in: transaction), reserved)
    }

    func noteReserved(_ written: (header: Header, reserved: UInt64)?) {
        guard let written else { return }
        sealsReserved = written.reserved
        take(written.header)
    }

    /// A key that has sealed as much as it may gives way to a new one. Where that fails it is tried again with the next commit.
    func advanceKeyAtLimit() {
        guard sealsUsed + max(sealLimit / 1_024, 1) >= sealLimit else { return }
        guard (try? advanceKey(retired: options.rekey.dropsOldKeys ? .leaving : .openingOnly, because: .limit)) != nil else { return }
        store.rekeyer.wake()
    }

    /// The key that seals gives way to a new one, without anybody having asked.
    func advanceKey(retired: KeyState, because cause: KeyChange.Cause) throws(StoreError) {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        try store.witness?.willChangeKeys(.replaced(keys.sealing.id, cause))
        try changeKeyring { [self] (keyring) throws(StoreError) in
            try keyring.advanceRecordKey(
                suite: store.newRecordSuite, sealLimit: options.sealLimit, now: options.clock(), retired: retired)
        }
    }

    /// Changes the keyring in a transaction of its own, and hands the readers what came of it.
    func changeKeyring(_ change: (inout Keyring) throws(StoreError) -> Void) throws(StoreError) {
        guard let present = keys else { throw StoreError(.locked, "the store is locked") }
        var keyring = try header.openKeyring(root: present.root)
        try change(&keyring)
        let new = try KeySet(root: present.root, keyring: keyring, aesHardware: store.hasAES)
        try self.change { (header) throws(StoreError) in try header.seal(keyring, root: present.root, now: options.clock()) }
        take(new)
        store.publish(keys: new)
    }

    // MARK: Counter file

    private static let counterInterval = 1_000

    var counterIsBehind: Bool {
        guard let head, broken == nil else { return false }
        return counterWritten != head.place
    }

    /// Milliseconds until the counter may be written again.
    var counterWait: Int {
        guard let counterTime else { return 0 }
        return max(counterTime + Self.counterInterval - Clock.monotonic, 0)
    }

    var counterIsDue: Bool { counterIsBehind && counterWait == 0 }

    /// Not while it is in doubt whether the last commit is there.
    func writeCounter() {
        guard let keys, let head, broken == nil, counterIsBehind else { return }
        counterWritten = head.place
        counterTime = Clock.monotonic
        counter.write(counterWritten, storeID: header.storeID, keys: keys)
    }
}
