import Testing

@testable import CofferStore

/// Everything that lies in a store's tables, and whether its head tells the truth about it.
struct Scan: Equatable {
    var counts: [Table: UInt64] = [:]
    var hashes: [Table: SetHash] = [:]
    var revision: UInt64 = 0
    var listed: UInt64 = 0

    /// Reads all tables in one transaction of the worker.
    static func take(_ fixture: Fixture) throws -> Scan {
        try fixture.store.withWorker { (worker) throws(StoreError) in
            guard let keys = worker.reader.currentKeys else { throw StoreError(.locked, "") }
            var scan = Scan()
            for table in Table.allCases where table != .head {
                var content = Head.Content()
                try worker.reader.currentTransaction.scan(table) { (key, record) throws(StoreError) in
                    content.count += 1
                    content.hash.add(SetHash.member(key: key, record: record, keys: keys))
                    return true
                }
                scan.counts[table] = content.count
                scan.hashes[table] = content.hash
            }
            scan.revision = worker.head?.revision ?? 0
            scan.listed = worker.head?.listedNames ?? 0
            return scan
        }
    }

    /// Compares the head with a scan; looks at each page of names; and compares the names with the name records.
    static func check(_ fixture: Fixture, location: SourceLocation = #_sourceLocation) throws {
        let scan = try take(fixture)
        let head = try #require(try fixture.store.withWorker { (worker) throws(StoreError) in worker.head })
        for table in Table.allCases where table != .head {
            let content = head.contents[table] ?? Head.Content()
            #expect(content.count == scan.counts[table], "count of \(table.name)", sourceLocation: location)
            #expect(content.hash == scan.hashes[table], "hash of \(table.name)", sourceLocation: location)
        }
        #expect(head.revision == fixture.store.revision, sourceLocation: location)
        let (listed, live, sizes) = try fixture.store.withWorker { (worker) throws(StoreError) in
            guard let keys = worker.reader.currentKeys else { throw StoreError(.locked, "") }
            var listed: Set<[UInt8]> = []
            var sizes: [Int] = []
            try worker.reader.currentTransaction.scan(.namePages) { (key, record) throws(StoreError) in
                sizes.append(record.count)
                for entry in try NamePage(decoding: try Record.open(record, table: .namePages, key: key, keys: keys)).entries {
                    listed.insert(entry.place + [entry.deleted ? 1 : 0])
                }
                return true
            }
            var live: Set<[UInt8]> = []
            try worker.reader.currentTransaction.scan(.secrets) { (key, record) throws(StoreError) in
                let name = try NameRecord(decoding: try Record.open(record, table: .secrets, key: key, keys: keys))
                guard !name.purged else { return true }
                live.insert(NamePage.place(tenant: name.tenant, name: name.name.bytes) + [name.deleted != 0 ? 1 : 0])
                return true
            }
            return (listed, live, sizes)
        }
        #expect(listed == live, sourceLocation: location)
        #expect(UInt64(listed.count) == head.listedNames, sourceLocation: location)
        #expect((sizes.max() ?? 0) <= NamePage.sealedCapacity, sourceLocation: location)
    }
}
