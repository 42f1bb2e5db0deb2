import Testing

@testable import CofferStore

@Suite("Idempotency keys")
struct IdempotencyTests {
    private static func batch(_ key: UInt8, _ value: String, principal: String = "uid:1", tenant: TenantID = .main) -> Batch {
        Batch(
            tenant: tenant, principal: principal, idempotencyKey: [UInt8](repeating: key, count: 16), mutations: [mutation(put: "a", value)])
    }

    @Test("a repeated batch answers as the first time and changes nothing")
    func repeated() throws {
        let fixture = try Fixture()
        let first = try fixture.store.commit(Self.batch(1, "one"))
        try fixture.store.set("a", "two")
        #expect(try fixture.store.commit(Self.batch(1, "one")) == first)
        #expect(try fixture.store.look("a") == .text("two", 2))
        #expect(fixture.store.revision == 2)
        try fixture.reopen()
        #expect(try fixture.store.commit(Self.batch(1, "one")) == first)
        #expect(fixture.store.revision == 2)
        try Scan.check(fixture)
    }

    @Test("another body is a conflict; another principal or tenant is independent")
    func bodies() throws {
        let fixture = try Fixture()
        let store = fixture.store
        _ = try store.commit(Self.batch(1, "one"))
        #expect(code { try store.commit(Self.batch(1, "other")) } == .conflict)
        #expect(try store.commit(Self.batch(1, "other", principal: "uid:2")).results[0].version == 2)
        #expect(try store.commit(Self.batch(1, "other", tenant: 2)).results[0] == .init(effect: .created, version: 1))
        #expect(try store.commit(Self.batch(2, "one")).results[0].version == 3)
        #expect(code { try store.commit(Self.batch(1, "other")) } == .conflict)
    }

    @Test("each field of a mutation belongs to the body")
    func digests() throws {
        let keys = try RecordTests.keys(.xchacha20poly1305)
        var new = NewVersion(name: name("a"), value: bytes("1"))
        var seen: Set<[UInt8]> = []
        var count = 0
        func add(_ mutations: Mutation...) {
            count += 1
            seen.insert(Batch(principal: "", mutations: mutations).digest(keys: keys))
        }
        add(.put(new))
        add(.bring(new))
        add(.put(new), .put(new))
        func vary(_ change: (inout NewVersion) -> Void) {
            var other = new
            change(&other)
            add(.put(other))
        }
        vary { $0.name = name("b") }
        vary { $0.value = bytes("2") }
        vary { $0.activate = false }
        vary { $0.expires = 5 }
        vary { $0.contentType = "t" }
        vary { $0.settings.metadata = [] }
        vary { $0.settings.metadata = [("", "")] }
        vary { $0.settings.metadata = [("k", "v")] }
        vary { $0.settings.metadata = [("k", "v"), ("", "")] }
        vary { $0.settings.tags = [] }
        vary { $0.settings.tags = ["a"] }
        vary { $0.settings.tags = ["a", ""] }
        vary { $0.settings.keepLast = 1 }
        vary { $0.settings.deleteAfter = 0 }
        vary { $0.expected = .exactly(0) }
        vary { $0.expected = .exactly(0, incarnation: []) }
        vary { $0.expected = .exactly(1) }
        add(.activate(name("a"), version: 1, expected: .any))
        add(.delete(name("a"), version: 1, expected: .any))
        add(.undelete(name("a"), version: 1, expected: .any))
        add(.destroy(name("a"), version: 1, expected: .any))
        add(.destroy(name("a"), version: 2, expected: .any))
        add(.update(name("a"), SettingsChange(), expected: .any))
        let document = try DocumentName(Array("a".utf8))
        add(.putDocument(.policies, document, bytes("1"), expected: .any))
        add(.putDocument(.tenants, document, bytes("1"), expected: .any))
        add(.deleteDocument(.policies, document, expected: .any))
        new.value = bytes("1")
        #expect(seen.count == count)
    }

    @Test("a failed batch may be tried again under its key; one that changed nothing is remembered too")
    func failures() throws {
        let fixture = try Fixture()
        let store = fixture.store
        var batch = Self.batch(1, "one")
        batch.mutations = [.delete(name("a"), version: 0, expected: .any)]
        #expect(code { try store.commit(batch) } == .notFound)
        try store.set("a", "1")
        #expect(try store.commit(batch).results[0].effect == .changed)
        var again = batch
        again.idempotencyKey = [UInt8](repeating: 9, count: 16)
        let receipt = try store.commit(again)
        #expect(receipt == Receipt(revision: 2, results: [.init(effect: .unchanged, version: 0)]))
        try store.run(.undelete(name("a"), version: 0, expected: .any))
        #expect(try store.commit(again) == receipt)
        #expect(try store.look("a") == .text("1", 1))
        #expect(store.revision == 3)
    }

    @Test("two batches of one group under one key: the second gets the first one's answer")
    func sameGroup() throws {
        let fixture = try Fixture()
        let receipts = Collected<Receipt>()
        for _ in 0..<50 { fixture.store.submit(Self.batch(1, "one")) { receipts.add($0) } }
        let all = try receipts.wait(50)
        #expect(Set(all.map(\.revision)) == [1])
        #expect(try fixture.store.look("a") == .text("one", 1))
        try Scan.check(fixture)
    }
}
