import CSodium
import CofferStore
import CryptoExtras
import Foundation
import Glibc

/// The private half of the key pair with which RAGFlow's clients encrypt passwords (decisions 13).
///
/// Sendable: the key is only read, and BoringSSL decrypts with a context for each call.
public final class RAGFlowLoginKey: @unchecked Sendable {
    /// The passphrase of the key file that RAGFlow publishes; it guards nothing.
    public static let publishedPassphrase = "Welcome"
    static let fileLimit = 16_384
    /// The longest text that a client may send: an 8,192-bit key's, with line breaks.
    private static let maximumText = 2_048

    private let key: _RSA.Encryption.PrivateKey

    /// - Parameter pem: PKCS#1 or PKCS#8, 2,048 bits or more; encrypted or not.
    /// - Throws: `invalidArgument` when this is no such key, or the passphrase is another.
    public init(pem: String, passphrase: String = publishedPassphrase) throws(StoreError) {
        do {
            guard pem.contains("ENCRYPTED") else {
                key = try _RSA.Encryption.PrivateKey(pemRepresentation: pem)
                return
            }
            let opened = try _RSA.Signing.PrivateKey(encryptedPEMRepresentation: pem) { (set: (([UInt8]) -> Void)) in
                set(Array(passphrase.utf8))
            }
            key = try _RSA.Encryption.PrivateKey(derRepresentation: opened.derRepresentation)
        } catch {
            throw StoreError(.invalidArgument, "this is no RSA private key of 2,048 bits or more in PEM form, or its passphrase is another")
        }
    }

    /// The plain password in a client's `password` field: base64(RSA(base64(plain))).
    ///
    /// Whatever is wrong with the text gives the same answer, and what is inside must be base64 again: a block that decrypts by chance
    /// looks like one that does not, so nobody can open a recorded login by asking.
    func openPassword(_ text: String) -> SecretBuffer? {
        guard text.utf8.count <= Self.maximumText, let block = RAGFlowBase64.decode(Array(text.utf8)), block.count == key.keySizeInBits / 8,
            var inner = try? key.decrypt(block, padding: ._WEAK_AND_INSECURE_PKCS_V1_5)
        else { return nil }
        defer { inner.resetBytes(in: 0..<inner.count) }
        let plain = inner.withUnsafeBytes { RAGFlowBase64.decodeSecret($0) }
        guard let plain, plain.count > 0 else { return nil }
        return plain
    }
}

extension RAGFlowSettings {
    /// Reads the file that `http.ragflow.login_key` names.
    /// - Throws: `notFound`, `notOurs` (others may read or write it), `invalidArgument`, `system`.
    public static func loadLoginKey(
        _ path: String, passphrase: String = RAGFlowLoginKey.publishedPassphrase
    ) throws(StoreError) -> RAGFlowLoginKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw StoreError(errno == ENOENT ? .notFound : .system, "cannot open the login key file \(path)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.notOurs, "the login key file \(path) is not a regular file")
        }
        guard status.st_mode & 0o027 == 0 else {
            throw StoreError(.notOurs, "others may read or write the login key file \(path): its mode must be 0640 or stricter")
        }
        var bytes = [UInt8](repeating: 0, count: RAGFlowLoginKey.fileLimit)
        defer { sodium_memzero(&bytes, bytes.count) }
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count < bytes.count else {
            throw StoreError(.invalidArgument, "the login key file \(path) is empty or longer than \(RAGFlowLoginKey.fileLimit) bytes")
        }
        do throws(StoreError) {
            return try RAGFlowLoginKey(pem: String(decoding: bytes[..<count], as: UTF8.self), passphrase: passphrase)
        } catch {
            throw StoreError(error.code, "the login key file \(path): \(error.message)")
        }
    }
}
