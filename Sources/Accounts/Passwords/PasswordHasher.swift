import CSodium
import CofferStore
import Glibc

/// Argon2id by libsodium. Everything here takes its time: on the password queue only.
struct PasswordHasher: Sendable {
    /// Bytes of a password.
    static let lengths = 1...1_024
    private static let operations: UInt64 = 2

    /// Bytes that one hash takes.
    let memory: Int

    /// - Throws: `invalidArgument` when the password is empty or longer than 1,024 bytes.
    static func check(_ password: SecretBuffer) throws(AccountError) {
        guard lengths.contains(password.count) else {
            throw AccountError(.invalidArgument, "password", "a password must have \(lengths.lowerBound) to \(lengths.upperBound) bytes")
        }
    }

    /// A new hash with salt and parameters inside, in libsodium's text form without the zero behind it.
    /// - Throws: `failed` when there is no memory for it.
    func hash(_ password: SecretBuffer) throws(AccountError) -> SecretBuffer {
        defer { withExtendedLifetime(password) {} }
        let capacity = crypto_pwhash_argon2id_strbytes()
        var status: Int32 = -1
        let text = SecretBuffer(count: capacity) { output in
            output.initializeMemory(as: UInt8.self, repeating: 0)
            status = crypto_pwhash_argon2id_str(
                output.characters, password.bytes.characters, UInt64(password.count), Self.operations, memory)
        }
        guard status == 0 else { throw Self.noMemory }
        defer { withExtendedLifetime(text) {} }
        let length = text.bytes.firstIndex(of: 0) ?? capacity
        return SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: text.bytes[..<length]))
    }

    /// - Throws: `failed` when there is no memory for it.
    func verify(_ password: SecretBuffer, against hash: SecretBuffer) throws(AccountError) -> Bool {
        let text = hash.terminated
        defer { withExtendedLifetime((password, text)) {} }
        errno = 0
        let status = crypto_pwhash_argon2id_str_verify(text.bytes.characters, password.bytes.characters, UInt64(password.count))
        if status != 0 && errno == ENOMEM { throw Self.noMemory }
        return status == 0
    }

    /// Whether `hash` was made with other parameters than new ones are.
    func needsRehash(_ hash: SecretBuffer) -> Bool {
        let text = hash.terminated
        defer { withExtendedLifetime(text) {} }
        return crypto_pwhash_argon2id_str_needs_rehash(text.bytes.characters, Self.operations, memory) != 0
    }

    /// Costs what a verification costs and answers nothing: for users that do not exist, or have no password.
    func pretend(_ password: SecretBuffer) {
        defer { withExtendedLifetime(password) {} }
        var salt = [UInt8](repeating: 0, count: crypto_pwhash_argon2id_saltbytes())
        randombytes_buf(&salt, salt.count)
        _ = SecretBuffer(count: 32) { output in
            output.initializeMemory(as: UInt8.self, repeating: 0)
            _ = crypto_pwhash_argon2id(
                output.octets, 32, password.bytes.characters, UInt64(password.count), salt,
                Self.operations, memory, crypto_pwhash_argon2id_alg_argon2id13())
        }
    }

    private static let noMemory = AccountError(.failed, "password", "there is no memory to check a password")
}

extension SecretBuffer {
    /// A copy with a zero behind it, for C.
    var terminated: SecretBuffer {
        SecretBuffer(count: count + 1) { output in
            output.copyMemory(from: bytes)
            output[count] = 0
        }
    }
}
