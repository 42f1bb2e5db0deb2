import CCryptoBoringSSL
import CSodium

/// The ciphers that records are sealed with. A property of the key, not of the record (design.md 4).
enum Suite: UInt8, Sendable {
    case xchacha20poly1305 = 1
    case aes256gcm = 2

    static let tagSize = 16

    var nonceSize: Int {
        switch self {
        case .xchacha20poly1305: 24
        case .aes256gcm: 12
        }
    }

    var name: String {
        switch self {
        case .xchacha20poly1305: "xchacha20-poly1305"
        case .aes256gcm: "aes-256-gcm"
        }
    }

    /// Whether libsodium finds AES instructions.
    static var machineHasAES: Bool {
        (try? Sodium.initialise()) != nil && crypto_aead_aes256gcm_is_available() == 1
    }
}

/// A key, ready to seal and open. Expanded AES state is key material and lies in guarded memory like the key (formats.md 18).
///
/// AES-256-GCM is sealed by libsodium, where that finds AES instructions, and opened by BoringSSL, which swift-crypto brings: it opens
/// on every machine, and where there are AES instructions a third faster (128 bytes) to four times as fast (4 KiB) as libsodium. Its
/// functions are called directly because swift-crypto's own allocate five times for each record.
///
/// Sendable because nothing changes after `init`.
final class Cipher: @unchecked Sendable {
    let suite: Suite
    private let key: GuardedBytes
    /// libsodium's expanded key, where the machine is to seal AES.
    private let sealing: GuardedBytes?
    /// BoringSSL's, for each AES key.
    private let opening: GuardedBytes?
    let opener: Opener

    init(suite: Suite, key: GuardedBytes, aesHardware: Bool) throws(StoreError) {
        self.suite = suite
        self.key = key
        sealing = suite == .aes256gcm && aesHardware ? try Self.sealing(key) : nil
        opening = suite == .aes256gcm ? try Self.opening(key) : nil
        opener = Opener(suite: suite, key: key.base, context: opening.map { UnsafeRawPointer($0.base).assumingMemoryBound(to: EVP_AEAD_CTX.self) })
    }

    private static func sealing(_ key: GuardedBytes) throws(StoreError) -> GuardedBytes {
        try GuardedBytes(count: MemoryLayout<crypto_aead_aes256gcm_state>.size) { state in
            _ = crypto_aead_aes256gcm_beforenm(
                UnsafeMutableRawPointer(state.octets).assumingMemoryBound(to: crypto_aead_aes256gcm_state.self), key.base)
        }
    }

    private static func opening(_ key: GuardedBytes) throws(StoreError) -> GuardedBytes {
        // Guarded memory ends at a page's end: a multiple of the cache line begins at one.
        let size = (MemoryLayout<EVP_AEAD_CTX>.size + 63) & ~63
        var isReady = false
        let context = try GuardedBytes(count: size) { bytes in
            let context = UnsafeMutableRawPointer(bytes.octets).assumingMemoryBound(to: EVP_AEAD_CTX.self)
            CCryptoBoringSSL_EVP_AEAD_CTX_zero(context)
            // All of it lies in the context: freeing that is all the cleaning up there is.
            isReady = CCryptoBoringSSL_EVP_AEAD_CTX_init(
                context, CCryptoBoringSSL_EVP_aead_aes_256_gcm(), key.base, key.count, Suite.tagSize, nil) == 1
        }
        guard isReady else { throw StoreError(.system, "AES-256-GCM cannot be set up") }
        return context
    }

    var isLockedInMemory: Bool { key.isLocked && sealing?.isLocked ?? true && opening?.isLocked ?? true }

    /// Whether this machine can seal with it. Opening never depends on the CPU.
    var canSeal: Bool { suite == .xchacha20poly1305 || sealing != nil }

    /// Writes ciphertext and tag (16 bytes more than `plaintext`) at `output`.
    func seal(
        _ plaintext: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, nonce: UnsafePointer<UInt8>,
        to output: UnsafeMutablePointer<UInt8>
    ) {
        let message = plaintext.octets
        let additional = associated.octets
        switch suite {
        case .xchacha20poly1305:
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                output, nil, message, UInt64(plaintext.count), additional, UInt64(associated.count), nil, nonce, key.base)
        case .aes256gcm:
            guard let sealing else { return }
            _ = crypto_aead_aes256gcm_encrypt_afternm(
                output, nil, message, UInt64(plaintext.count), additional, UInt64(associated.count), nil, nonce,
                UnsafeRawPointer(sealing.base).assumingMemoryBound(to: crypto_aead_aes256gcm_state.self))
        }
    }

    /// Writes the plaintext (16 bytes less than `sealed`) at `output`, if it is authentic. Allocates nothing.
    func open(
        _ sealed: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, nonce: UnsafePointer<UInt8>,
        to output: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        withExtendedLifetime(self) { opener.open(sealed, associated: associated, nonce: nonce, to: output) }
    }
}

/// What opens the records of one key, in plain pointers: on the way of a get nothing counts references. Valid while its ``Cipher`` lives.
struct Opener {
    let suite: Suite
    fileprivate let key: UnsafePointer<UInt8>
    /// For AES-256-GCM.
    fileprivate let context: UnsafePointer<EVP_AEAD_CTX>?

    @inline(__always)
    func open(
        _ sealed: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, nonce: UnsafePointer<UInt8>,
        to output: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        guard sealed.count >= Suite.tagSize else { return false }
        let message = sealed.octets
        let additional = associated.octets
        switch suite {
        case .xchacha20poly1305:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                output, nil, nil, message, UInt64(sealed.count), additional, UInt64(associated.count), nonce, key) == 0
        case .aes256gcm:
            guard let context else { return false }
            let textCount = sealed.count - Suite.tagSize
            return CCryptoBoringSSL_EVP_AEAD_CTX_open_gather(
                context, output, nonce, suite.nonceSize, message, textCount, message + textCount, Suite.tagSize, additional,
                associated.count) == 1
        }
    }
}
