import Glibc

/// Where in its ring an index has its records: a hash table with open addressing that grows by doubling.
///
/// A get touches one slot at random. A table that is no larger than what it holds stays in the processor's cache where one of the index's
/// full size would not, and an index that holds little takes little memory.
struct RecordSlots {
    /// Where a record lies, and 32 bits of its key's hash, by which other records are passed without a look at them; 0: nothing.
    struct Slot {
        var bits: UInt64

        @inline(__always) var isEmpty: Bool { bits == 0 }
        @inline(__always) var tag: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
        /// In the ring, bytes; a multiple of 8.
        @inline(__always) var offset: Int { Int(UInt32(truncatingIfNeeded: bits) - 1) * 8 }
    }

    static let slotSize = MemoryLayout<Slot>.stride
    private static let fewest = 1_024

    /// It never has more slots than this: a power of two.
    private(set) var most: Int
    private var slots: UnsafeMutablePointer<Slot>
    private var count: Int
    private var mask: Int

    /// The slots that an index of `limit` bytes may come to need.
    static func most(within limit: Int) -> Int {
        var count = fewest
        while count < limit / 160 { count *= 2 }
        return count
    }

    /// - Throws: `system`.
    init(most: Int) throws(StoreError) {
        self.most = most
        count = min(Self.fewest, most)
        mask = count - 1
        guard let memory = Self.map(count) else { throw StoreError.fromErrno("no memory for the index of records") }
        slots = memory
    }

    func free() { munmap(slots, bytes) }

    private static func map(_ count: Int) -> UnsafeMutablePointer<Slot>? {
        let bytes = count * slotSize
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else { return nil }
        madvise(memory, bytes, MADV_HUGEPAGE)
        return memory.assumingMemoryBound(to: Slot.self)
    }

    var bytes: Int { count * Self.slotSize }

    /// With so many records it is to grow: beyond, looking for one would lead past too many others.
    var capacity: Int { count < most ? count / 4 * 3 : .max }

    func removeAll() { madvise(slots, bytes, MADV_DONTNEED) }

    // MARK: Looking

    @inline(__always)
    func home(of tag: UInt32) -> Int { Int(tag) & mask }

    @inline(__always)
    func next(_ slot: Int) -> Int { (slot + 1) & mask }

    @inline(__always)
    subscript(_ slot: Int) -> Slot { slots[slot] }

    @inline(__always)
    func address(of slot: Int) -> UnsafeRawPointer { UnsafeRawPointer(slots + slot) }

    // MARK: Changing

    /// - Parameter offset: in the ring; a multiple of 8.
    mutating func insert(_ tag: UInt32, _ offset: Int) { place(Slot(bits: UInt64(tag) << 32 | UInt64(offset / 8 + 1))) }

    private func place(_ value: Slot) {
        var slot = home(of: value.tag)
        while !slots[slot].isEmpty { slot = next(slot) }
        slots[slot] = value
    }

    /// Takes twice the slots. The tags say where all belong: no record is looked at. Where there is no memory for them it grows no more.
    mutating func grow() {
        guard count < most else { return }
        guard let larger = Self.map(count * 2) else {
            most = count
            return
        }
        let old = (slots: slots, count: count, bytes: bytes)
        slots = larger
        count *= 2
        mask = count - 1
        for index in 0..<old.count where !old.slots[index].isEmpty { place(old.slots[index]) }
        munmap(old.slots, old.bytes)
    }

    /// Empties a slot, and moves those behind it that would no longer be found.
    mutating func remove(_ slot: Int) {
        var hole = slot
        var next = next(slot)
        while !slots[next].isEmpty {
            let home = home(of: slots[next].tag)
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = self.next(next)
        }
        slots[hole] = Slot(bits: 0)
    }
}
