import CSodium

/// A keyed hash of an API key or access token, and the id of the hash key it was made with (formats.md 1).
public struct TokenHash: Hashable, Sendable {
    public var keyID: UInt32
    /// 32 bytes.
    public var bytes: [UInt8]

    public init(keyID: UInt32, bytes: [UInt8]) {
        self.keyID = keyID
        self.bytes = bytes
    }
}

/// What is hashed: the same bytes give other hashes in another domain.
public enum TokenDomain: UInt8, Sendable {
    case apiKey = 1, accessToken = 2, beta = 3
}

/// The hash keys of an unlocked store, usable from any thread. Immutable; ask the store again after a lock.
public final class TokenHasher: Sendable {
    private struct HashKey: Sendable {
        let id: UInt32
        let key: GuardedBytes
    }

    private let present: HashKey
    /// Of stores that were merged into this one, and of before: the newest first.
    private let earlier: [HashKey]

    init(_ keyring: Keyring) throws(StoreError) {
        let entry = try keyring.entry(.apiKeyHash)
        present = HashKey(id: entry.id, key: entry.key)
        earlier = keyring.entries.filter { $0.purpose == .apiKeyHash && $0.id != entry.id }.sorted { $0.id > $1.id }
            .map { HashKey(id: $0.id, key: $0.key) }
    }

    /// Under the key that new hashes are made with.
    public func hash(_ token: UnsafeRawBufferPointer, _ domain: TokenDomain) -> TokenHash {
        Self.hash(token, domain, present)
    }

    /// Under every hash key of the keyring, the present one first: lookup tries each.
    public func hashes(_ token: UnsafeRawBufferPointer, _ domain: TokenDomain) -> [TokenHash] {
        ([present] + earlier).map { Self.hash(token, domain, $0) }
    }

    private static func hash(_ token: UnsafeRawBufferPointer, _ domain: TokenDomain, _ key: HashKey) -> TokenHash {
        let hash = withUnsafeTemporaryAllocation(byteCount: 1 + token.count, alignment: 8) { message in
            // The token is a secret: no copy of it stays behind.
            defer { sodium_memzero(message.octets, message.count) }
            message[0] = domain.rawValue
            UnsafeMutableRawBufferPointer(rebasing: message[1...]).copyMemory(from: token)
            return KeyedHash.bytes(UnsafeRawBufferPointer(message), key: key.key.bytes, count: 32)
        }
        return withExtendedLifetime(key) { TokenHash(keyID: key.id, bytes: hash) }
    }
}

extension Store {
    /// - Throws: `locked`.
    public func tokenHasher() throws(StoreError) -> TokenHasher { try TokenHasher(try unlockedKeyring()) }

    /// 32 bytes derived from the keyring's key for session signing, by `crypto_kdf` (formats.md 1). The same store gives the same bytes.
    /// - Parameter context: eight letters.
    /// - Throws: `locked`; `invalid-argument` for a context of another length.
    public func signingKey(_ context: StaticString, id: UInt64 = 1) throws(StoreError) -> SecretBuffer {
        guard context.utf8CodeUnitCount == Int(crypto_kdf_CONTEXTBYTES) else {
            throw StoreError(.invalidArgument, "the context of a derived key has eight letters")
        }
        let key = try unlockedKeyring().entry(.sessionSigning).key.subkey(context, id: id)
        return withExtendedLifetime(key) { SecretBuffer(copying: key.bytes) }
    }

    private func unlockedKeyring() throws(StoreError) -> Keyring {
        guard let keys = monitor.locked({ state.keys }) else { throw StoreError(.locked, "the store is locked") }
        return keys.keyring
    }
}
