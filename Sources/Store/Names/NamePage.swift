/// One sorted page of names (formats.md 6): as many as fit a sealed record of 2,000 bytes.
///
/// A name's place is its tenant's number, largest byte first, then its own bytes. On the disk each entry leaves out what it shares with
/// the one before.
struct NamePage: Sendable {
    /// Tenant ‖ name: what the order is by.
    typealias Place = [UInt8]

    struct Entry: Equatable, Sendable {
        var place: Place
        var deleted: Bool
    }

    private(set) var entries: [Entry]

    /// LMDB 0.9.24 spills values above 2,020 bytes to pages of their own.
    static let sealedCapacity = 2_000
    static let capacity = sealedCapacity - Record.prefixSize - 24 - Suite.tagSize
    private static let format: UInt8 = 1
    private static let entryOverhead = 2 + 2 + 1
    static let tenantSize = 8

    static func place(tenant: TenantID, name: [UInt8]) -> Place { tenant.bigEndianBytes + name }

    /// Bytes of its plaintext; kept up with each change, because each change asks for it.
    private(set) var encodedSize: Int

    /// What an entry takes behind another.
    private static func cost(_ place: Place, after previous: Place) -> Int { entryOverhead + place.count - shared(previous, place) }

    /// What the entry at `index` and the one behind it take together.
    private func costAround(_ index: Int) -> Int {
        var cost = 0
        if index < entries.count { cost += Self.cost(entries[index].place, after: index > 0 ? entries[index - 1].place : []) }
        if index + 1 < entries.count { cost += Self.cost(entries[index + 1].place, after: entries[index].place) }
        return cost
    }

    private func costAlone(_ index: Int) -> Int {
        index < entries.count ? Self.cost(entries[index].place, after: index > 0 ? entries[index - 1].place : []) : 0
    }

    mutating func insert(_ entry: Entry, at index: Int) {
        encodedSize -= costAlone(index)
        entries.insert(entry, at: index)
        encodedSize += costAround(index)
    }

    mutating func remove(at index: Int) {
        encodedSize -= costAround(index)
        entries.remove(at: index)
        encodedSize += costAlone(index)
    }

    mutating func setDeleted(_ deleted: Bool, at index: Int) { entries[index].deleted = deleted }

    /// Cuts it in two; the upper part is returned.
    mutating func split(at index: Int) -> NamePage {
        let upper = NamePage(entries: Array(entries[index...]))
        self = NamePage(entries: Array(entries[..<index]))
        return upper
    }

    /// Where to cut it so that both parts have about as many bytes. Not by the number of entries: a few long names behind many short ones
    /// would still be too many.
    var middle: Int {
        let half = encodedSize / 2
        var size = 1 + 2
        var previous: Place = []
        for (index, entry) in entries.enumerated() {
            size += Self.cost(entry.place, after: previous)
            if size > half { return min(max(index, 1), entries.count - 1) }
            previous = entry.place
        }
        return entries.count / 2
    }

    private static func shared(_ left: Place, _ right: Place) -> Int {
        let limit = min(left.count, right.count)
        var count = 0
        while count < limit && left[count] == right[count] { count += 1 }
        return count
    }

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: Self.capacity)
        writer.u8(Self.format)
        writer.u16(UInt16(truncatingIfNeeded: entries.count))
        var previous: Place = []
        for entry in entries {
            let shared = Self.shared(previous, entry.place)
            writer.u16(UInt16(truncatingIfNeeded: shared))
            writer.bytes16(entry.place[shared...])
            writer.bool(entry.deleted)
            previous = entry.place
        }
        return writer.bytes
    }

    init(entries: [Entry]) {
        self.entries = entries
        encodedSize = 1 + 2
        for index in entries.indices { encodedSize += costAlone(index) }
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        let result = try bytes.withBytes { (bytes) throws(StoreError) in
            try Self.read(bytes)
        }
        entries = result
        encodedSize = bytes.count
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> [Entry] {
        var reader = FieldReader(bytes, "a page of names")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "a page of names has format \(format)") }
        var entries: [Entry] = []
        let count = Int(try reader.u16())
        entries.reserveCapacity(count)
        var previous: Place = []
        for _ in 0..<count {
            let shared = Int(try reader.u16())
            guard shared <= previous.count else { throw StoreError(.damaged, "a page of names does not fit together") }
            let rest = try reader.slice(Int(try reader.u16()))
            var place = Place()
            place.reserveCapacity(shared + rest.count)
            place.append(contentsOf: previous[..<shared])
            place.append(contentsOf: rest)
            guard place.count > tenantSize, previous.isEmpty || previous.lexicographicallyPrecedes(place) else {
                throw StoreError(.damaged, "a page of names is not in order")
            }
            entries.append(Entry(place: place, deleted: try reader.bool()))
            previous = place
        }
        try reader.finish()
        return entries
    }

    /// Index of the first entry that is not below `place`.
    func lowerBound(_ place: Place) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].place.lexicographicallyPrecedes(place) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
