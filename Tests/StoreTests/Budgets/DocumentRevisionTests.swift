import Testing

@testable import CofferStore

@Suite("Documents by revision")
struct DocumentRevisionTests {
    private static func put(_ table: DocumentTable, _ name: String, _ value: String, _ expected: ExpectedVersion = .any) -> Mutation {
        .putDocument(table, document(name), bytes(value), expected: expected)
    }

    @Test("each table keeps documents of its own and tells of its changes as its own", arguments: DocumentTable.allCases)
    func tables(table: DocumentTable) throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(Self.put(table, "d", "one"))
        try store.run(.deleteDocument(table, document("d"), expected: .exactly(1)), Self.put(table, "e", "two"))
        for other in DocumentTable.allCases {
            let found = try store.reading { (reader) throws(StoreError) in try reader.documents(other).map(\.name) }
            #expect(found == (other == table ? [document("e")] : []))
        }
        let history = try store.withWorker { (worker) throws(StoreError) in try worker.changes(after: 0, limit: 10) }
        guard case .changes(let changes, _, true) = history else { throw StoreError(.failed, "no history") }
        #expect(changes.map(\.table.rawValue) == [table.rawValue, table.rawValue, table.rawValue])
        #expect(changes.map(\.operation) == [.put, .destroy, .put])
        #expect(Table(table).rawValue == table.rawValue)
        try Scan.check(fixture)
    }

    @Test("a change that expects a revision needs the document to be of that revision")
    func compareAndSet() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(code { try store.run(Self.put(.users, "u", "x", .exactly(1))) } == .conflict)
        try store.run(Self.put(.users, "u", "1", .exactly(0)))
        try store.set("s", "1")
        #expect(code { try store.run(Self.put(.users, "u", "2", .exactly(2))) } == .conflict)
        #expect(code { try store.run(.deleteDocument(.users, document("u"), expected: .exactly(2))) } == .conflict)
        try store.run(Self.put(.users, "u", "2", .exactly(1, incarnation: store.incarnation)))
        #expect(code { try store.run(Self.put(.users, "u", "3", .exactly(1))) } == .conflict)
        #expect(code { try store.run(Self.put(.users, "u", "3", .exactly(3, incarnation: [UInt8](repeating: 9, count: 16)))) } == .resync)
        let found = try store.reading { (reader) throws(StoreError) in try reader.documentWithRevision(.users, document("u")) }
        let second = bytes("2")
        #expect(found?.revision == 3 && withExtendedLifetime(second) { found?.bytes.isEqual(to: second.bytes) } == true)
        #expect(try store.reading { (reader) throws(StoreError) in try reader.documentWithRevision(.users, document("v")) } == nil)
        // Within one batch the second sees the first, which has the batch's revision.
        try store.run(Self.put(.users, "v", "1", .exactly(0)), Self.put(.users, "v", "2", .exactly(4)))
        #expect(code { try store.run(Self.put(.users, "v", "3"), Self.put(.users, "v", "4", .exactly(4))) } == .conflict)
        let removed = Mutation.deleteDocument(.users, document("v"), expected: .any)
        #expect(code { try store.run(removed, Self.put(.users, "v", "4", .exactly(5))) } == .conflict)
        try store.run(.deleteDocument(.users, document("v"), expected: .exactly(4)), Self.put(.users, "v", "4", .exactly(0)))
        var seen: [String: UInt64] = [:]
        try store.reading { (reader) throws(StoreError) in
            try reader.forEachDocument(.users) { (name, _, revision) throws(StoreError) in seen[name.description] = revision }
        }
        #expect(seen == ["u": 3, "v": 5])
        try fixture.reopen()
        try fixture.store.run(Self.put(.users, "u", "4", .exactly(3)))
        // What a visitor throws ends the visit.
        let stopped = code {
            try fixture.store.reading { (reader) throws(StoreError) in
                try reader.forEachDocument(.users) { (_, _, _) throws(StoreError) in throw StoreError(.busy, "stop") }
            }
        }
        #expect(stopped == .busy)
    }
}
