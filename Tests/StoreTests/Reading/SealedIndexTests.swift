import Testing

@testable import CofferStore

@Suite("Index of sealed records")
struct SealedIndexTests {
    /// A record that says whose it is.
    private static func record(_ key: IndexKey, _ version: UInt64, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: version), count: max(count, 16))
        withUnsafeBytes(of: (key.low, version)) { source in for (index, byte) in source.enumerated() { bytes[index] = byte } }
        return bytes
    }

    private static func store(_ index: SealedIndex, _ key: IndexKey, _ version: UInt64, _ revision: UInt64, _ count: Int) {
        let hash = [UInt8](repeating: UInt8(truncatingIfNeeded: key.low), count: 16)
        record(key, version, count).withUnsafeBytes { record in
            hash.withUnsafeBytes { index.store(key, hash: $0, version: version, revision: revision, record: record) }
        }
    }

    @Test("against a dictionary: eviction, wrap-around, removal, colliding slots", arguments: [64, 900, 3_000, 16_384])
    func model(largest: Int) throws {
        try Sodium.initialise()
        let index = try SealedIndex(limit: 1 << 20)
        var random = SystemRandomNumberGenerator()
        var model: [UInt64: (version: UInt64, revision: UInt64, count: Int)] = [:]
        var hits = 0
        var misses = 0
        for step in 0..<60_000 {
            let number = UInt64.random(in: 0..<3_000, using: &random)
            // Few different tags: long runs of occupied slots.
            let key = IndexKey(low: number, high: number % 40 &* 3)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let revision = UInt64(step) &- UInt64.random(in: 0..<200, using: &random)
                index.remove(key, revision: revision)
                if let entry = model[number], entry.revision <= revision { model[number] = nil }
            case 1...5:
                let count = Int.random(in: 16...largest, using: &random)
                let revision = UInt64(step + 200) &- UInt64.random(in: 0..<200, using: &random)
                Self.store(index, key, UInt64(step), revision, count)
                // The index may have forgotten a newer one, but where it has it, older never replaces it.
                if let found = index.find(key), found.version != UInt64(step) {
                    #expect((model[number]?.revision ?? 0) > revision)
                } else { model[number] = (UInt64(step), revision, count) }
            default:
                guard let found = index.find(key) else {
                    misses += 1
                    continue
                }
                hits += 1
                guard let entry = model[number] else {
                    Issue.record("found what was removed")
                    return
                }
                let right = found.version == entry.version && found.record.elementsEqual(Self.record(key, entry.version, entry.count))
                #expect(right)
                if !right { return }
            }
        }
        #expect(hits > 500)
        #expect(index.bytes <= 1 << 20)
        #expect(index.entries <= model.count)
        if largest == 64 { #expect(misses < hits) }
        // What the counters say is what can be found.
        let there = (UInt64(0)..<3_000).filter { index.find(IndexKey(low: $0, high: $0 % 40 &* 3)) != nil }.count
        #expect(there == index.entries)
        index.clear()
        #expect(index.entries == 0 && index.bytes == 0)
        #expect(index.find(IndexKey(low: 1, high: 3)) == nil)
        Self.store(index, IndexKey(low: 1, high: 3), 1, 1, 100)
        #expect(index.find(IndexKey(low: 1, high: 3))?.version == 1)
    }

    @Test("many small entries: the table never fills up")
    func manySmall() throws {
        try Sodium.initialise()
        let index = try SealedIndex(limit: 1 << 20)
        for number in 0..<100_000 { Self.store(index, IndexKey(low: UInt64(number), high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15), 1, 1, 16) }
        #expect(index.entries > 5_000 && index.bytes <= 1 << 20)
        // The newest are there.
        for number in 99_000..<100_000 { #expect(index.find(IndexKey(low: UInt64(number), high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15)) != nil) }
    }

    @Test("a record too large for the index replaces nothing and hides the older one")
    func tooLarge() throws {
        try Sodium.initialise()
        let index = try SealedIndex(limit: 1 << 20)
        let key = IndexKey(low: 1, high: 2)
        Self.store(index, key, 1, 1, 100)
        Self.store(index, key, 2, 2, SealedIndex.largestRecord + 1)
        #expect(index.find(key) == nil)
        #expect(index.entries == 0)
    }

    @Test("a record that was sealed anew takes the place of the old one, and of nothing newer; what is not there stays away")
    func replace() throws {
        try Sodium.initialise()
        let index = try SealedIndex(limit: 1 << 20)
        let key = IndexKey(low: 1, high: 2)
        func replace(_ key: IndexKey, _ version: UInt64, _ revision: UInt64, _ count: Int) {
            [UInt8](repeating: 0xAB, count: count).withUnsafeBytes { index.replace(key, version: version, revision: revision, record: $0) }
        }
        replace(key, 3, 99, 100)
        #expect(index.find(key) == nil)
        Self.store(index, key, 3, 10, 100)
        let hash = try #require(index.find(key)).hash
        replace(key, 2, 99, 100)
        replace(key, 3, 9, 100)
        #expect(index.find(key)?.record.elementsEqual(Self.record(key, 3, 100)) == true)
        // Of another suite: of another length.
        for count in [100, 112] {
            replace(key, 3, 10, count)
            let found = try #require(index.find(key))
            #expect(found.record.elementsEqual([UInt8](repeating: 0xAB, count: count)) && found.version == 3 && found.hash == hash)
        }
        // It keeps its own revision: the change behind it is not refused.
        Self.store(index, key, 4, 11, 100)
        #expect(index.find(key)?.version == 4)
    }

    @Test("its table grows with what it holds, and all is found at each size")
    func grows() throws {
        try Sodium.initialise()
        let index = try SealedIndex(limit: 64 << 20)
        func key(_ number: Int) -> IndexKey { IndexKey(low: UInt64(number), high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15) }
        Self.store(index, key(0), 1, 1, 16)
        #expect(index.bytes < 16 << 10)
        for number in 1..<100_000 {
            Self.store(index, key(number), UInt64(number), 1, 16)
            // Just before and behind each doubling.
            if number.nonzeroBitCount == 1 || number % 1_024 == 768 {
                for number in stride(from: number, to: 0, by: -max(number / 50, 1)) { #expect(index.find(key(number))?.version == UInt64(number)) }
                index.expect(key(number + 1))
                index.approach(key(number + 1))
            }
        }
        #expect(index.entries == 100_000)
        #expect(index.bytes < 12 << 20)
        for number in 1..<50_000 { index.remove(key(number), revision: 2) }
        for number in 50_000..<100_000 { #expect(index.find(key(number))?.version == UInt64(number)) }
        #expect(index.entries == 50_001)
    }
}
