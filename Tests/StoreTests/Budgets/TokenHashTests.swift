import Testing

@testable import CofferStore

@Suite("Token hashes and signing keys")
struct TokenHashTests {
    private static let token = Array("sk-0123456789abcdef".utf8)

    private static func hash(_ hasher: TokenHasher, _ domain: TokenDomain, _ token: [UInt8] = token) -> TokenHash {
        token.withUnsafeBytes { hasher.hash($0, domain) }
    }

    private static func bytes(_ buffer: SecretBuffer) -> [UInt8] { withExtendedLifetime(buffer) { Array(buffer.bytes) } }

    @Test("the same token gives the same hash, also after a restart; another domain, token or store another one")
    func stable() throws {
        let fixture = try Fixture()
        let hasher = try fixture.store.tokenHasher()
        let hash = Self.hash(hasher, .apiKey)
        #expect(hash.bytes.count == 32 && hash.keyID == 3)
        #expect(Self.token.withUnsafeBytes { hasher.hashes($0, .apiKey) } == [hash])
        let otherFixture = try Fixture()
        let others = [
            Self.hash(hasher, .accessToken), Self.hash(hasher, .beta), Self.hash(hasher, .apiKey, Self.token + [0]),
            Self.hash(hasher, .apiKey, []), Self.hash(try otherFixture.store.tokenHasher(), .apiKey),
        ]
        #expect(Set(others + [hash]).count == 6)
        // The domain stands before the token: they cannot be exchanged for each other.
        #expect(Self.hash(hasher, .apiKey, [2]).bytes != Self.hash(hasher, .accessToken, [1]).bytes)
        try fixture.reopen()
        #expect(Self.hash(try fixture.store.tokenHasher(), .apiKey) == hash)
        fixture.store.lock()
        #expect(code { try fixture.store.tokenHasher() } == .locked)
        // One that was taken before still works: whoever holds it asks anew.
        #expect(Self.hash(hasher, .apiKey) == hash)
    }

    @Test("lookup tries every hash key, the present one first")
    func severalKeys() throws {
        var keyring = try Keyring.random(sealLimit: 1, recordSuite: .xchacha20poly1305, now: 1_700_000_000_000)
        let before = try TokenHasher(keyring)
        for index in keyring.entries.indices where keyring.entries[index].purpose == .apiKeyHash {
            keyring.entries[index].state = .openingOnly
        }
        for (id, state) in [(7, KeyState.openingOnly), (8, .sealing)] {
            keyring.entries.append(KeyringEntry(
                id: UInt32(id), purpose: .apiKeyHash, suite: .xchacha20poly1305, state: state, sealCount: 0, limit: 1,
                key: try .random(count: 32)))
        }
        let hasher = try TokenHasher(keyring)
        let hashes = Self.token.withUnsafeBytes { hasher.hashes($0, .accessToken) }
        #expect(hashes.map(\.keyID) == [8, 7, 3] && Set(hashes.map(\.bytes)).count == 3)
        #expect(hashes[0] == Self.hash(hasher, .accessToken) && hashes[2] == Self.hash(before, .accessToken))
        keyring.entries.removeAll { $0.purpose == .apiKeyHash }
        #expect(code { try TokenHasher(keyring) } == .damaged)
    }

    @Test("known answer: keyed BLAKE2b-256 of domain and token")
    func knownAnswer() throws {
        var keyring = try Keyring.random(sealLimit: 1, recordSuite: .xchacha20poly1305, now: 1_700_000_000_000)
        let key = [UInt8](0..<32)
        for index in keyring.entries.indices where keyring.entries[index].purpose == .apiKeyHash {
            keyring.entries[index].key = try key.withUnsafeBytes { try GuardedBytes(copying: $0) }
        }
        let hash = Self.hash(try TokenHasher(keyring), .accessToken, Array("abc".utf8))
        // python3: hashlib.blake2b(b"\x02abc", key=bytes(range(32)), digest_size=32)
        let digits = hash.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(digits == "93727364f60538ef7561df9923c428f8396876a6c69c7fa01e269885af1ab17c")
    }

    @Test("signing keys are stable, and another one for each context and id")
    func signing() throws {
        let fixture = try Fixture()
        let key = Self.bytes(try fixture.store.signingKey("session_"))
        #expect(key.count == 32 && Set(key).count > 8)
        #expect(try Self.bytes(fixture.store.signingKey("session_", id: 1)) == key)
        #expect(try Self.bytes(fixture.store.signingKey("session_", id: 2)) != key)
        #expect(try Self.bytes(fixture.store.signingKey("another_")) != key)
        #expect(code { try fixture.store.signingKey("short") } == .invalidArgument)
        try fixture.reopen()
        #expect(try Self.bytes(fixture.store.signingKey("session_")) == key)
        fixture.store.lock()
        #expect(code { try fixture.store.signingKey("session_") } == .locked)
    }
}
