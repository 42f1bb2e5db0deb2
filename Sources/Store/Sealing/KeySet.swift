import CSodium

/// All keys of an unlocked store, ready to use. Immutable; a new one replaces it when a key is added. The last reference that
/// goes wipes the keys.
final class KeySet: @unchecked Sendable {
    let root: GuardedBytes
    let keyring: Keyring
    /// Keys that records name by id.
    private let recordKeys: [RecordKey]
    /// The key that new records are sealed with.
    let sealing: RecordKey
    /// For the 16-byte hashes in LMDB keys (formats.md 5).
    let nameHashKey: GuardedBytes
    /// For the set hashes of the head (formats.md 7).
    let setHashKey: GuardedBytes
    /// For the counter file.
    let counterKey: GuardedBytes
    /// For the digest of a batch that an idempotency key belongs to.
    let digestKey: GuardedBytes

    init(root: GuardedBytes, keyring: Keyring, aesHardware: Bool) throws(StoreError) {
        self.root = root
        self.keyring = keyring
        var keys: [RecordKey] = []
        for entry in keyring.entries where entry.purpose == .records {
            keys.append(RecordKey(id: entry.id, cipher: try Cipher(suite: entry.suite, key: entry.key, aesHardware: aesHardware)))
        }
        recordKeys = keys
        let sealingID = try keyring.entry(.records).id
        guard let sealing = keys.first(where: { $0.id == sealingID }) else {
            throw StoreError(.damaged, "the keyring has no key for records")
        }
        self.sealing = sealing
        let names = try keyring.entry(.names).key
        nameHashKey = try names.subkey("namehash")
        setHashKey = try names.subkey("set-hash")
        digestKey = try names.subkey("digest__")
        counterKey = try keyring.entry(.audit).key.subkey("counter_")
    }

    /// - Throws: `unknown-key`.
    @inline(__always)
    func recordKey(_ id: UInt32) throws(StoreError) -> RecordKey {
        if sealing.id == id { return sealing }
        for key in recordKeys where key.id == id { return key }
        throw StoreError(.unknownKey, "a record names key \(id), which the keyring does not have")
    }

    /// Whether the kernel keeps all key material out of swap.
    var isLockedInMemory: Bool {
        root.isLocked && keyring.entries.allSatisfy { $0.key.isLocked } && recordKeys.allSatisfy { $0.cipher.isLockedInMemory }
            && [nameHashKey, setHashKey, counterKey, digestKey].allSatisfy { $0.isLocked }
    }

    /// The LMDB key of a name: hash of (table, tenant, length-prefixed name). 16 bytes.
    func nameHash(_ table: Table, tenant: TenantID, name: UnsafeRawBufferPointer) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: 12 + name.count, alignment: 8) { scratch in
            scratch.storeBytes(of: table.rawValue.bigEndian, toByteOffset: 0, as: UInt16.self)
            scratch.storeBytes(of: tenant.bigEndian, toByteOffset: 2, as: UInt64.self)
            scratch.storeBytes(of: UInt16(truncatingIfNeeded: name.count).bigEndian, toByteOffset: 10, as: UInt16.self)
            UnsafeMutableRawBufferPointer(rebasing: scratch[12...]).copyMemory(from: name)
            return KeyedHash.bytes(UnsafeRawBufferPointer(scratch), key: nameHashKey.bytes, count: 16)
        }
    }

    func nameHash(_ table: Table, tenant: TenantID, name: [UInt8]) -> [UInt8] {
        name.withUnsafeBytes { nameHash(table, tenant: tenant, name: $0) }
    }
}
