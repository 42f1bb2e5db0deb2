import Atomics
import CLinux
import Glibc

/// The active records of one reader, sealed as on the disk, bounded, in front of LMDB.
///
/// The records lie one behind the other in a ring; the newest overwrite the oldest. ``RecordSlots`` says where. Nothing here is secret,
/// nothing here is trusted: each record is opened and authenticated each time. Used by one thread; only the two counters are read by
/// others.
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
    private var slots: RecordSlots

    private var head = 0
    private var tail = 0
    private var used = 0
    private var live = 0
    private let touchedBytes = ManagedAtomic<Int>(0)
    private let liveEntries = ManagedAtomic<Int>(0)

    /// - Parameter limit: bytes that ring and table together may take; at least 1 MiB.
    init(limit: Int) throws(StoreError) {
        let limit = max(limit, 1 << 20)
        let mostSlots = RecordSlots.most(within: limit)
        slots = try RecordSlots(most: mostSlots)
        ringBytes = (limit - mostSlots * RecordSlots.slotSize) & ~7
        let memory = mmap(nil, ringBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            slots.free()
            throw StoreError.fromErrno("no memory for the index of records")
        }
        // Each get touches a place at random: with small pages most of its time would go into finding it (measured: a third of a
        // pipelined get). Where the kernel has no large pages it stays as it was.
        madvise(memory, ringBytes, MADV_HUGEPAGE)
        ring = memory
    }

    deinit {
        slots.free()
        munmap(ring, ringBytes)
    }

    /// Bytes in use, the table included.
    var bytes: Int { touchedBytes.load(ordering: .relaxed) }
    var entries: Int { liveEntries.load(ordering: .relaxed) }

    func clear() {
        slots.removeAll()
        // Gives the pages back to the kernel, which hands out zeros again.
        madvise(ring, ringBytes, MADV_DONTNEED)
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

    /// The slot of a key; `nil` when it is not there.
    @inline(__always)
    private func slot(of key: IndexKey) -> Int? {
        let tag = key.tag
        var slot = slots.home(of: tag)
        while true {
            let value = slots[slot]
            if value.isEmpty { return nil }
            if value.tag == tag, entry(value.offset).pointee.key == key { return slot }
            slot = slots.next(slot)
        }
    }

    @inline(__always)
    func find(_ key: IndexKey) -> Found? {
        guard let slot = slot(of: key) else { return nil }
        let offset = slots[slot].offset
        let entry = entry(offset)
        return Found(
            record: UnsafeRawBufferPointer(start: ring + offset + Self.entrySize, count: Int(entry.pointee.recordLength)),
            hash: entry.pointee.hash, version: entry.pointee.version)
    }

    // MARK: Looking ahead

    /// What is asked of the memory for a record that is not in the cache: the beginning of a small one is all of it; of a large one the
    /// processor fetches the rest by itself.
    private static let linesAhead = 5

    /// Asks the memory for the slot of a key that is looked for soon.
    @inline(__always)
    func expect(_ key: IndexKey) { coffer_prefetch(slots.address(of: slots.home(of: key.tag)), 1) }

    /// The slot is at hand by now: asks for the record.
    @inline(__always)
    func approach(_ key: IndexKey) {
        let tag = key.tag
        var slot = slots.home(of: tag)
        while !slots[slot].isEmpty {
            if slots[slot].tag == tag { return coffer_prefetch(ring + slots[slot].offset, Int32(Self.linesAhead)) }
            slot = slots.next(slot)
        }
    }

    /// Older never replaces newer (formats.md 17).
    func store(_ key: IndexKey, hash: UnsafeRawBufferPointer, version: UInt64, revision: UInt64, record: UnsafeRawBufferPointer) {
        let span = Self.span(record.count)
        let pair = (hash.loadUnaligned(as: UInt64.self), hash.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let new = Entry(
            recordLength: UInt32(truncatingIfNeeded: record.count), state: 1, key: key, hash: pair, version: version, revision: revision)
        if let slot = slot(of: key) {
            let offset = slots[slot].offset
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
        if live >= slots.capacity { slots.grow() }
        slots.insert(key.tag, offset)
        live += 1
    }

    /// The record that is there, sealed anew: nothing that is not there comes in by it, and nothing newer goes.
    /// - Parameter revision: where the store stood when it was sealed.
    func replace(_ key: IndexKey, version: UInt64, revision: UInt64, record: UnsafeRawBufferPointer) {
        guard let slot = slot(of: key) else { return }
        let old = entry(slots[slot].offset).pointee
        guard old.version == version, old.revision <= revision else { return }
        withUnsafeBytes(of: old.hash) { store(key, hash: $0, version: version, revision: old.revision, record: record) }
    }

    func remove(_ key: IndexKey, revision: UInt64) {
        guard let slot = slot(of: key), entry(slots[slot].offset).pointee.revision <= revision else { return }
        forget(slot: slot)
        publishCounters()
    }

    private func publishCounters() {
        liveEntries.store(live, ordering: .relaxed)
        let touched = slots.bytes + max(head, used)
        if touched > touchedBytes.load(ordering: .relaxed) { touchedBytes.store(touched, ordering: .relaxed) }
    }

    // MARK: Ring

    /// Makes `span` bytes free at the ring's head, where the oldest records go.
    private func reserve(_ span: Int) -> Int? {
        if head + span > ringBytes {
            // What is left up to the end is filled; the next record begins at the beginning.
            let rest = ringBytes - head
            while ringBytes - used < rest + span || live >= slots.most / 8 * 7 { guard evictOldest() else { return nil } }
            if rest >= Self.entrySize {
                entry(head).pointee.recordLength = UInt32(truncatingIfNeeded: rest - Self.entrySize)
                entry(head).pointee.state = 2
            }
            used += rest
            head = 0
        }
        while ringBytes - used < span || live >= slots.most / 8 * 7 { guard evictOldest() else { return nil } }
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
        if oldest.pointee.state == 1, let slot = slot(of: oldest.pointee.key), slots[slot].offset == tail { forget(slot: slot) }
        let span = Self.span(Int(oldest.pointee.recordLength))
        tail += span
        used -= span
        if tail == ringBytes { tail = 0 }
        return true
    }

    /// Takes an entry out of the table.
    private func forget(slot: Int) {
        entry(slots[slot].offset).pointee.state = 0
        live -= 1
        slots.remove(slot)
    }
}
