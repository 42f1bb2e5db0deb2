import CSodium

/// What a store says of itself before anybody has a key: clear but authenticated under the root (formats.md 2 and 3).
struct Header: Sendable {
    static let magic = Array("COFFERST".utf8)
    static let format: UInt16 = 1

    /// A store with an unknown bit of the first kind is not opened; with one of the second, not written.
    struct Features: Equatable, Sendable {
        var incompatible: UInt64 = 0
        var readOnlyCompatible: UInt64 = 0
        var compatible: UInt64 = 0
        static let knownIncompatible: UInt64 = 0
        static let knownReadOnlyCompatible: UInt64 = 0
    }

    var features = Features()
    var storeID: [UInt8]
    var slots: [Slot]
    /// Nonce ‖ ciphertext ‖ tag of the keyring, under a subkey of the root.
    var sealedKeyring: [UInt8]

    private static let nonceSize = 24
    private static let macSize = 32

    /// The bytes that the root key authenticates.
    private func body() -> [UInt8] {
        var writer = FieldWriter(reserving: 1_024)
        writer.raw(Self.magic)
        writer.u16(Self.format)
        writer.u64(features.incompatible)
        writer.u64(features.readOnlyCompatible)
        writer.u64(features.compatible)
        writer.raw(storeID)
        writer.u16(UInt16(truncatingIfNeeded: slots.count))
        for slot in slots { slot.encode(to: &writer) }
        writer.bytes32(sealedKeyring)
        return writer.bytes
    }

    func encoded(root: GuardedBytes) throws(StoreError) -> [UInt8] {
        let body = body()
        return body + KeyedHash.bytes(body, key: try root.subkey("hdr-mac_"), count: Self.macSize)
    }

    private let receivedMAC: [UInt8]

    init(storeID: [UInt8], slots: [Slot], sealedKeyring: [UInt8]) {
        self.storeID = storeID
        self.slots = slots
        self.sealedKeyring = sealedKeyring
        receivedMAC = []
    }

    /// Reads a header that nothing vouches for yet: ``authenticate(root:)`` does, once a slot has given the root.
    init(decoding bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "the store's header")
        guard bytes.count > Self.magic.count, try reader.raw(Self.magic.count) == Self.magic else {
            throw StoreError(.notAStore, "the file has no header of a Coffer store")
        }
        let format = try reader.u16()
        guard format == Self.format else {
            throw StoreError(.unknownFormat, "the store has format \(format); this version knows format \(Self.format)")
        }
        features = Features(
            incompatible: try reader.u64(), readOnlyCompatible: try reader.u64(), compatible: try reader.u64())
        guard features.incompatible & ~Features.knownIncompatible == 0,
            features.readOnlyCompatible & ~Features.knownReadOnlyCompatible == 0
        else {
            throw StoreError(.unknownFormat, "the store uses features that this version does not know")
        }
        storeID = try reader.raw(16)
        slots = []
        for _ in 0..<(try reader.u16()) { slots.append(try Slot(from: &reader)) }
        sealedKeyring = Array(try reader.slice32())
        receivedMAC = try reader.raw(Self.macSize)
        try reader.finish()
    }

    func authenticate(root: GuardedBytes) throws(StoreError) {
        let expected = KeyedHash.bytes(body(), key: try root.subkey("hdr-mac_"), count: Self.macSize)
        guard KeyedHash.equal(expected, receivedMAC) else {
            throw StoreError(.damaged, "the store's header does not authenticate: it was changed without the key")
        }
    }

    // MARK: Keyring

    private static func keyringAssociatedData(_ storeID: [UInt8]) -> [UInt8] { Array("coffer/k".utf8) + storeID }

    /// - Parameter now: Unix milliseconds, for keys that have no date yet.
    mutating func seal(_ keyring: Keyring, root: GuardedBytes, now: UInt64) throws(StoreError) {
        var dated = keyring
        dated.dateUndated(now: now)
        try seal(clear: try dated.encoded(), root: root)
    }

    /// - Parameter clear: an encoded keyring.
    mutating func seal(clear: GuardedBytes, root: GuardedBytes) throws(StoreError) {
        let cipher = try Cipher(suite: .xchacha20poly1305, key: try root.subkey("keyring_"), aesHardware: false)
        let associated = Self.keyringAssociatedData(storeID)
        var nonce = [UInt8](repeating: 0, count: Self.nonceSize)
        randombytes_buf(&nonce, nonce.count)
        let size = clear.count + Suite.tagSize
        sealedKeyring = nonce + [UInt8](unsafeUninitializedCapacity: size) { output, initialized in
            guard let base = output.baseAddress else { return }
            associated.withUnsafeBytes { cipher.seal(clear.bytes, associated: $0, nonce: nonce, to: base) }
            initialized = size
        }
    }

    func openKeyring(root: GuardedBytes) throws(StoreError) -> Keyring {
        guard sealedKeyring.count > Self.nonceSize + Suite.tagSize else { throw StoreError(.damaged, "the keyring is too short") }
        let cipher = try Cipher(suite: .xchacha20poly1305, key: try root.subkey("keyring_"), aesHardware: false)
        let associated = Self.keyringAssociatedData(storeID)
        let nonce = Array(sealedKeyring[..<Self.nonceSize])
        var authentic = false
        let clear = try GuardedBytes(count: sealedKeyring.count - Self.nonceSize - Suite.tagSize) { output in
            guard let base = output.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
            authentic = sealedKeyring[Self.nonceSize...].withUnsafeBytes { sealed in
                associated.withUnsafeBytes { cipher.open(sealed, associated: $0, nonce: nonce, to: base) }
            }
        }
        guard authentic else { throw StoreError(.damaged, "the keyring does not authenticate") }
        return try Keyring(decoding: clear.bytes)
    }
}
