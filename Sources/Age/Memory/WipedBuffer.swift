import CSodium

/// Room for bytes that are secret or become it: of fixed size, never moved, wiped when it is emptied and when it is released.
///
/// Not Sendable: each encryptor and each decryptor has its own.
final class WipedBuffer {
    private let storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int) {
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    var capacity: Int { storage.count }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    /// Takes what fits from the front of `source`.
    /// - Returns: how many bytes it took.
    func append(_ source: UnsafeRawBufferPointer) -> Int {
        let part = min(source.count, storage.count - count)
        guard part > 0 else { return 0 }
        UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<part]))
        count += part
        return part
    }

    func clear() {
        sodium_memzero(storage.baseAddress, count)
        count = 0
    }

    deinit {
        sodium_memzero(storage.baseAddress, storage.count)
        storage.deallocate()
    }
}

extension [UInt8] {
    /// Appends `more` zeros, to be written over. Where the array must move for it, what it leaves behind is wiped: a plain `append`
    /// would leave a copy of the plaintext in freed memory.
    mutating func appendRoom(_ more: Int) {
        let needed = count + more
        if needed > capacity, count > 0 {
            var moved: [UInt8] = []
            moved.reserveCapacity(Swift.max(needed, capacity * 2))
            moved += self
            wipe()
            self = moved
        }
        self += Chunk.zeros[..<more]
    }

    mutating func wipe() {
        withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    }
}
