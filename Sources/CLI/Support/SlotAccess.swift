import ArgumentParser
import CofferAudit
import CofferClient
import CofferStore

/// Where slots are kept: with the daemon, or in a store whose daemon is stopped.
struct SlotAccess: ParsableArguments {
    @Option(help: ArgumentHelp("Works on this store, whose daemon must be stopped.", valueName: "folder"), completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("With --store: the key file that opens it.", valueName: "path"), completion: .file())
    var keyFile: String?

    @Option(help: ArgumentHelp("With --store: the folder of its audit log, where it is not the store's own.", valueName: "folder"), completion: .directory)
    var auditFolder: String?

    @Option(help: ArgumentHelp("With --store: takes a store that is older than it was before, where it is at exactly this revision.", valueName: "revision"))
    var acceptRollback: UInt64?

    func validate() throws {
        if store == nil, keyFile != nil { throw ValidationError("--key-file goes with --store; the daemon's store is open or locked") }
        if store == nil || keyFile == nil, auditFolder != nil || acceptRollback != nil {
            throw ValidationError("--audit-folder and --accept-rollback go with --store and --key-file")
        }
    }

    /// The stopped store that the options name; `nil`: the daemon's.
    /// - Throws: where nothing is said to open it with.
    func place() throws -> StoppedStore.Place? {
        guard let store else { return nil }
        guard let keyFile else { throw CommandFailure.usage("a stopped store is opened with --key-file PATH") }
        return StoppedStore.Place(folder: store, keyFile: keyFile, auditFolder: auditFolder, acceptRollback: acceptRollback)
    }

    func list(_ global: GlobalOptions) async throws -> [SlotEntry] {
        guard let store else { return try await global.client().slotList() }
        return try Self.locked(store) { store in
            store.slots().compactMap { slot in
                SlotKind(rawValue: slot.kind.rawValue).map {
                    SlotEntry(id: slot.id, kind: $0, label: slot.label, created: slot.created, inUse: slot.inUse)
                }
            }
        }
    }

    func add(_ kind: SlotKind, label: String, secret: SecretBytes, _ global: GlobalOptions) async throws -> SlotAddResponse {
        guard let place = try place() else { return try await global.client().slotAdd(kind, label: label, secret: secret) }
        return try StoppedStore.with(place) { stopped in
            try stopped.recorded(.slot, .add, note: "\(kind)") { store in
                let added = try store.addSlot(Self.newSlot(kind, label, secret))
                return SlotAddResponse(id: added.id, recoveryKey: added.recoveryKey ?? "")
            }
        }
    }

    func remove(_ id: UInt32, _ global: GlobalOptions) async throws {
        guard let place = try place() else { return try await global.client().slotRemove(id) }
        try StoppedStore.with(place) { stopped in
            try stopped.recorded(.slot, .remove, version: UInt64(id)) { try $0.removeSlot(id) }
        }
    }

    func rotate(_ id: UInt32, _ kind: SlotKind, secret: SecretBytes, _ global: GlobalOptions) async throws -> SlotAddResponse {
        guard let place = try place() else { return try await global.client().slotRotate(id, kind: kind, secret: secret) }
        return try StoppedStore.with(place) { stopped in
            try stopped.recorded(.slot, .rotate, version: UInt64(id), note: "\(kind)") { store in
                SlotAddResponse(id: id, recoveryKey: try store.rotateSlot(id, to: Self.newSecret(kind, secret)) ?? "")
            }
        }
    }

    /// Needs no key file: it opens nothing but the slot. Of a stopped store it is not recorded: there is no key for that.
    /// - Parameter id: 0: any slot of the kind.
    func rehearse(_ kind: SlotKind, id: UInt32 = 0, secret: SecretBytes, _ global: GlobalOptions) async throws -> UInt32 {
        guard let store else { return try await global.client().slotRehearse(kind, id: id, secret: secret) }
        return try Self.locked(store) { try $0.rehearse(Self.secret(kind, secret), slot: id == 0 ? nil : id) }
    }

    func rekeyRoot(_ kept: [(id: UInt32, kind: SlotKind, secret: SecretBytes)], dropped: [UInt32], _ global: GlobalOptions) async throws -> [SlotAddResponse] {
        guard let place = try place() else { return try await global.client().rekeyRoot(keeping: kept, dropping: dropped) }
        return try StoppedStore.with(place) { stopped in
            try stopped.recorded(.store, .rekey, note: KeyNotes.root(kept: kept.map(\.id), dropped: dropped)) { store in
                try store.changeRoot(
                    keeping: kept.map { slot in
                        KeptSlot(id: slot.id, secret: slot.kind == .recovery ? .drawnAnew : .present(Self.secret(slot.kind, slot.secret)))
                    }, dropping: dropped
                ).map { SlotAddResponse(id: $0.id, recoveryKey: $0.recoveryKey) }
            }
        }
    }

    /// Opens a stopped store for the time of `body`, and leaves it locked.
    private static func locked<Result>(_ directory: String, _ body: (Store) throws -> Result) throws -> Result {
        let store = try Store.open(at: directory, options: .examining)
        defer { store.close() }
        return try body(store)
    }

    static func newSecret(_ kind: SlotKind, _ secret: SecretBytes) -> NewSlotSecret {
        switch kind {
        case .keyFile: .keyFile(buffer(secret))
        case .passphrase: .passphrase(buffer(secret))
        case .credential: .credential(buffer(secret))
        case .recovery: .recovery
        }
    }

    static func secret(_ kind: SlotKind, _ secret: SecretBytes) -> SlotSecret {
        switch kind {
        case .keyFile: .keyFile(buffer(secret))
        case .passphrase: .passphrase(buffer(secret))
        case .credential: .credential(buffer(secret))
        case .recovery: .recoveryKey(buffer(secret))
        }
    }

    static func newSlot(_ kind: SlotKind, _ label: String, _ secret: SecretBytes) -> NewSlot {
        switch kind {
        case .keyFile: .keyFile(buffer(secret), label: label)
        case .passphrase: .passphrase(buffer(secret), label: label)
        case .credential: .credential(buffer(secret), label: label)
        case .recovery: .recovery(label: label)
        }
    }

    static func buffer(_ secret: SecretBytes) -> SecretBuffer { secret.withUnsafeBytes { SecretBuffer(copying: $0) } }
}

extension SlotKind {
    /// For people and in JSON.
    var word: String {
        switch self {
        case .keyFile: "key-file"
        case .passphrase: "passphrase"
        case .credential: "credential"
        case .recovery: "recovery"
        }
    }
}
