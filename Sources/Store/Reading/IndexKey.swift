import CSodium

/// A name as the index finds it: SipHash-128 of tenant and name under a key of this process (design.md 3).
struct IndexKey: Equatable, Sendable {
    var low: UInt64
    var high: UInt64

    /// The bits that its slot in an index shows.
    @inline(__always) var tag: UInt32 { UInt32(truncatingIfNeeded: high) }

    /// A pointer, so that nothing is counted on the way of a get. It lives as long as the process.
    private nonisolated(unsafe) static let processKey: UnsafePointer<UInt8> = {
        let count = Int(crypto_shorthash_siphashx24_KEYBYTES)
        let key = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        randombytes_buf(key, count)
        return UnsafePointer(key)
    }()

    /// - Parameter scratch: room for 8 bytes more than the name.
    @inline(__always)
    init(tenant: TenantID, name: UnsafeRawBufferPointer, scratch: UnsafeMutableRawPointer) {
        scratch.storeBytes(of: tenant, as: UInt64.self)
        if let base = name.baseAddress { (scratch + 8).copyMemory(from: base, byteCount: name.count) }
        var output: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &output) { output in
            _ = crypto_shorthash_siphashx24(
                output.octets, scratch.assumingMemoryBound(to: UInt8.self),
                UInt64(name.count + 8), Self.processKey)
        }
        low = output.0
        high = output.1
    }

    @inline(__always)
    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    init(tenant: TenantID, name: [UInt8]) {
        self = withUnsafeTemporaryAllocation(byteCount: 8 + name.count, alignment: 8) { scratch in
            name.withUnsafeBytes { IndexKey(tenant: tenant, name: $0, scratch: UnsafeMutableRawPointer(scratch.octets)) }
        }
    }
}

/// The hash of a name that is about to be read, as ``StoreReader/expect(tenant:name:)`` gives it.
public struct NameHash: Sendable {
    public let low: UInt64
    public let high: UInt64

    @inline(__always) var key: IndexKey { IndexKey(low: low, high: high) }
}
