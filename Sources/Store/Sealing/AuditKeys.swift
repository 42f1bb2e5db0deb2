import CSodium

/// What an audit log needs of an unlocked store's audit key: sealing, chaining, and digests of values. Usable from any thread; whoever
/// holds it can still write the log's last record while the store is being locked.
public final class AuditKeys: Sendable {
    /// Of the key in the keyring: the log names it, so that a later one can take its place.
    public let id: UInt32
    private let sealing: Cipher
    private let chain: GuardedBytes
    private let digests: GuardedBytes

    /// Bytes that sealing adds: a nonce in front, a tag behind.
    public static let overhead = 24 + Suite.tagSize
    /// Of a link of the chain.
    public static let linkSize = 32
    /// Of a value's digest.
    public static let digestSize = 16

    init(_ keyring: Keyring) throws(StoreError) {
        let entry = try keyring.entry(.audit)
        id = entry.id
        sealing = try Cipher(suite: .xchacha20poly1305, key: try entry.key.subkey("audseal_"), aesHardware: false)
        chain = try entry.key.subkey("audchain")
        digests = try entry.key.subkey("auddigst")
    }

    /// Writes nonce, ciphertext and tag at `output`, which has room for ``overhead`` bytes more than `plaintext`.
    public func seal(_ plaintext: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<UInt8>) {
        randombytes_buf(output, 24)
        sealing.seal(plaintext, associated: associated, nonce: output, to: output + 24)
    }

    /// Writes the plaintext at `output`, which has room for ``overhead`` bytes less than `sealed`.
    /// - Returns: whether it is authentic.
    public func open(_ sealed: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<UInt8>) -> Bool {
        guard sealed.count >= Self.overhead else { return false }
        return sealing.open(
            UnsafeRawBufferPointer(rebasing: sealed[24...]), associated: associated, nonce: sealed.octets, to: output)
    }

    /// A link of the chain: 32 bytes at `output`, keyed, over `message`.
    public func link(_ message: UnsafeRawBufferPointer, to output: UnsafeMutablePointer<UInt8>) {
        withExtendedLifetime(chain) {
            _ = crypto_generichash(output, Self.linkSize, message.octets, UInt64(message.count), chain.base, chain.count)
        }
    }

    /// Answers "was it this value?" without the value: the same bytes give the same digest in one store, and in no other.
    public func digest(of value: UnsafeRawBufferPointer) -> [UInt8] {
        withExtendedLifetime(digests) { KeyedHash.bytes(value, key: digests.bytes, count: Self.digestSize) }
    }
}

extension Store {
    /// - Throws: `locked`.
    public func auditKeys() throws(StoreError) -> AuditKeys {
        guard let keys = monitor.locked({ state.keys }) else { throw StoreError(.locked, "the store is locked") }
        return try AuditKeys(keys.keyring)
    }
}
