/// A slot that goes over to a new root key.
public struct KeptSlot: Sendable {
    public enum Secret: Sendable {
        /// The one that it has and keeps. It is proved before anything is changed: a typing error must not become the new secret.
        case present(SlotSecret)
        /// A recovery key is not at hand: a new one is drawn and returned once.
        case drawnAnew
    }
    public var id: UInt32
    public var secret: Secret

    public init(id: UInt32, secret: Secret) {
        self.id = id
        self.secret = secret
    }
}

extension Store {
    /// Replaces the root key: one change of the header, all or nothing. The keyring stays as it is, under the new root; no record is sealed
    /// anew, and hashes of API keys keep their meaning (formats.md 1).
    ///
    /// Afterwards nothing that opened the old root opens this store: neither a dropped slot nor a copy of the old root key itself. Copies of
    /// the store that were made before still open with the slots that they have; since the keyring is the same, whoever has such a copy
    /// and its secret can also open records that were sealed with a record key that is still in use: ``startRekey()`` ends that.
    ///
    /// Blocks for a commit, and for about a second for each passphrase.
    /// - Parameters:
    ///   - kept: by their numbers, each once; at least one whose secret is at hand.
    ///   - dropped: all other slots, by name: what is to go is said, not left out.
    /// - Returns: the new recovery keys.
    /// - Throws: `unlock-failed` where a secret does not open its slot; `conflict` where the lists are not exactly the slots that are there;
    ///   `last-slot`, `not-found`, `invalid-argument`, `locked`, … Nothing is changed then.
    public func changeRoot(keeping kept: [KeptSlot], dropping dropped: [UInt32]) throws(StoreError) -> [(id: UInt32, recoveryKey: String)] {
        let (header, keys) = monitor.locked { (state.header, state.keys) }
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        let named = kept.map(\.id) + dropped
        guard Set(named).count == named.count else { throw StoreError(.invalidArgument, "a slot is named twice") }
        for id in named { _ = try Self.slot(id, in: header) }
        for slot in header.slots where !named.contains(slot.id) {
            throw StoreError(.conflict, "slot \(slot.id) is neither kept nor dropped: look at the slots and try again")
        }
        guard kept.contains(where: { if case .present = $0.secret { true } else { false } }) else {
            throw StoreError(.lastSlot, "a slot must be kept whose secret is at hand: a recovery key that is drawn anew and gets lost on its way would lock everybody out")
        }
        let root = try GuardedBytes.random(count: 32)
        var slots: [Slot] = []
        var recoveryKeys: [(id: UInt32, recoveryKey: String)] = []
        // In the order of the header, so that lists of slots look as before.
        for old in header.slots {
            guard let keep = kept.first(where: { $0.id == old.id }) else { continue }
            let (slot, recoveryKey) = try wrap(old, keep.secret, root: root, storeID: header.storeID, under: keys.root)
            slots.append(slot)
            if let recoveryKey { recoveryKeys.append((old.id, recoveryKey)) }
        }
        try administer { (core) throws(StoreError) in
            guard let present = core.keys else { throw StoreError(.locked, "the store is locked") }
            guard KeyedHash.equal(present.root.bytes, keys.root.bytes), core.header.slots == header.slots else { throw Self.slotsChanged }
            try core.changeRoot(to: root, slots: slots)
        }
        return recoveryKeys
    }

    /// The same slot, its secret proved, around another root.
    private func wrap(
        _ old: Slot, _ secret: KeptSlot.Secret, root: GuardedBytes, storeID: [UInt8], under presentRoot: GuardedBytes
    ) throws(StoreError) -> (slot: Slot, recoveryKey: String?) {
        let new: NewSlotSecret
        switch secret {
        case .drawnAnew:
            guard old.kind == .recovery else { throw Self.otherKind(old) }
            new = .recovery
        case .present(let secret):
            guard secret.kind == old.kind else { throw Self.otherKind(old) }
            let material = try secret.material()
            defer { withExtendedLifetime(material) {} }
            guard let found = try Self.root(of: old, storeID: storeID, material), KeyedHash.equal(found.bytes, presentRoot.bytes) else {
                throw StoreError(.unlockFailed, "the secret for slot \(old.id) does not open it")
            }
            switch secret {
            case .keyFile(let bytes): new = .keyFile(bytes)
            case .passphrase(let bytes): new = .passphrase(bytes)
            case .credential(let bytes): new = .credential(bytes)
            case .recoveryKey: throw StoreError(.invalidArgument, "a recovery key is drawn anew, not brought along")
            }
        }
        var (slot, recoveryKey) = try new.slot(label: old.label).wrap(root: root, storeID: storeID, id: old.id, now: options.clock())
        // A secret that stays is as old as it was.
        if recoveryKey == nil { slot.created = old.created }
        return (slot, recoveryKey)
    }
}

extension WriterCore {
    /// - Parameter slots: all of the new header's, around `root`.
    func changeRoot(to root: GuardedBytes, slots: [Slot]) throws(StoreError) {
        guard let present = keys else { throw StoreError(.locked, "the store is locked") }
        let keyring = try header.openKeyring(root: present.root)
        let new = try KeySet(root: root, keyring: keyring, aesHardware: store.hasAES)
        try change(root: root) { (header) throws(StoreError) in
            header.slots = slots
            try header.seal(keyring, root: root, now: options.clock())
        }
        take(new)
        store.publish(keys: new)
    }
}
