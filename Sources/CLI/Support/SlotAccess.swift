import ArgumentParser
import CofferClient
import CofferStore

/// Where slots are kept: with the daemon, or in a store whose daemon is stopped.
struct SlotAccess: ParsableArguments {
    @Option(help: ArgumentHelp("Works on this store, whose daemon must be stopped.", valueName: "folder"), completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("With --store: the key file that opens it.", valueName: "path"), completion: .file())
    var keyFile: String?

    func validate() throws {
        if store == nil, keyFile != nil { throw ValidationError("--key-file goes with --store; the daemon's store is open or locked") }
    }

    func list(_ global: GlobalOptions) async throws -> [SlotEntry] {
        guard let store else { return try await global.client().slotList() }
        return try Self.with(store, keyFile: nil) { store in
            store.slots().compactMap { slot in
                SlotKind(rawValue: slot.kind.rawValue).map {
                    SlotEntry(id: slot.id, kind: $0, label: slot.label, created: slot.created, inUse: slot.inUse)
                }
            }
        }
    }

    func add(_ kind: SlotKind, label: String, secret: SecretBytes, _ global: GlobalOptions) async throws -> SlotAddResponse {
        guard let store else { return try await global.client().slotAdd(kind, label: label, secret: secret) }
        return try Self.with(store, keyFile: opener()) { store in
            let added = try store.addSlot(Self.newSlot(kind, label, secret))
            return SlotAddResponse(id: added.id, recoveryKey: added.recoveryKey ?? "")
        }
    }

    func remove(_ id: UInt32, _ global: GlobalOptions) async throws {
        guard let store else { return try await global.client().slotRemove(id) }
        try Self.with(store, keyFile: opener()) { try $0.removeSlot(id) }
    }

    func rotate(_ id: UInt32, _ kind: SlotKind, secret: SecretBytes, _ global: GlobalOptions) async throws -> SlotAddResponse {
        guard let store else { return try await global.client().slotRotate(id, kind: kind, secret: secret) }
        return try Self.with(store, keyFile: opener()) { store in
            SlotAddResponse(id: id, recoveryKey: try store.rotateSlot(id, to: Self.newSecret(kind, secret)) ?? "")
        }
    }

    /// Needs no key file: it opens nothing but the slot.
    /// - Parameter id: 0: any slot of the kind.
    func rehearse(_ kind: SlotKind, id: UInt32 = 0, secret: SecretBytes, _ global: GlobalOptions) async throws -> UInt32 {
        guard let store else { return try await global.client().slotRehearse(kind, id: id, secret: secret) }
        return try Self.with(store, keyFile: nil) { try $0.rehearse(Self.secret(kind, secret), slot: id == 0 ? nil : id) }
    }

    func rekeyRoot(_ kept: [(id: UInt32, kind: SlotKind, secret: SecretBytes)], dropped: [UInt32], _ global: GlobalOptions) async throws -> [SlotAddResponse] {
        guard let store else { return try await global.client().rekeyRoot(keeping: kept, dropping: dropped) }
        return try Self.with(store, keyFile: opener()) { store in
            try store.changeRoot(
                keeping: kept.map { slot in
                    KeptSlot(id: slot.id, secret: slot.kind == .recovery ? .drawnAnew : .present(Self.secret(slot.kind, slot.secret)))
                }, dropping: dropped
            ).map { SlotAddResponse(id: $0.id, recoveryKey: $0.recoveryKey) }
        }
    }

    /// Opens a stopped store for the time of `body`; with a key file also its keyring.
    static func with<Result>(
        _ directory: String, keyFile: String?, rekey: RekeyOptions? = nil, _ body: (Store) throws -> Result
    ) throws -> Result {
        var options = Store.Options.examining
        if let rekey { options.rekey = rekey }
        let store = try Store.open(at: directory, options: options)
        defer { store.close() }
        if let keyFile { try KeyFileRotation.unlock(store, keyFile) }
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

    func opener() throws -> String {
        guard let keyFile else { throw CommandFailure.usage("a stopped store is changed with --key-file PATH") }
        return keyFile
    }
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
