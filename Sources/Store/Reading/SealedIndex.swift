import Atomics
import CSodium
import Glibc

/// A name as the index finds it: SipHash-128 of tenant and name under a key of this process (design.md 3).
struct IndexKey: Equatable, Sendable {
    var low: UInt64
    var high: UInt64

    private static let processKey: [UInt8] = {
        var key = [UInt8](repeating: 0, count: Int(crypto_shorthash_siphashx24_KEYBYTES))
        randombytes_buf(&key, key.count)
        return key
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

    init(tenant: TenantID, name: [UInt8]) {
        self = withUnsafeTemporaryAllocation(byteCount: 8 + name.count, alignment: 8) { scratch in
            name.withUnsafeBytes { IndexKey(tenant: tenant, name: $0, scratch: UnsafeMutableRawPointer(scratch.octets)) }
        }
    }
}

/// The active records of one reader, sealed as on the disk, bounded, in front of LMDB.
///
/// The records lie one behind the other in a ring; the newest overwrite the oldest. A hash table with open addressing says where. Nothing
/// here is secret, nothing here is trusted: each record is opened and authenticated each time. Used by one thread; only the two counters
/// are read by others.
final class SealedIndex {
    /// In front of each record in the ring.
    private struct Entry {
        var recordLength: UInt32
        /// 0: dead; 1: live; 2: filler up to the ring's end.
        var state: UInt32
        var key: IndexKey
        /// The LMDB key without its version.
        var hash: (UInt64, UInt64)
        var version: UInt64
        var revision: UInt64
    }

    struct Found {
        var record: UnsafeRawBufferPointer
        var hash: (UInt64, UInt64)
        var version: UInt64
    }

    /// Larger records are read from the map: opening them costs more than finding them.
    static let largestRecord = 16 << 10
    private static let entrySize = MemoryLayout<Entry>.size

    private let ring: UnsafeMutableRawPointer
    private let ringBytes: Int
    private let slots: UnsafeMutablePointer<UInt64>
    private let slotCount: Int
    private let mask: Int
    private let mapped: Int

    private var head = 0
    private var tail = 0
    private var used = 0
    private var live = 0
    private let touchedBytes = ManagedAtomic<Int>(0)
    private let liveEntries = ManagedAtomic<Int>(0)

    /// - Parameter limit: bytes that ring and table together may take; at least 1 MiB.
    init(limit: Int) throws(StoreError) {
        let limit = max(limit, 1 << 20)
        var slotCount = 1_024
        while slotCount < limit / 160 { slotCount *= 2 }
        self.slotCount = slotCount
        mask = slotCount - 1
        ringBytes = (limit - slotCount * 8) & ~7
        mapped = ringBytes + slotCount * 8
        let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw StoreError.fromErrno("no memory for the index of records") }
        // Each get touches two places at random: with small pages most of its time would go into finding them (measured: a third of a
        // pipelined get). Where the kernel has no large pages it stays as it was.
        madvise(memory, mapped, MADV_HUGEPAGE)
        slots = memory.assumingMemoryBound(to: UInt64.self)
        ring = memory + slotCount * 8
    }

    deinit { munmap(UnsafeMutableRawPointer(slots), mapped) }

    /// Bytes in use, the table included.
    var bytes: Int { touchedBytes.load(ordering: .relaxed) }
    var entries: Int { liveEntries.load(ordering: .relaxed) }

    func clear() {
        // Gives the pages back to the kernel, which hands out zeros again.
        madvise(UnsafeMutableRawPointer(slots), mapped, MADV_DONTNEED)
        head = 0
        tail = 0
        used = 0
        live = 0
        touchedBytes.store(0, ordering: .relaxed)
        liveEntries.store(0, ordering: .relaxed)
    }

    @inline(__always)
    private func entry(_ offset: Int) -> UnsafeMutablePointer<Entry> { (ring + offset).assumingMemoryBound(to: Entry.self) }

    @inline(__always)
    private static func span(_ recordLength: Int) -> Int { (entrySize + recordLength + 7) & ~7 }

    @inline(__always)
    private static func tag(_ key: IndexKey) -> UInt32 { UInt32(truncatingIfNeeded: key.high) }

    /// The slot of a key; `nil` when it is not there.
    @inline(__always)
    private func slot(of key: IndexKey) -> Int? {
        let tag = Self.tag(key)
        var slot = Int(tag) & mask
        while true {
            let value = slots[slot]
            if value == 0 { return nil }
            if UInt32(truncatingIfNeeded: value >> 32) == tag, entry(Self.offset(value)).pointee.key == key { return slot }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    private static func offset(_ value: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: value) - 1) * 8 }

    @inline(__always)
    func find(_ key: IndexKey) -> Found? {
        guard let slot = slot(of: key) else { return nil }
        let offset = Self.offset(slots[slot])
        let entry = entry(offset)
        return Found(
            record: UnsafeRawBufferPointer(start: ring + offset + Self.entrySize, count: Int(entry.pointee.recordLength)),
            hash: entry.pointee.hash, version: entry.pointee.version)
    }

    /// Older never replaces newer (formats.md 17).
    func store(_ key: IndexKey, hash: UnsafeRawBufferPointer, version: UInt64, revision: UInt64, record: UnsafeRawBufferPointer) {
        let span = Self.span(record.count)
        let pair = (hash.loadUnaligned(as: UInt64.self), hash.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let new = Entry(
            recordLength: UInt32(truncatingIfNeeded: record.count), state: 1, key: key, hash: pair, version: version, revision: revision)
        if let slot = slot(of: key) {
            let offset = Self.offset(slots[slot])
            let old = entry(offset)
            guard old.pointee.revision <= revision else { return }
            if Self.span(Int(old.pointee.recordLength)) == span {
                old.pointee = new
                (ring + offset + Self.entrySize).copyMemory(from: record.baseAddress ?? UnsafeRawPointer(ring), byteCount: record.count)
                return
            }
            forget(slot: slot)
        }
        defer { publishCounters() }
        guard record.count <= Self.largestRecord, span <= ringBytes / 8, let base = record.baseAddress else { return }
        guard let offset = reserve(span) else { return }
        entry(offset).pointee = new
        (ring + offset + Self.entrySize).copyMemory(from: base, byteCount: record.count)
        insert(Self.tag(key), offset)
        live += 1
    }

    /// The record that is there, sealed anew: nothing that is not there comes in by it, and nothing newer goes.
    /// - Parameter revision: where the store stood when it was sealed.
    func replace(_ key: IndexKey, version: UInt64, revision: UInt64, record: UnsafeRawBufferPointer) {
        guard let slot = slot(of: key) else { return }
        let old = entry(Self.offset(slots[slot])).pointee
        guard old.version == version, old.revision <= revision else { return }
        withUnsafeBytes(of: old.hash) { store(key, hash: $0, version: version, revision: old.revision, record: record) }
    }

    func remove(_ key: IndexKey, revision: UInt64) {
        guard let slot = slot(of: key), entry(Self.offset(slots[slot])).pointee.revision <= revision else { return }
        forget(slot: slot)
        publishCounters()
    }

    private func publishCounters() {
        liveEntries.store(live, ordering: .relaxed)
        let touched = slotCount * 8 + max(head, used)
        if touched > touchedBytes.load(ordering: .relaxed) { touchedBytes.store(touched, ordering: .relaxed) }
    }

    // MARK: Ring

    /// Makes `span` bytes free at the ring's head, where the oldest records go.
    private func reserve(_ span: Int) -> Int? {
        if head + span > ringBytes {
            // What is left up to the end is filled; the next record begins at the beginning.
            let rest = ringBytes - head
            while ringBytes - used < rest + span || live >= slotCount / 8 * 7 { guard evictOldest() else { return nil } }
            if rest >= Self.entrySize {
                entry(head).pointee.recordLength = UInt32(truncatingIfNeeded: rest - Self.entrySize)
                entry(head).pointee.state = 2
            }
            used += rest
            head = 0
        }
        while ringBytes - used < span || live >= slotCount / 8 * 7 { guard evictOldest() else { return nil } }
        defer {
            head += span
            used += span
        }
        return head
    }

    private func evictOldest() -> Bool {
        guard used > 0 else { return false }
        let rest = ringBytes - tail
        guard rest >= Self.entrySize, entry(tail).pointee.state != 2 else {
            used -= rest
            tail = 0
            return true
        }
        let oldest = entry(tail)
        if oldest.pointee.state == 1, let slot = slot(of: oldest.pointee.key), Self.offset(slots[slot]) == tail { forget(slot: slot) }
        let span = Self.span(Int(oldest.pointee.recordLength))
        tail += span
        used -= span
        if tail == ringBytes { tail = 0 }
        return true
    }

    // MARK: Table

    private func insert(_ tag: UInt32, _ offset: Int) {
        var slot = Int(tag) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt64(tag) << 32 | UInt64(offset / 8 + 1)
    }

    /// Takes an entry out of the table, and moves those behind it that would no longer be found.
    private func forget(slot: Int) {
        entry(Self.offset(slots[slot])).pointee.state = 0
        live -= 1
        var hole = slot
        var next = (slot + 1) & mask
        while slots[next] != 0 {
            let home = Int(UInt32(truncatingIfNeeded: slots[next] >> 32)) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }
}
