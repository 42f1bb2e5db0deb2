import CLinux
import CofferStore
import CSodium
import Glibc

/// Reads that were made since it was handed over last, equal ones counted: preallocated, open addressing, no allocation and no lock.
///
/// Its pages are the kernel's until they are touched: a daemon that nobody asks pays nothing for its size.
final class ReadTable: @unchecked Sendable {
    struct Key {
        var low: UInt64
        var high: UInt64
        var tenant: UInt64
        var version: UInt64
        var noun: AuditNoun
        var action: AuditAction
        var result: UInt16
    }

    private struct Entry {
        var low: UInt64
        var high: UInt64
        var who: UnsafeMutableRawPointer
        var first: UInt64
        var version: UInt64
        var tenant: UInt64
        var span: UInt32
        var count: UInt32
        var nameOffset: UInt32
        var nameLength: UInt16
        var result: UInt16
        var noun: UInt8
        var action: UInt8
        /// Where the table names it.
        var slot: UInt32
    }

    static let usualCapacity = 131_072
    private static let nameRoom = 48
    private static let keptEntries = 8_192

    private let capacity: Int
    private let mask: Int
    private let memory: UnsafeMutableRawPointer
    private let mapped: Int
    private let slots: UnsafeMutablePointer<UInt32>
    private let entries: UnsafeMutablePointer<Entry>
    private let names: UnsafeMutableRawPointer
    private let nameCapacity: Int
    private(set) var count = 0
    private var nameBytes = 0
    /// Of the oldest read in it; 0: it is empty.
    private(set) var first: UInt64 = 0
    /// The most entries that it has had since its pages were given back.
    private var most = 0

    /// - Parameter capacity: a power of two.
    init(capacity: Int = usualCapacity) throws(StoreError) {
        self.capacity = capacity
        mask = capacity * 2 - 1
        nameCapacity = capacity * Self.nameRoom + AuditRecord.longestName
        let slotBytes = capacity * 2 * MemoryLayout<UInt32>.stride
        let entryBytes = capacity * MemoryLayout<Entry>.stride
        mapped = slotBytes + entryBytes + nameCapacity
        let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw StoreError(.system, "no memory for the audit of reads") }
        self.memory = memory
        slots = memory.assumingMemoryBound(to: UInt32.self)
        entries = (memory + slotBytes).assumingMemoryBound(to: Entry.self)
        names = memory + slotBytes + entryBytes
    }

    deinit {
        removeAll()
        munmap(memory, mapped)
    }

    @inline(__always)
    private static func place(_ hash: UInt64, _ action: AuditAction, _ noun: AuditNoun, _ who: UnsafeMutableRawPointer) -> Int {
        let kind = UInt64(action.rawValue) << 32 | UInt64(noun.rawValue) << 16
        // The name's hash is well mixed; the rest only has to move it somewhere else. What is known only after the read, version and
        // result, stays out of it, so that the place can be fetched ahead.
        return Int(truncatingIfNeeded: hash ^ (UInt64(UInt(bitPattern: who)) >> 4 ^ kind) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// A read that is about to be made: asks the memory for its slot.
    @inline(__always)
    func expect(_ hash: UInt64, _ action: AuditAction, _ noun: AuditNoun, _ who: AuditWho) {
        coffer_prefetch(slots + (Self.place(hash, action, noun, Unmanaged.passUnretained(who).toOpaque()) & mask), 1)
    }

    /// The slot is at hand by now: asks for what it names, a read of before that may be equal.
    @inline(__always)
    func approach(_ hash: UInt64, _ action: AuditAction, _ noun: AuditNoun, _ who: AuditWho) {
        let index = slots[Self.place(hash, action, noun, Unmanaged.passUnretained(who).toOpaque()) & mask]
        if index != 0 { coffer_prefetch(entries + Int(index - 1), 2) }
    }

    /// - Parameter name: 0 to ``AuditRecord/longestName`` bytes.
    /// - Returns: false where there is no room: the table is to be handed over first.
    @inline(__always)
    func count(_ key: Key, _ who: AuditWho, _ name: UnsafeRawBufferPointer, now: UInt64) -> Bool {
        let caller = Unmanaged.passUnretained(who).toOpaque()
        var slot = Self.place(key.low, key.action, key.noun, caller) & mask
        while true {
            let index = slots[slot]
            if index == 0 { return insert(key, who, name, at: slot, now: now) }
            let entry = entries + Int(index - 1)
            if entry.pointee.low == key.low, entry.pointee.high == key.high, entry.pointee.who == caller, entry.pointee.version == key.version,
                entry.pointee.action == key.action.rawValue, entry.pointee.result == key.result, entry.pointee.noun == key.noun.rawValue {
                guard entry.pointee.count < .max else { return false }
                entry.pointee.count += 1
                // A clock that was put back makes no read earlier.
                entry.pointee.span = UInt32(clamping: max(now, entry.pointee.first) - entry.pointee.first)
                return true
            }
            slot = (slot + 1) & mask
        }
    }

    private func insert(_ key: Key, _ who: AuditWho, _ name: UnsafeRawBufferPointer, at slot: Int, now: UInt64) -> Bool {
        let length = min(name.count, AuditRecord.longestName)
        guard count < capacity, nameBytes + length <= nameCapacity else { return false }
        if let base = name.baseAddress { (names + nameBytes).copyMemory(from: base, byteCount: length) }
        (entries + count).initialize(to: Entry(
            low: key.low, high: key.high, who: Unmanaged.passRetained(who).toOpaque(), first: now, version: key.version, tenant: key.tenant,
            span: 0, count: 1, nameOffset: UInt32(nameBytes), nameLength: UInt16(length), result: key.result, noun: key.noun.rawValue,
            action: key.action.rawValue, slot: UInt32(slot)))
        nameBytes += length
        count += 1
        slots[slot] = UInt32(count)
        if first == 0 { first = max(now, 1) }
        return true
    }

    // MARK: Emptying

    /// Whether its pages hold much more memory than a quiet daemon should keep.
    var isLarge: Bool { most > Self.keptEntries }

    /// Whether much was read since it was handed over last.
    var isFilledMuch: Bool { count > Self.keptEntries }

    /// Gives the pages of an empty table back to the kernel: what a burst of reads took is not kept for the next one.
    func giveBackPages() {
        guard count == 0, isLarge else { return }
        // Where the kernel does not take them they are as empty as before, and stay.
        _ = madvise(memory, mapped, MADV_DONTNEED)
        most = 0
    }

    /// The memory of it, for those who count its pages.
    var pages: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: mapped) }

    /// What its records take, about.
    var bytes: Int { nameBytes + count * 2 * RecordLimiter.fixedBytes }

    /// Reads that were refused, or found nothing, are limited: their names are whatever the caller liked.
    func encode(to buffer: RecordBuffer, limiting refusals: inout RecordLimiter, now: UInt64) {
        for index in 0..<count {
            let entry = entries[index]
            let who = Unmanaged<AuditWho>.fromOpaque(entry.who)
            guard entry.result == 0 || who._withUnsafeGuaranteedRef({ refusals.admits(Self.act(entry, $0), now: now) }) else { continue }
            let fixed = RecordLayout.Fixed(
                noun: entry.noun, action: entry.action, result: entry.result, time: entry.first, span: entry.span, count: entry.count,
                tenant: entry.tenant, version: entry.version, revision: 0)
            let name = UnsafeRawBufferPointer(start: names + Int(entry.nameOffset), count: Int(entry.nameLength))
            who._withUnsafeGuaranteedRef { who in
                RecordLayout.write(fixed, who: who, name: name, to: buffer) { buffer in
                    buffer.put(UInt8(0))
                    buffer.put(UInt16(0))
                }
            }
        }
    }

    private static func act(_ entry: Entry, _ who: AuditWho) -> RecordLimiter.Act {
        RecordLimiter.Act(
            who: who, noun: AuditNoun(rawValue: entry.noun) ?? .secret, action: AuditAction(rawValue: entry.action) ?? .get,
            result: entry.result, tenant: entry.tenant, count: entry.count, first: entry.first, last: entry.first + UInt64(entry.span),
            bytes: RecordLimiter.fixedBytes + who.encoded.count + Int(entry.nameLength))
    }

    func removeAll() {
        for index in 0..<count {
            Unmanaged<AuditWho>.fromOpaque(entries[index].who).release()
            slots[Int(entries[index].slot)] = 0
        }
        sodium_memzero(names, nameBytes)
        most = max(most, count)
        count = 0
        nameBytes = 0
        first = 0
    }
}
