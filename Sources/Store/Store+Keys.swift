import Atomics

// Unlocking, locking, and the slots.
extension Store {
    public var isLocked: Bool { monitor.locked { state.keys == nil } }

    /// Opens the keyring with a slot's secret. Of a store that is unlocked already it only checks the secret. A passphrase blocks for about half a second: never call it on an event loop.
    /// - Parameter acceptingRollback: takes a store that is older than it was before, where it is at exactly this revision; without, what
    ///   the store was opened with says (``Options/acceptRollback``). Without effect where it is not older (formats.md 7).
    /// - Returns: the id of the slot that opened.
    /// - Throws: `unlock-failed` where no slot of this kind opens; `damaged`, `rolled-back`, `unknown-suite`, …
    @discardableResult
    public func unlock(_ secret: SlotSecret, acceptingRollback: UInt64? = nil) throws(StoreError) -> UInt32 {
        let (root, slot) = try open(secret)
        try install(root, slot: slot, acceptingRollback: acceptingRollback ?? options.acceptRollback)
        return slot.id
    }

    /// What an audit log is opened with, for who only wants to look at it: the store stays locked, and may be one that was rolled back.
    /// - Throws: as ``unlock(_:acceptingRollback:)``, but for `rolled-back`.
    public func auditKeys(_ secret: SlotSecret) throws(StoreError) -> (keys: AuditKeys, store: WitnessedStore) {
        let (root, _) = try open(secret)
        return try administer { [hasAES] (core) throws(StoreError) in
            let keys = try KeySet(root: root, keyring: try core.header.openKeyring(root: root), aesHardware: hasAES)
            let transaction = try Transaction.begin(core.environment, readOnly: true)
            defer { transaction.abort() }
            let sealed = SealedTransaction(transaction, keys: keys, head: Head(incarnation: []))
            guard let bytes = try sealed.open(.head, Head.key) else { throw StoreError(.damaged, "the store has no head record") }
            return (try AuditKeys(keys.keyring), try core.witnessed(try Head(decoding: bytes), sealed))
        }
    }

    /// - Returns: the root key, and the slot that gave it.
    private func open(_ secret: SlotSecret) throws(StoreError) -> (GuardedBytes, Slot) {
        let header = monitor.locked { state.header }
        let candidates = header.slots.filter { $0.kind == secret.kind }
        guard !candidates.isEmpty else { throw StoreError(.unlockFailed, "the store has no slot of this kind") }
        let material = try secret.material()
        defer { withExtendedLifetime(material) {} }
        for slot in candidates {
            let root: GuardedBytes
            do throws(StoreError) {
                root = try slot.unwrap(storeID: header.storeID, secret: material.bytes)
            } catch {
                if error.code == .unlockFailed { continue }
                throw error
            }
            try header.authenticate(root: root)
            return (root, slot)
        }
        throw StoreError(.unlockFailed, "the secret opens none of the store's slots of this kind")
    }

    private func install(_ root: GuardedBytes, slot: Slot, acceptingRollback: UInt64?) throws(StoreError) {
        nonisolated(unsafe) var failure: StoreError?
        let ran = try writer().administer { [self] core in
            do throws(StoreError) {
                // Argon2id took its time: the slot may have been removed meanwhile.
                guard core.header.slots.contains(slot) else { throw StoreError(.unlockFailed, "the slot is gone") }
                if core.keys == nil {
                    let acceptance = try core.unlock(root: root, accepting: acceptingRollback)
                    if let head = core.head { noteIncarnation(head.incarnation, revision: head.revision) }
                    if let acceptance { monitor.locked { state.rollbackAccepted = acceptance } }
                    directory.expect()
                    publish(keys: core.keys)
                    buildDirectory()
                    tellListeners(locked: false)
                    rekeyer.wake()
                }
                monitor.locked { state.slotInUse = slot.id }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard ran else { throw StoreError(.failed, "the store is closed") }
    }

    /// The worker builds the directory of names before its first job. Behind it the generation has answered, and the ones before may go.
    func buildDirectory() {
        onWorker { [self] worker in
            if case .success(let worker) = worker, case .success = worker.directory {
                folder.removeEarlier(keeping: options.keepGenerations)
            }
        }
    }

    /// What readers and handshakes are told.
    func noteIncarnation(_ incarnation: [UInt8], revision: UInt64) {
        monitor.locked { state.incarnation = incarnation }
        committed.store(revision, ordering: .releasing)
    }

    /// Takes all keys away: from the writer at once, from each reader when it next begins or applies what is pending. Changes that wait
    /// are answered `locked`. The last reader to let go wipes the keys.
    public func lock() {
        guard let writer = try? writer() else { return }
        writer.administer { [self] core in
            guard core.keys != nil else { return }
            core.lock()
            witness?.didLock()
            directory.drop()
            monitor.locked {
                state.incarnation = [UInt8](repeating: 0, count: 16)
                state.slotInUse = nil
            }
            publish(keys: nil)
            simple.applyPending()
            // The worker's reader lets go on its own thread.
            onWorker { _ in }
            tellListeners(locked: true)
        }
    }

    /// Works locked too: the list is clear; unlocking has authenticated it.
    public func slots() -> [SlotSummary] {
        monitor.locked {
            state.header.slots.map {
                SlotSummary(id: $0.id, kind: $0.kind, label: $0.label, created: $0.created, inUse: $0.id == state.slotInUse)
            }
        }
    }

    /// Blocks for a commit, and with a passphrase for half a second more.
    /// - Returns: the new slot's id, and the recovery key where it is one.
    public func addSlot(_ slot: NewSlot) throws(StoreError) -> (id: UInt32, recoveryKey: String?) {
        guard let keys = monitor.locked({ state.keys }) else { throw StoreError(.locked, "the store is locked") }
        // Derived here, so that the writer does not wait for Argon2id; the id is settled before, because it is authenticated.
        let id = monitor.locked {
            nextSlotID = max(nextSlotID, (state.header.slots.map(\.id).max() ?? 0) + 1)
            defer { nextSlotID += 1 }
            return nextSlotID
        }
        let (new, recoveryKey) = try slot.wrap(root: keys.root, storeID: storeID, id: id, now: options.clock())
        try changeHeader(under: keys.root) { (header) throws(StoreError) in
            guard header.slots.count < 64 else { throw StoreError(.invalidArgument, "a store has at most 64 slots") }
            header.slots.append(new)
        }
        return (id, recoveryKey)
    }

    /// It stops only this file from being opened with that secret: an older copy of the file still has the slot (formats.md 2).
    /// - Throws: `last-slot`, `not-found`.
    public func removeSlot(_ id: UInt32) throws(StoreError) {
        try changeHeader { (header) throws(StoreError) in
            guard header.slots.contains(where: { $0.id == id }) else { throw StoreError(.notFound, "there is no slot \(id)") }
            guard header.slots.count > 1 else { throw StoreError(.lastSlot, "slot \(id) is the last one: without it nobody could open the store") }
            header.slots.removeAll { $0.id == id }
        }
    }

    /// So that the next unlocking, and whoever lists the slots, has the present one.
    func headerChanged(_ header: Header) { monitor.locked { state.header = header } }

    /// - Parameter root: what a new slot wraps; `nil`: nothing is wrapped.
    func changeHeader(under root: GuardedBytes? = nil, _ change: @escaping (inout Header) throws(StoreError) -> Void) throws(StoreError) {
        try administer { (core) throws(StoreError) in
            // Argon2id took its time: a slot for a root that was replaced meanwhile would open nothing.
            if let root, let keys = core.keys, !KeyedHash.equal(keys.root.bytes, root.bytes) { throw Self.slotsChanged }
            try core.change(header: change)
        }
    }

    static var slotsChanged: StoreError { StoreError(.conflict, "the slots were changed meanwhile: look at them and try again") }
}
