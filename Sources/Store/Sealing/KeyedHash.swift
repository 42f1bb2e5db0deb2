import CSodium

/// Keyed BLAKE2b: names in LMDB keys, set hashes, commitments, authentication of the header.
package enum KeyedHash {
    /// - Parameter count: length of the result, 16 to 64 bytes.
    static func bytes(_ message: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            crypto_generichash(
                UnsafeMutableRawBufferPointer(output).octets, count, message.octets, UInt64(message.count), key.octets, key.count)
            initialized = count
        }
    }

    static func bytes(_ message: [UInt8], key: GuardedBytes, count: Int) -> [UInt8] {
        message.withUnsafeBytes { bytes($0, key: key.bytes, count: count) }
    }

    /// Compares in constant time.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && sodium_memcmp(left, right, left.count) == 0
    }

    /// The same.
    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        left.count == right.count && sodium_memcmp(left.octets, right.octets, left.count) == 0
    }
}

extension GuardedBytes {
    /// Divides this key further: `crypto_kdf` with an eight-letter context (formats.md 1).
    func subkey(_ context: StaticString, id: UInt64 = 1) throws(StoreError) -> GuardedBytes {
        precondition(context.utf8CodeUnitCount == crypto_kdf_CONTEXTBYTES)
        return try GuardedBytes(count: 32) { output in
            context.utf8Start.withMemoryRebound(to: CChar.self, capacity: context.utf8CodeUnitCount) { letters in
                _ = crypto_kdf_derive_from_key(output.octets, 32, id, letters, base)
            }
        }
    }
}
