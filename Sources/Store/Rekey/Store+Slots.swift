// New secrets for slots that are there, and proofs that a secret opens one.
extension Store {
    /// Proves that a secret opens a slot, and with it the keyring, and changes nothing; a locked store stays locked. A passphrase blocks for
    /// about half a second for each slot of its kind.
    /// - Parameter id: the slot that is to open; `nil`: any of the secret's kind.
    /// - Returns: the slot that opened.
    /// - Throws: `unlock-failed`; `not-found` where there is no such slot; `invalid-argument` where it is of another kind; `damaged`.
    public func rehearse(_ secret: SlotSecret, slot id: UInt32? = nil) throws(StoreError) -> UInt32 {
        let header = monitor.locked { state.header }
        var candidates = header.slots.filter { $0.kind == secret.kind }
        if let id {
            let slot = try Self.slot(id, in: header)
            guard slot.kind == secret.kind else { throw Self.otherKind(slot) }
            candidates = [slot]
        }
        guard !candidates.isEmpty else { throw StoreError(.unlockFailed, "the store has no slot of this kind") }
        let material = try secret.material()
        defer { withExtendedLifetime(material) {} }
        for slot in candidates {
            guard let root = try Self.root(of: slot, storeID: header.storeID, material) else { continue }
            try header.authenticate(root: root)
            _ = try header.openKeyring(root: root)
            return slot.id
        }
        throw StoreError(.unlockFailed, id.map { "the secret does not open slot \($0)" } ?? "the secret opens none of the store's slots of this kind")
    }

    /// Gives a slot a new secret of its kind, in one change of the header: from then on only the new one opens it. Blocks for a commit, and
    /// with a passphrase for half a second more.
    ///
    /// Copies of the store that were made before still open with the old secret.
    /// - Returns: the new recovery key, where it is one; it is shown this once.
    /// - Throws: `not-found`; `invalid-argument` for a secret of another kind; `last-slot` for a recovery key that is the only slot (an
    ///   answer that is lost would lose the store); `conflict` where the slots were changed meanwhile; `locked`, …
    public func rotateSlot(_ id: UInt32, to secret: NewSlotSecret) throws(StoreError) -> String? {
        let (header, keys) = monitor.locked { (state.header, state.keys) }
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        let old = try Self.slot(id, in: header)
        guard old.kind == secret.kind else { throw Self.otherKind(old) }
        guard old.kind != .recovery || header.slots.contains(where: { $0.kind != .recovery }) else {
            throw StoreError(.lastSlot, "only recovery keys open the store: add a key file or a passphrase first, so that a new one that gets lost on its way locks nobody out")
        }
        let (new, recoveryKey) = try secret.slot(label: old.label).wrap(root: keys.root, storeID: header.storeID, id: id, now: options.clock())
        try changeHeader(under: keys.root) { (header) throws(StoreError) in
            guard let index = header.slots.firstIndex(of: old) else { throw Self.slotsChanged }
            header.slots[index] = new
        }
        return recoveryKey
    }

    // MARK: Shared

    static func slot(_ id: UInt32, in header: Header) throws(StoreError) -> Slot {
        guard let slot = header.slots.first(where: { $0.id == id }) else { throw StoreError(.notFound, "there is no slot \(id)") }
        return slot
    }

    static func otherKind(_ slot: Slot) -> StoreError {
        StoreError(.invalidArgument, "slot \(slot.id) is a \(slot.kind.words): it takes no secret of another kind")
    }

    /// `nil`: the secret is not this slot's.
    static func root(of slot: Slot, storeID: [UInt8], _ material: SlotMaterial) throws(StoreError) -> GuardedBytes? {
        do throws(StoreError) {
            return try slot.unwrap(storeID: storeID, secret: material.bytes)
        } catch {
            if error.code == .unlockFailed { return nil }
            throw error
        }
    }
}

/// A secret that a slot is to have from now on.
public enum NewSlotSecret: Sendable {
    case keyFile(SecretBuffer)
    case passphrase(SecretBuffer)
    case credential(SecretBuffer)
    /// Drawn by the store and returned once.
    case recovery

    public var kind: SlotSummary.Kind {
        switch self {
        case .keyFile: .keyFile
        case .passphrase: .passphrase
        case .credential: .credential
        case .recovery: .recovery
        }
    }

    func slot(label: String) -> NewSlot {
        switch self {
        case .keyFile(let bytes): .keyFile(bytes, label: label)
        case .passphrase(let bytes): .passphrase(bytes, label: label)
        case .credential(let bytes): .credential(bytes, label: label)
        case .recovery: .recovery(label: label)
        }
    }
}

extension SlotSummary.Kind {
    /// For messages.
    var words: String {
        switch self {
        case .keyFile: "key file"
        case .passphrase: "passphrase"
        case .credential: "credential"
        case .recovery: "recovery key"
        }
    }
}
