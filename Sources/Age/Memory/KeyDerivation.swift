import CSodium

/// HMAC-SHA-256 and HKDF-SHA-256 (RFC 5869): libsodium 1.0.18 has the first and not yet the second.
enum KeyDerivation {
    static let size = 32

    /// HMAC-SHA-256 of `parts`, one behind the other, to `output` (32 bytes). libsodium wipes its state behind itself.
    static func authenticate(_ parts: [UnsafeRawBufferPointer], key: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) {
        var state = crypto_auth_hmacsha256_state()
        crypto_auth_hmacsha256_init(&state, key.octets, key.count)
        for part in parts where part.count > 0 { crypto_auth_hmacsha256_update(&state, part.octets, UInt64(part.count)) }
        crypto_auth_hmacsha256_final(&state, output.assumingMemoryBound(to: UInt8.self))
    }

    /// 32 bytes derived from `secret`: HKDF-Extract, then the first block of HKDF-Expand.
    static func derive(
        _ secret: UnsafeRawBufferPointer, salt: UnsafeRawBufferPointer, info: StaticString
    ) throws(AgeError) -> GuardedBytes {
        try GuardedBytes(count: size) { output in
            guard let output = output.baseAddress else { return }
            withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { extracted in
                guard let key = extracted.baseAddress else { return }
                authenticate([secret], key: salt, to: key)
                let block: [UInt8] = [1]
                block.withUnsafeBytes { block in
                    let label = UnsafeRawBufferPointer(start: info.utf8Start, count: info.utf8CodeUnitCount)
                    authenticate([label, block], key: UnsafeRawBufferPointer(extracted), to: output)
                }
                sodium_memzero(key, size)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// As libsodium wants it, which takes no null even for nothing.
    var octets: UnsafePointer<UInt8> { baseAddress?.assumingMemoryBound(to: UInt8.self) ?? Self.nothing }

    private nonisolated(unsafe) static let nothing = UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

    func dropping(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[Swift.min(count, self.count)...]) }
    func prefixed(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[..<Swift.min(count, self.count)]) }
}
