import Testing

@testable import CofferStore

@Suite("Records moved behind the store's back")
struct RelocationTests {
    @Test("swapped between names, versions, tables and tenants: never another's value, always damaged")
    func swaps() throws {
        let fixture = try Fixture { $0.indexBytes = 0 }
        for number in 0..<6 {
            for version in 1...2 { try fixture.store.set("n\(number)", "value \(number) \(version)") }
            try fixture.store.set("n\(number)", "other tenant \(number)", tenant: 2)
        }
        var original: [Table: [(key: [UInt8], record: [UInt8])]] = [:]
        try fixture.tamper { raw in for table in [Table.values, .secrets] { original[table] = try raw.records(table) } }
        let values = try #require(original[.values])
        #expect(values.count == 18)
        for (from, to) in [(0, 1), (1, 0), (3, 17), (17, 3), (5, 6), (8, 2)] {
            try fixture.tamper { raw in try raw.put(.values, values[to].key, values[from].record) }
            let (damaged, right) = try Self.readAll(fixture)
            #expect(damaged == 1 && right == 17)
            try fixture.tamper { raw in try raw.put(.values, values[to].key, values[to].record) }
        }
        let names = try #require(original[.secrets])
        for (from, to) in [(0, 1), (7, 2), (11, 10)] {
            try fixture.tamper { raw in try raw.put(.secrets, names[to].key, names[from].record) }
            let (damaged, right) = try Self.readAll(fixture)
            #expect(damaged >= 1 && damaged + right == 18)
            // A change of that name is refused as well, and nothing else is.
            try fixture.tamper { raw in try raw.put(.secrets, names[to].key, names[to].record) }
        }
        // Across tables.
        try fixture.tamper { raw in
            try raw.put(.values, values[0].key, names[0].record)
            try raw.put(.secrets, names[0].key, values[0].record)
        }
        #expect(try Self.readAll(fixture).damaged >= 1)
        try fixture.tamper { raw in
            try raw.put(.values, values[0].key, values[0].record)
            try raw.put(.secrets, names[0].key, names[0].record)
        }
        #expect(try Self.readAll(fixture) == (0, 18))
    }

    /// Reads all values; checks that no wrong one comes.
    private static func readAll(_ fixture: Fixture) throws -> (damaged: Int, right: Int) {
        var damaged = 0
        var right = 0
        for number in 0..<6 {
            for (version, tenant, text) in [
                (1, TenantID(1), "value \(number) 1"), (2, 1, "value \(number) 2"), (1, 2, "other tenant \(number)"),
            ] as [(UInt64, TenantID, String)] {
                switch try fixture.store.look("n\(number)", version: version, tenant: tenant) {
                case .failure(.damaged): damaged += 1
                case .value(Array(text.utf8), version): right += 1
                case let other: Issue.record("n\(number) \(version): \(other)")
                }
            }
        }
        return (damaged, right)
    }

    @Test("an unknown record format and an unknown key are named")
    func unknown() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "1")
        var record: (key: [UInt8], record: [UInt8]) = ([], [])
        try fixture.tamper { raw in
            record = try #require(try raw.records(.values).first)
            var wrong = record.record
            wrong[0] = 2
            try raw.put(.values, record.key, wrong)
        }
        #expect(try fixture.store.look("a") == .failure(.unknownFormat))
        try fixture.tamper { raw in
            var wrong = record.record
            wrong[1] = 1
            try raw.put(.values, record.key, wrong)
        }
        #expect(try fixture.store.look("a") == .failure(.unknownKey))
    }

    @Test("a damaged record hurts only its own name; changes of it are refused and leave the store whole")
    func contained() throws {
        let fixture = try Fixture()
        for text in ["a", "b", "c"] { try fixture.store.set(text, "1") }
        try fixture.tamper { raw in
            let keys = try raw.keys()
            let key = keys.nameHash(.secrets, tenant: .main, name: Array("b".utf8))
            var record = try #require(try raw.records(.secrets).first { $0.key == key }).record
            record[record.count - 1] ^= 1
            try raw.put(.secrets, key, record)
        }
        let store = fixture.store
        #expect(try store.look("b") == .failure(.damaged))
        #expect(code { try store.set("b", "2") } == .damaged)
        #expect(code { try store.run(mutation(put: "a", "2"), mutation(put: "b", "2")) } == .damaged)
        #expect(try store.look("a") == .text("1", 1))
        // Of a group only the batch with that name fails.
        let answers = Collected<Receipt>()
        for text in ["a", "b", "c", "d"] { store.submit(Batch(principal: "", mutations: [mutation(put: text, "2")])) { answers.add($0) } }
        #expect(answers.results(4).filter { if case .failure = $0 { true } else { false } }.count == 1)
        #expect(try store.look("c") == .text("2", 2))
        #expect(try store.names() == ["a", "b", "c", "d"])
        #expect(store.revision == 6)
    }

    @Test("a damaged page of names: lists say so, reads go on, new names are refused, known ones change")
    func damagedPage() throws {
        let fixture = try Fixture()
        for text in ["a", "b"] { try fixture.store.set(text, "1") }
        try fixture.tamper { raw in
            let page = try #require(try raw.records(.namePages).first)
            var wrong = page.record
            wrong[20] ^= 1
            try raw.put(.namePages, page.key, wrong)
            // A key that no store writes: its length must not overrun anything.
            try raw.put(.namePages, [UInt8](repeating: 9, count: 300), wrong)
        }
        let store = fixture.store
        #expect(try store.look("a") == .text("1", 1))
        #expect(code { try store.names() } == .damaged)
        #expect(code { try store.set("new", "1") } == .damaged)
        #expect(try store.set("a", "2") == 2)
        #expect(!store.statistics().namesReady)
        store.lock()
        try store.unlock(.keyFile(Fixture.key))
        #expect(code { try store.names() } == .damaged)
    }

    @Test("a head that does not open keeps the store locked")
    func damagedHead() throws {
        let fixture = try Fixture()
        try fixture.tamper(unlocking: false) { raw in
            var record = try #require(try raw.records(.head).first).record
            record[30] ^= 1
            try raw.put(.head, Head.key, record)
        }
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .damaged)
        try fixture.tamper(unlocking: false) { try $0.delete(.head, Head.key) }
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .damaged)
        #expect(fixture.store.isLocked)
    }
}
