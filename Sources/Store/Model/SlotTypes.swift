/// How a slot opens.
public enum SlotSecret: Sendable {
    /// 32 bytes.
    case keyFile(SecretBuffer)
    /// Any bytes, 1 to 1,024.
    case passphrase(SecretBuffer)
    /// 32 bytes.
    case credential(SecretBuffer)
    /// As people write it down.
    case recoveryKey(SecretBuffer)

    public var kind: SlotSummary.Kind {
        switch self {
        case .keyFile: .keyFile
        case .passphrase: .passphrase
        case .credential: .credential
        case .recoveryKey: .recovery
        }
    }

    /// The bytes that the slot's key is derived from.
    func material() throws(StoreError) -> SlotMaterial {
        switch self {
        case .keyFile(let bytes), .credential(let bytes):
            guard bytes.count == 32 else { throw StoreError(.unlockFailed, "a key file or credential gives 32 bytes, not \(bytes.count)") }
            return .buffer(bytes)
        case .passphrase(let bytes):
            guard (1...1_024).contains(bytes.count) else { throw StoreError(.unlockFailed, "a passphrase has 1 to 1,024 bytes") }
            return .buffer(bytes)
        case .recoveryKey(let text): return .guarded(try RecoveryKey.parse(text.bytes))
        }
    }
}

/// Where a slot's secret lies.
enum SlotMaterial {
    case buffer(SecretBuffer)
    case guarded(GuardedBytes)

    var bytes: UnsafeRawBufferPointer {
        switch self {
        case .buffer(let buffer): buffer.bytes
        case .guarded(let bytes): bytes.bytes
        }
    }
}

/// A slot to be added. Labels have at most 1,024 bytes.
public enum NewSlot: Sendable {
    case keyFile(SecretBuffer, label: String)
    case passphrase(SecretBuffer, label: String)
    case credential(SecretBuffer, label: String)
    /// The key is drawn by the store and returned once.
    case recovery(label: String)

    /// Wraps `root` in a new slot.
    func wrap(root: GuardedBytes, storeID: [UInt8], id: UInt32, now: UInt64) throws(StoreError) -> (slot: Slot, recoveryKey: String?) {
        let secret: SlotSecret
        let label: String
        var recoveryKey: String?
        switch self {
        case .keyFile(let bytes, let text): (secret, label) = (.keyFile(bytes), text)
        case .passphrase(let bytes, let text): (secret, label) = (.passphrase(bytes), text)
        case .credential(let bytes, let text): (secret, label) = (.credential(bytes), text)
        case .recovery(let text):
            let key = try GuardedBytes.random(count: 32)
            let written = withExtendedLifetime(key) { RecoveryKey.format(key.bytes) }
            recoveryKey = written
            (secret, label) = (.recoveryKey(SecretBuffer(Array(written.utf8))), text)
        }
        guard label.utf8.count <= 1_024 else { throw StoreError(.invalidArgument, "the label is longer than 1,024 bytes") }
        let material: SlotMaterial
        do throws(StoreError) { material = try secret.material() } catch { throw StoreError(.invalidArgument, error.message) }
        defer { withExtendedLifetime(material) {} }
        let slot = try Slot.wrap(
            root: root, storeID: storeID, id: id, kind: secret.kind, label: label, created: now, secret: material.bytes)
        return (slot, recoveryKey)
    }
}

/// A slot as a list shows it.
public struct SlotSummary: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case keyFile = 1, passphrase = 2, credential = 3, recovery = 4 }
    public var id: UInt32
    public var kind: Kind
    public var label: String
    /// Unix milliseconds.
    public var created: UInt64
    /// Whether it opened the store this time.
    public var inUse: Bool
}
