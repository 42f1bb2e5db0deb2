import Testing

@testable import CofferStore

@Suite("Batches")
struct BatchTests {
    @Test("all or nothing, one revision each, the message names the step")
    func allOrNothing() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("there", "1")
        let before = try Scan.take(fixture)
        do throws(StoreError) {
            try store.run(
                mutation(put: "new", "1"), .delete(name("there"), version: 0, expected: .any), mutation(put: "there", "2"),
                mutation(put: "new", "x", expected: .exactly(0)))
            Issue.record("the batch must fail")
        } catch {
            #expect(error.code == .conflict)
            #expect(error.message.contains("entry 4") && error.message.contains("new"))
        }
        #expect(try Scan.take(fixture) == before)
        #expect(store.revision == 1)
        let receipt = try store.run(
            mutation(put: "new", "1"), mutation(put: "new", "2", expected: .exactly(1)), .destroy(name("there"), version: 0, expected: .any),
            mutation(put: "there", "3"), .delete(name("new"), version: 1, expected: .exactly(2)))
        #expect(receipt.revision == 2)
        #expect(receipt.results.map(\.version) == [1, 2, 0, 2, 1])
        #expect(receipt.results.map(\.effect) == [.created, .changed, .changed, .created, .changed])
        #expect(try store.look("new") == .text("2", 2))
        #expect(try store.look("new", version: 1) == .deleted)
        #expect(try store.look("there") == .text("3", 2))
        try Scan.check(fixture)
    }

    @Test("one name many times in one batch: put, destroy, undelete, keep-last within the batch")
    func oneNameManyTimes() throws {
        let fixture = try Fixture()
        let store = fixture.store
        var mutations: [Mutation] = (1...30).map { mutation(put: "a", "\($0)") }
        mutations += [.delete(name("a"), version: 0, expected: .any), mutation(put: "a", "31"), .undelete(name("a"), version: 30, expected: .any)]
        mutations += [.activate(name("a"), version: 30, expected: .exactly(31)), .destroy(name("a"), version: 31, expected: .any)]
        let receipt = try store.commit(Batch(principal: "uid:0", mutations: mutations))
        #expect(receipt.results.count == 35)
        #expect(try store.look("a") == .text("30", 30))
        let live = try #require(try store.info("a")).versions.filter { $0.state == .live }.map(\.version)
        #expect(live == [30])
        try Scan.check(fixture)
        // Made and gone in one batch.
        try store.run(mutation(put: "b", "1"), .destroy(name("b"), version: 0, expected: .any))
        #expect(try store.look("b") == .missing)
        #expect(try store.run(mutation(put: "b", "2")).results[0].version == 2)
        try Scan.check(fixture)
    }

    @Test("bring writes only what is not there already")
    func bring() throws {
        let fixture = try Fixture()
        let store = fixture.store
        func bring(_ value: String, _ settings: SettingsChange = SettingsChange(), type: String = "") throws -> Receipt.Result {
            try store.run(.bring(NewVersion(name: name("a"), value: bytes(value), contentType: type, settings: settings))).results[0]
        }
        #expect(try bring("1") == .init(effect: .created, version: 1))
        #expect(try bring("1") == .init(effect: .unchanged, version: 1))
        #expect(store.revision == 1)
        #expect(try bring("2") == .init(effect: .changed, version: 2))
        #expect(try bring("2", type: "text/plain") == .init(effect: .changed, version: 3))
        #expect(try bring("2", SettingsChange(tags: ["t"]), type: "text/plain") == .init(effect: .changed, version: 4))
        #expect(try bring("2", SettingsChange(tags: ["t"]), type: "text/plain") == .init(effect: .unchanged, version: 4))
        try store.run(.delete(name("a"), version: 0, expected: .any))
        #expect(try bring("2", type: "text/plain") == .init(effect: .created, version: 5))
        let twice = try store.run(
            .bring(NewVersion(name: name("b"), value: bytes("x"))), .bring(NewVersion(name: name("b"), value: bytes("x"))))
        #expect(twice.results == [.init(effect: .created, version: 1), .init(effect: .unchanged, version: 1)])
    }

    @Test("a dry run says what would happen and changes nothing")
    func dryRun() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        let before = try Scan.take(fixture)
        let key = [UInt8](repeating: 3, count: 16)
        let batch = Batch(
            principal: "uid:0", idempotencyKey: key, dryRun: true, mutations: [mutation(put: "a", "2"), mutation(put: "b", "1")])
        #expect(try store.commit(batch) == Receipt(revision: 1, results: [.init(effect: .changed, version: 2), .init(effect: .created, version: 1)]))
        var conflict = batch
        conflict.mutations = [mutation(put: "a", "2", expected: .exactly(7))]
        #expect(code { try store.commit(conflict) } == .conflict)
        #expect(try Scan.take(fixture) == before)
        #expect(store.revision == 1)
        var real = batch
        real.dryRun = false
        #expect(try store.commit(real).revision == 2)
    }

    @Test("an empty batch, and limits of batches")
    func limits() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(try store.commit(Batch(principal: "uid:0", mutations: [])) == Receipt(revision: 0, results: []))
        let long = String(repeating: "x", count: 256)
        #expect(code { try store.commit(Batch(principal: long, mutations: [mutation(put: "a", "1")])) } == .invalidArgument)
        #expect(code {
            try store.commit(Batch(principal: "", idempotencyKey: [1], mutations: [mutation(put: "a", "1")]))
        } == .invalidArgument)
        #expect(store.revision == 0)
    }

    @Test("tenants do not see each other")
    func tenants() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "one", tenant: 1)
        try store.set("a", "two", tenant: 2)
        try store.set("b", "three", tenant: 2)
        try store.set("a", "max", tenant: .max)
        #expect(try store.look("a", tenant: 1) == .text("one", 1))
        #expect(try store.look("a", tenant: 2) == .text("two", 1))
        #expect(try store.look("b", tenant: 1) == .missing)
        #expect(try store.names(tenant: 1) == ["a"])
        #expect(try store.names(tenant: 2) == ["a", "b"])
        #expect(try store.names(tenant: 3) == [])
        #expect(try store.names(tenant: .max) == ["a"])
        try store.run(.destroy(name("a"), version: 0, expected: .any), tenant: 2)
        #expect(try store.look("a", tenant: 1) == .text("one", 1))
        #expect(try store.names(tenant: 2) == ["b"])
        // One reader, index and all.
        let reader = try store.makeReader()
        for _ in 0..<2 {
            try reader.begin()
            #expect(reader.look(name("a"), tenant: 1, now: 0) == .text("one", 1))
            #expect(reader.look(name("a"), tenant: 2, now: 0) == .missing)
            #expect(reader.look(name("a"), tenant: .max, now: 0) == .text("max", 1))
            reader.end()
        }
        try Scan.check(fixture)
    }

    @Test("documents: whole, by exact bytes of their names")
    func documents() throws {
        let fixture = try Fixture()
        let store = fixture.store
        func document(_ text: String) throws -> DocumentName { try DocumentName(Array(text.utf8)) }
        func read(_ table: DocumentTable, _ text: String) throws -> String? {
            let reader = try store.makeReader(indexed: false)
            try reader.begin()
            return try reader.document(table, try document(text)).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        let composed = try document("caf\u{E9}")
        let decomposed = try document("cafe\u{301}")
        try store.run(
            .putDocument(.policies, composed, bytes("1"), expected: .exactly(0)), .putDocument(.policies, decomposed, bytes("2"), expected: .exactly(0)),
            .putDocument(.tenants, composed, bytes("3"), expected: .any))
        #expect(try read(.policies, "caf\u{E9}") == "1")
        #expect(try read(.policies, "cafe\u{301}") == "2")
        #expect(try read(.tenants, "caf\u{E9}") == "3")
        #expect(code { try store.run(.putDocument(.policies, composed, bytes("x"), expected: .exactly(0))) } == .conflict)
        #expect(code { try store.run(.putDocument(.policies, composed, bytes("x"), expected: .exactly(5))) } == .conflict)
        try store.run(.putDocument(.policies, composed, bytes("9"), expected: .any), .deleteDocument(.policies, decomposed, expected: .any))
        #expect(code { try store.run(.deleteDocument(.policies, decomposed, expected: .any)) } == .notFound)
        try fixture.reopen()
        let reader = try fixture.store.makeReader()
        try reader.begin()
        let all = try reader.documents(.policies)
        #expect(all.map(\.name) == [composed] && all.map(\.revision) == [2] && Array(all[0].bytes.bytes) == Array("9".utf8))
        reader.end()
        try Scan.check(fixture)
    }
}
