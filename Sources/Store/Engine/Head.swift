/// An additive hash of a set, 256 bits: the sum of the hashes of its members (formats.md 7). Members can be taken out again, and
/// their order does not matter.
struct SetHash: Equatable, Sendable {
    /// The least significant word first.
    private(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (left: SetHash, right: SetHash) -> Bool { left.words == right.words }

    private static func split(_ hash: [UInt8]) -> [UInt64] {
        hash.withUnsafeBytes { bytes in (0..<4).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) } }
    }

    mutating func add(_ hash: [UInt8]) {
        let other = Self.split(hash)
        var carry: UInt64 = 0
        words.0 = Self.sum(words.0, other[0], &carry)
        words.1 = Self.sum(words.1, other[1], &carry)
        words.2 = Self.sum(words.2, other[2], &carry)
        words.3 = Self.sum(words.3, other[3], &carry)
    }

    mutating func subtract(_ hash: [UInt8]) {
        let other = Self.split(hash)
        var borrow: UInt64 = 0
        words.0 = Self.difference(words.0, other[0], &borrow)
        words.1 = Self.difference(words.1, other[1], &borrow)
        words.2 = Self.difference(words.2, other[2], &borrow)
        words.3 = Self.difference(words.3, other[3], &borrow)
    }

    private static func sum(_ left: UInt64, _ right: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (first, over) = left.addingReportingOverflow(right)
        let (second, again) = first.addingReportingOverflow(carry)
        carry = over || again ? 1 : 0
        return second
    }

    private static func difference(_ left: UInt64, _ right: UInt64, _ borrow: inout UInt64) -> UInt64 {
        let (first, under) = left.subtractingReportingOverflow(right)
        let (second, again) = first.subtractingReportingOverflow(borrow)
        borrow = under || again ? 1 : 0
        return second
    }

    /// What a member adds: the hash of its LMDB key and its record's tag.
    static func member(key: UnsafeRawBufferPointer, record: UnsafeRawBufferPointer, keys: KeySet) -> [UInt8] {
        let tag = record.suffix(Suite.tagSize)
        return withUnsafeTemporaryAllocation(byteCount: key.count + tag.count, alignment: 8) { scratch in
            scratch.copyBytes(from: key)
            UnsafeMutableRawBufferPointer(rebasing: scratch[key.count...]).copyBytes(from: tag)
            return KeyedHash.bytes(UnsafeRawBufferPointer(scratch), key: keys.setHashKey.bytes, count: 32)
        }
    }

    func encode(to writer: inout FieldWriter) {
        for word in [words.0, words.1, words.2, words.3] { writer.u64(word) }
    }

    init() {}

    init(from reader: inout FieldReader) throws(StoreError) {
        words = (try reader.u64(), try reader.u64(), try reader.u64(), try reader.u64())
    }
}

/// Where the store stands: one sealed record that every transaction rewrites (formats.md 7).
struct Head: Sendable {
    struct Content: Equatable, Sendable {
        var count: UInt64 = 0
        var hash = SetHash()
    }

    /// 16 bytes (formats.md 4).
    var incarnation: [UInt8]
    var revision: UInt64 = 0
    /// Of the last commit; Unix milliseconds.
    var time: UInt64 = 0
    var nextPageID: UInt64 = 1
    /// Names with a live version or a deleted one: what a list can show.
    var listedNames: UInt64 = 0
    /// The oldest revision of the change log; above `revision` when it is empty.
    var oldestLogged: UInt64 = 1
    var oldestIdempotency: UInt64 = 0
    var nextIdempotency: UInt64 = 0
    /// Of each table but the head's own.
    var contents: [Table: Content] = [:]

    static let key: [UInt8] = [0]
    private static let format: UInt8 = 1

    init(incarnation: [UInt8]) { self.incarnation = incarnation }

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 512)
        writer.u8(Self.format)
        writer.raw(incarnation)
        for number in [revision, time, nextPageID, listedNames, oldestLogged, oldestIdempotency, nextIdempotency] { writer.u64(number) }
        let tables = contents.sorted { $0.key.rawValue < $1.key.rawValue }
        writer.u16(UInt16(truncatingIfNeeded: tables.count))
        for (table, content) in tables {
            writer.u16(table.rawValue)
            writer.u64(content.count)
            content.hash.encode(to: &writer)
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in
            try Head(reading: bytes)
        }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "the head record")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "the head record has format \(format)") }
        incarnation = try reader.raw(16)
        revision = try reader.u64()
        time = try reader.u64()
        nextPageID = try reader.u64()
        listedNames = try reader.u64()
        oldestLogged = try reader.u64()
        oldestIdempotency = try reader.u64()
        nextIdempotency = try reader.u64()
        for _ in 0..<(try reader.u16()) {
            let number = try reader.u16()
            guard let table = Table(rawValue: number) else { throw StoreError(.unknownFormat, "the store has a table \(number)") }
            var content = Content()
            content.count = try reader.u64()
            content.hash = try SetHash(from: &reader)
            contents[table] = content
        }
        try reader.finish()
    }
}
