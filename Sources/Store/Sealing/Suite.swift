import CSodium
import Crypto

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
/// Sendable because nothing changes after `init`.
final class Cipher: @unchecked Sendable {
    let suite: Suite
    private let key: GuardedBytes
    /// The expanded key where libsodium does AES; without, swift-crypto opens (formats.md 10).
    private let expanded: GuardedBytes?

    init(suite: Suite, key: GuardedBytes, aesHardware: Bool) throws(StoreError) {
        self.suite = suite
        self.key = key
        if suite == .aes256gcm && aesHardware {
            expanded = try GuardedBytes(count: MemoryLayout<crypto_aead_aes256gcm_state>.size) { state in
                _ = crypto_aead_aes256gcm_beforenm(
                    UnsafeMutableRawPointer(state.octets).assumingMemoryBound(to: crypto_aead_aes256gcm_state.self), key.base)
            }
        } else {
            expanded = nil
        }
    }

    private static func state(_ expanded: GuardedBytes) -> UnsafePointer<crypto_aead_aes256gcm_state> {
        UnsafeRawPointer(expanded.base).assumingMemoryBound(to: crypto_aead_aes256gcm_state.self)
    }

    var isLockedInMemory: Bool { key.isLocked && expanded?.isLocked ?? true }

    /// Whether this machine can seal with it. Opening never depends on the CPU.
    var canSeal: Bool { suite == .xchacha20poly1305 || expanded != nil }

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
            guard let expanded else { return }
            _ = crypto_aead_aes256gcm_encrypt_afternm(
                output, nil, message, UInt64(plaintext.count), additional, UInt64(associated.count), nil, nonce,
                Self.state(expanded))
        }
    }

    /// Writes the plaintext (16 bytes less than `sealed`) at `output`, if it is authentic. Allocates nothing where the machine has AES.
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
                output, nil, nil, message, UInt64(sealed.count), additional, UInt64(associated.count), nonce, key.base) == 0
        case .aes256gcm:
            guard let expanded else { return openWithoutHardware(sealed, associated: associated, nonce: nonce, to: output) }
            return crypto_aead_aes256gcm_decrypt_afternm(
                output, nil, nil, message, UInt64(sealed.count), additional, UInt64(associated.count), nonce,
                Self.state(expanded)) == 0
        }
    }

    private func openWithoutHardware(
        _ sealed: UnsafeRawBufferPointer, associated: UnsafeRawBufferPointer, nonce: UnsafePointer<UInt8>,
        to output: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let textCount = sealed.count - Suite.tagSize
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: UnsafeRawBufferPointer(start: nonce, count: suite.nonceSize)),
                ciphertext: UnsafeRawBufferPointer(rebasing: sealed[..<textCount]),
                tag: UnsafeRawBufferPointer(rebasing: sealed[textCount...]))
            let plaintext = try AES.GCM.open(box, using: SymmetricKey(data: key.bytes), authenticating: associated)
            for (index, byte) in plaintext.enumerated() { output[index] = byte }
            return true
        } catch {
            return false
        }
    }
}
