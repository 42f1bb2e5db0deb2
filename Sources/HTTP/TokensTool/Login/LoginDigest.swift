import CSodium

/// Compares two texts of any length in constant time, by their digests.
enum LoginDigest {
    static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        let digests = [digest(left), digest(right)]
        return sodium_memcmp(digests[0], digests[1], digests[0].count) == 0
    }

    private static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        _ = crypto_generichash(
            &digest, digest.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count), nil, 0)
        return digest
    }
}
