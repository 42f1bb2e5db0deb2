import CSodium

/// The payload's unit: 64 KiB of plaintext, sealed under a counter and a mark of whether it is the last.
enum Chunk {
    static let size = 65_536
    static let tagSize = Int(crypto_aead_chacha20poly1305_ietf_ABYTES)
    static let sealedSize = size + tagSize
    /// Of the payload, in front of its first chunk.
    static let nonceSize = 16

    /// What room is appended from.
    static let zeros = [UInt8](repeating: 0, count: sealedSize)
}

/// Seals and opens the chunks of one payload, one after the other.
struct ChunkCipher {
    private let key: GuardedBytes
    /// How many chunks came before the next one.
    private(set) var position: UInt64 = 0

    init(key: GuardedBytes) { self.key = key }

    /// Seals the next chunk onto the end of `output`.
    mutating func seal(_ plaintext: UnsafeRawBufferPointer, isLast: Bool, onto output: inout [UInt8]) {
        let start = output.count
        output += Chunk.zeros[..<(plaintext.count + Chunk.tagSize)]
        let nonce = nonce(isLast)
        output.withUnsafeMutableBufferPointer { output in
            guard let base = output.baseAddress else { return }
            crypto_aead_chacha20poly1305_ietf_encrypt(
                base + start, nil, plaintext.octets, UInt64(plaintext.count), nil, 0, nil, nonce, key.octets)
        }
        position += 1
    }

    /// Opens the next chunk onto the end of `output`; where it is not authentic, `output` and the position stay as they are.
    mutating func open(_ sealed: UnsafeRawBufferPointer, isLast: Bool, onto output: inout [UInt8]) -> Bool {
        guard sealed.count >= Chunk.tagSize else { return false }
        let start = output.count
        let count = sealed.count - Chunk.tagSize
        output.appendRoom(count)
        let nonce = nonce(isLast)
        let status = output.withUnsafeMutableBufferPointer { output in
            // An empty chunk at the beginning of an empty array has nowhere to go, and is only checked.
            crypto_aead_chacha20poly1305_ietf_decrypt(
                output.baseAddress.map { $0 + start }, nil, nil, sealed.octets, UInt64(sealed.count), nil, 0, nonce, key.octets)
        }
        guard status == 0 else {
            output.removeLast(count)
            return false
        }
        position += 1
        return true
    }

    /// Eleven bytes of counter, the highest first, and the mark.
    private func nonce(_ isLast: Bool) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 { nonce[3 + index] = UInt8(truncatingIfNeeded: position >> UInt64(56 - 8 * index)) }
        nonce[11] = isLast ? 1 : 0
        return nonce
    }
}
