import CSodium
import Glibc

/// Encoded records, one behind the other. Its memory is kept when it is emptied, and wiped: names are in it.
///
/// Used by one thread at a time, or behind its owner's lock.
final class RecordBuffer: @unchecked Sendable {
    private(set) var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var isMapped: Bool
    private(set) var count = 0
    /// Records in it.
    private(set) var records = 0

    private static let keptCapacity = 8 << 20
    private static let smallCapacity = 256 << 10

    init(capacity: Int = 16 << 10) {
        self.capacity = capacity
        (base, isMapped) = Self.take(capacity)
    }

    deinit {
        sodium_memzero(base, count)
        give()
    }

    // Large ones are pages of their own, which are the kernel's again when they go: the allocator would keep them for its thread.
    private static func take(_ size: Int) -> (UnsafeMutableRawPointer, isMapped: Bool) {
        if size > smallCapacity {
            let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if let pages, pages != MAP_FAILED { return (pages, true) }
        }
        return (.allocate(byteCount: size, alignment: 16), false)
    }

    private func give() {
        if isMapped { munmap(base, capacity) } else { base.deallocate() }
    }

    /// Other memory for an empty buffer.
    private func exchange(_ size: Int) {
        give()
        capacity = size
        (base, isMapped) = Self.take(size)
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    var isEmpty: Bool { count == 0 }

    func removeAll() {
        sodium_memzero(base, count)
        count = 0
        records = 0
        if capacity > Self.keptCapacity { exchange(Self.keptCapacity) }
    }

    /// Whether it holds much more memory than a quiet daemon should keep.
    var isLarge: Bool { capacity > Self.smallCapacity }

    /// Whether much is in it.
    var isFilledMuch: Bool { count > Self.smallCapacity }

    /// Gives the memory of an empty buffer back.
    func shrink() {
        if count == 0, isLarge { exchange(Self.smallCapacity) }
    }

    /// Takes the other's records behind its own.
    func append(_ other: RecordBuffer) {
        put(other.bytes)
        records += other.records
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    private func grow(_ more: Int) {
        var larger = capacity * 2
        while larger - count < more { larger *= 2 }
        let (fresh, isFreshMapped) = Self.take(larger)
        fresh.copyMemory(from: base, byteCount: count)
        sodium_memzero(base, count)
        give()
        (base, isMapped, capacity) = (fresh, isFreshMapped, larger)
    }

    // MARK: Writing

    @inline(__always)
    func put<T: FixedWidthInteger>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    @inline(__always)
    func put(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        if let start = bytes.baseAddress { (base + count).copyMemory(from: start, byteCount: bytes.count) }
        count += bytes.count
    }

    /// A length of two bytes, then at most `limit` of the bytes.
    @inline(__always)
    func put16(_ bytes: UnsafeRawBufferPointer, limit: Int) {
        let short = UnsafeRawBufferPointer(rebasing: bytes.prefix(limit))
        put(UInt16(truncatingIfNeeded: short.count))
        put(short)
    }

    /// Encodes a record with `body`, its length in front.
    @inline(__always)
    func record(_ body: (RecordBuffer) -> Void) {
        let start = count
        put(UInt16(0))
        body(self)
        let length = UInt16(truncatingIfNeeded: count - start - 2)
        base.storeBytes(of: length.bigEndian, toByteOffset: start, as: UInt16.self)
        records += 1
    }
}
