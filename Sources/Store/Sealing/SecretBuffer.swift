import CSodium

/// Bytes of a secret on their way into the store: of fixed size, never reallocated, wiped when released.
///
/// Sendable because nobody writes after `init`.
public final class SecretBuffer: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer

    public init(copying bytes: UnsafeRawBufferPointer) {
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        count = bytes.count
        storage.copyMemory(from: bytes)
    }

    public init(_ bytes: [UInt8]) {
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        count = bytes.count
        storage.copyBytes(from: bytes)
    }

    public let count: Int

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[0..<count]) }

    deinit {
        sodium_memzero(storage.baseAddress, storage.count)
        storage.deallocate()
    }
}
