import CSodium

/// Bytes of a secret on their way into the store: of fixed size, never reallocated, wiped when released.
///
/// Sendable because nobody writes after `init`.
public final class SecretBuffer: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer
    public let count: Int

    /// Lets `fill` write `count` bytes (they are not zeroed before).
    public init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        storage = .allocate(byteCount: max(count, 1), alignment: 16)
        self.count = count
        fill(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
    }

    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// The bytes; the pointer must not outlive this object. Never of an object that has no name: `make().bytes` points nowhere.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    /// Compares in constant time (the lengths are not secret).
    public func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard count > 0, let left = bytes.baseAddress, let right = other.baseAddress else { return true }
        return sodium_memcmp(left, right, count) == 0
    }

    deinit {
        sodium_memzero(storage.baseAddress, storage.count)
        storage.deallocate()
    }
}
