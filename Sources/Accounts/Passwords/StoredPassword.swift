import CofferStore

/// A user's password as the store keeps it: how it was hashed, and the hash. A document of its own, never in memory longer than a call.
struct StoredPassword: Sendable {
    enum Scheme: UInt8, Sendable { case argon2id = 1, bcrypt = 2, werkzeug = 3 }

    var scheme: Scheme
    var hash: SecretBuffer

    func encoded() -> SecretBuffer {
        SecretBuffer(count: 2 + hash.count) { output in
            output[0] = AccountDocuments.format
            output[1] = scheme.rawValue
            UnsafeMutableRawBufferPointer(rebasing: output[2...]).copyMemory(from: hash.bytes)
        }
    }

    init(scheme: Scheme, hash: SecretBuffer) {
        self.scheme = scheme
        self.hash = hash
    }

    init(decoding document: SecretBuffer) throws(AccountError) {
        defer { withExtendedLifetime(document) {} }
        let bytes = document.bytes
        guard bytes.count > 2, bytes[0] == AccountDocuments.format, let scheme = Scheme(rawValue: bytes[1]) else {
            throw AccountError(.failed, "password", "a password's record cannot be read by this version")
        }
        self.scheme = scheme
        hash = SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: bytes[2...]))
    }
}
