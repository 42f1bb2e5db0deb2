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
        return try Self.with(store, keyFile: needed()) { store in
            let added = try store.addSlot(Self.newSlot(kind, label, secret))
            return SlotAddResponse(id: added.id, recoveryKey: added.recoveryKey ?? "")
        }
    }

    func remove(_ id: UInt32, _ global: GlobalOptions) async throws {
        guard let store else { return try await global.client().slotRemove(id) }
        try Self.with(store, keyFile: needed()) { try $0.removeSlot(id) }
    }

    /// Opens a stopped store for the time of `body`; with a key file also its keyring.
    static func with<Result>(_ directory: String, keyFile: SecretBytes?, _ body: (Store) throws -> Result) throws -> Result {
        let store = try Store.open(at: directory, options: .examining)
        defer { store.close() }
        if let keyFile { try store.unlock(.keyFile(buffer(keyFile))) }
        return try body(store)
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

    private func needed() throws -> SecretBytes {
        guard let keyFile else { throw CommandFailure.usage("a stopped store is changed with --key-file PATH") }
        return try KeyFile.read(keyFile)
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
