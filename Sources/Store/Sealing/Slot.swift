import CSodium

/// One way to open the root key (formats.md 2): the root, wrapped under a key that the slot's secret gives.
struct Slot: Equatable, Sendable {
    enum Derivation: UInt8, Sendable {
        /// The secret is as good as random: BLAKE2b with the salt.
        case random = 0
        case argon2id = 1
    }

    /// Argon2id's cost, as it stands in the slot. Capped *before* use, so that a forged slot cannot take the machine.
    struct Parameters: Equatable, Sendable {
        var derivation: Derivation
        var operations: UInt64
        var memory: UInt64
        var salt: [UInt8]

        static let maximumOperations: UInt64 = 16
        static let maximumMemory: UInt64 = 1 << 30
        static let saltSize = 16
    }

    var id: UInt32
    var kind: SlotSummary.Kind
    var label: String
    /// Unix milliseconds.
    var created: UInt64
    var parameters: Parameters
    var nonce: [UInt8]
    /// The wrapped root: 32 bytes and a tag.
    var wrapped: [UInt8]
    /// BLAKE2b keyed with the slot's key over all of the above: checked before the wrapped key is opened.
    var commitment: [UInt8]

    private static let nonceSize = 24
    private static let wrappedSize = 32 + Suite.tagSize
    private static let commitmentSize = 32

    // MARK: Wrapping

    static func wrap(
        root: GuardedBytes, storeID: [UInt8], id: UInt32, kind: SlotSummary.Kind, label: String, created: UInt64,
        secret: UnsafeRawBufferPointer
    ) throws(StoreError) -> Slot {
        try Sodium.initialise()
        var salt = [UInt8](repeating: 0, count: Parameters.saltSize)
        randombytes_buf(&salt, salt.count)
        let parameters = kind == .passphrase
            ? Parameters(
                derivation: .argon2id, operations: UInt64(crypto_pwhash_argon2id_opslimit_moderate()),
                memory: UInt64(crypto_pwhash_argon2id_memlimit_moderate()), salt: salt)
            : Parameters(derivation: .random, operations: 0, memory: 0, salt: salt)
        var nonce = [UInt8](repeating: 0, count: nonceSize)
        randombytes_buf(&nonce, nonce.count)
        var slot = Slot(
            id: id, kind: kind, label: label, created: created, parameters: parameters, nonce: nonce, wrapped: [], commitment: [])
        let key = try slot.deriveKey(secret)
        let associated = slot.associatedData(storeID: storeID)
        let cipher = try Cipher(suite: .xchacha20poly1305, key: key, aesHardware: false)
        slot.wrapped = [UInt8](unsafeUninitializedCapacity: wrappedSize) { output, initialized in
            guard let base = output.baseAddress else { return }
            associated.withUnsafeBytes { cipher.seal(root.bytes, associated: $0, nonce: nonce, to: base) }
            initialized = wrappedSize
        }
        slot.commitment = slot.commitment(storeID: storeID, key: key)
        return slot
    }

    /// - Throws: `unlock-failed` where the secret is not this slot's.
    func unwrap(storeID: [UInt8], secret: UnsafeRawBufferPointer) throws(StoreError) -> GuardedBytes {
        let key = try deriveKey(secret)
        guard KeyedHash.equal(commitment, commitment(storeID: storeID, key: key)) else {
            throw StoreError(.unlockFailed, "this is not the secret of slot \(id)")
        }
        let associated = associatedData(storeID: storeID)
        let cipher = try Cipher(suite: .xchacha20poly1305, key: key, aesHardware: false)
        var authentic = false
        let root = try GuardedBytes(count: 32) { output in
            guard let base = output.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
            authentic = wrapped.withUnsafeBytes { wrapped in
                associated.withUnsafeBytes { cipher.open(wrapped, associated: $0, nonce: nonce, to: base) }
            }
        }
        guard authentic else { throw StoreError(.damaged, "slot \(id) does not authenticate") }
        return root
    }

    private func deriveKey(_ secret: UnsafeRawBufferPointer) throws(StoreError) -> GuardedBytes {
        switch parameters.derivation {
        case .random:
            // BLAKE2b takes keys of 16 to 64 bytes: exactly 32 come here.
            guard secret.count == 32 else { throw StoreError(.unlockFailed, "the secret of this kind of slot has 32 bytes") }
            return try GuardedBytes(count: 32) { output in
                let message = Array("coffer slot".utf8) + parameters.salt
                _ = crypto_generichash(
                    output.octets, 32, message, UInt64(message.count), secret.octets, secret.count)
            }
        case .argon2id:
            guard (1...Parameters.maximumOperations).contains(parameters.operations),
                parameters.memory <= Parameters.maximumMemory, parameters.memory >= 8_192
            else {
                throw StoreError(.damaged, "slot \(id) asks for more work than this version allows")
            }
            var failed = false
            let key = try GuardedBytes(count: 32) { output in
                failed = secret.octets.withMemoryRebound(to: CChar.self, capacity: secret.count) { passphrase in
                    crypto_pwhash(
                        output.octets, 32, passphrase, UInt64(secret.count), parameters.salt, parameters.operations,
                        Int(parameters.memory), crypto_pwhash_ALG_ARGON2ID13) != 0
                }
            }
            guard !failed else {
                throw StoreError(.system, "Argon2id needs \(parameters.memory >> 20) MiB of memory, which could not be had")
            }
            return key
        }
    }

    /// Label ‖ store id ‖ slot id ‖ kind ‖ parameters (formats.md 2); the label that people gave is authenticated by the header.
    private func associatedData(storeID: [UInt8]) -> [UInt8] {
        var writer = FieldWriter()
        writer.raw("coffer/s".utf8)
        writer.raw(storeID)
        writer.u32(id)
        writer.u8(kind.rawValue)
        writer.u8(parameters.derivation.rawValue)
        writer.u64(parameters.operations)
        writer.u64(parameters.memory)
        writer.raw(parameters.salt)
        return writer.bytes
    }

    private func commitment(storeID: [UInt8], key: GuardedBytes) -> [UInt8] {
        KeyedHash.bytes(associatedData(storeID: storeID) + nonce + wrapped, key: key, count: Self.commitmentSize)
    }

    // MARK: Codec

    func encode(to writer: inout FieldWriter) {
        writer.u32(id)
        writer.u8(kind.rawValue)
        writer.text(label)
        writer.u64(created)
        writer.u8(parameters.derivation.rawValue)
        writer.u64(parameters.operations)
        writer.u64(parameters.memory)
        writer.raw(parameters.salt)
        writer.raw(nonce)
        writer.raw(wrapped)
        writer.raw(commitment)
    }

    init(from reader: inout FieldReader) throws(StoreError) {
        id = try reader.u32()
        let kind = try reader.u8()
        guard let kind = SlotSummary.Kind(rawValue: kind) else {
            throw StoreError(.unknownFormat, "slot \(id) is of kind \(kind), which this version does not know")
        }
        self.kind = kind
        label = try reader.text()
        created = try reader.u64()
        let derivation = try reader.u8()
        guard let derivation = Derivation(rawValue: derivation) else {
            throw StoreError(.unknownFormat, "slot \(id) has derivation \(derivation), which this version does not know")
        }
        parameters = Parameters(
            derivation: derivation, operations: try reader.u64(), memory: try reader.u64(), salt: try reader.raw(Parameters.saltSize))
        nonce = try reader.raw(Self.nonceSize)
        wrapped = try reader.raw(Self.wrappedSize)
        commitment = try reader.raw(Self.commitmentSize)
    }

    init(
        id: UInt32, kind: SlotSummary.Kind, label: String, created: UInt64, parameters: Parameters, nonce: [UInt8],
        wrapped: [UInt8], commitment: [UInt8]
    ) {
        self.id = id
        self.kind = kind
        self.label = label
        self.created = created
        self.parameters = parameters
        self.nonce = nonce
        self.wrapped = wrapped
        self.commitment = commitment
    }
}
