import Testing

@testable import CofferStore

@Suite("Listing")
struct ListingTests {
    @Test("prefix, after and limit")
    func pages() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let all = (0..<500).map { "app/\($0 % 7)/name-\($0)" } + ["app", "apq", "b", "app/1"]
        _ = try store.commit(Batch(principal: "", mutations: all.map { mutation(put: $0, "x") }))
        let sorted = all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        func page(_ prefix: String, _ after: String?, _ limit: Int) throws -> (names: [String], more: Bool) {
            try store.withWorker { (worker) throws(StoreError) in
                let page = try worker.names(
                    tenant: .main, prefix: Array(prefix.utf8), after: after.map { Array($0.utf8) }, limit: limit, includeDeleted: false)
                return (page.entries.map { $0.name.description }, page.more)
            }
        }
        for prefix in ["", "a", "app", "app/", "app/1", "app/1/", "app/3/name-10", "b", "c", "zzz"] {
            let expected = sorted.filter { $0.utf8.starts(with: prefix.utf8) }
            for limit in [1, 3, 100, 1_000] {
                #expect(try store.names(prefix, page: limit) == expected)
                let first = try page(prefix, nil, limit)
                #expect(first.names == Array(expected.prefix(limit)) && first.more == (expected.count > limit))
            }
            // After names that exist, that do not, that lie before and behind the prefix.
            for after in ["", "a", "app", "app/1/name-1", "app/1/name-1000", "b", "zzzz"] + expected.prefix(3) {
                let rest = expected.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }
                let found = try page(prefix, after, 10)
                #expect(found.names == Array(rest.prefix(10)) && found.more == (rest.count > 10), "\(prefix) after \(after)")
            }
        }
        #expect(try page("", nil, 0).names == [])
    }

    @Test("deleted names show only when asked for, destroyed ones never")
    func deleted() throws {
        let fixture = try Fixture()
        let store = fixture.store
        for text in ["a", "b", "c", "d"] { try store.set(text, "1") }
        try store.run(.delete(name("b"), version: 0, expected: .any), .destroy(name("c"), version: 0, expected: .any))
        #expect(try store.names() == ["a", "d"])
        #expect(try store.names(page: 1) == ["a", "d"])
        #expect(try store.names(includeDeleted: true) == ["a", "b", "d"])
        try store.run(.destroy(name("b"), version: 0, expected: .any))
        try store.run(mutation(put: "c", "2"))
        #expect(try store.names(includeDeleted: true) == ["a", "c", "d"])
        #expect(fixture.store.statistics().secrets == 3)
    }

    @Test("20,000 names against a sorted array: puts, deletes and destroys at random, page splits, rebuilt after opening again")
    func model() throws {
        let fixture = try Fixture { $0.indexBytes = 0 }
        var random = SystemRandomNumberGenerator()
        var model: [String: Bool] = [:]
        func draw() -> String {
            let folder = ["app", "db", "a/b/c", "tenant-\(Int.random(in: 0...30, using: &random))", String(repeating: "long", count: 40)].randomElement(using: &random)!
            return folder + "/\(UInt32.random(in: 0...200_000, using: &random))"
        }
        func compare() throws {
            let order: (String, String) -> Bool = { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(try fixture.store.names(includeDeleted: true) == model.keys.sorted(by: order))
            #expect(try fixture.store.names() == model.filter { !$0.value }.keys.sorted(by: order))
        }
        for round in 0..<12 {
            var mutations: [Mutation] = []
            var touched: Set<String> = []
            let present = Array(model.keys)
            for _ in 0..<(round < 10 ? 2_300 : 4_000) {
                let fresh = round < 10 ? Int.random(in: 0..<10, using: &random) < 9 : false
                guard let text = fresh ? draw() : present.randomElement(using: &random), touched.insert(text).inserted else { continue }
                switch model[text] {
                case nil:
                    mutations.append(mutation(put: text, "x"))
                    model[text] = false
                case true?:
                    mutations.append(.undelete(name(text), version: 0, expected: .any))
                    model[text] = false
                case false?:
                    if Bool.random(using: &random) {
                        mutations.append(.destroy(name(text), version: 0, expected: .any))
                        model[text] = nil
                    } else {
                        mutations.append(.delete(name(text), version: 0, expected: .any))
                        model[text] = true
                    }
                }
            }
            _ = try fixture.store.commit(Batch(principal: "", mutations: mutations))
            if round % 4 == 3 { try fixture.reopen { $0.indexBytes = 0 } }
            if round % 3 == 0 { try compare() }
        }
        #expect(model.count > 12_000)
        try compare()
        try Scan.check(fixture)
        #expect(fixture.store.statistics().namePages > 80)
        for text in Array(model.keys) { if Bool.random(using: &random) { model[text] = nil; } }
        let gone = try fixture.store.names(includeDeleted: true).filter { model[$0] == nil }
        _ = try fixture.store.commit(Batch(principal: "", mutations: gone.map { .destroy(name($0), version: 0, expected: .any) }))
        try compare()
        let rest = Array(model.keys)
        _ = try fixture.store.commit(Batch(principal: "", mutations: rest.map { .destroy(name($0), version: 0, expected: .any) }))
        #expect(try fixture.store.names(includeDeleted: true) == [])
        #expect(fixture.store.statistics().namePages == 0)
        try fixture.store.set("again", "1")
        #expect(try fixture.store.names() == ["again"])
        try Scan.check(fixture)
    }

    @Test("a name whose record was taken away behind the store's back is damaged, not absent")
    func confirmMissing() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "1")
        try fixture.store.set("b", "1")
        func confirm(_ text: String) -> StoreError.Code? {
            let store = fixture.store
            return code { try store.withWorker { (worker) throws(StoreError) in try worker.confirmMissing(tenant: .main, name: name(text)) } }
        }
        #expect(confirm("c") == nil)
        #expect(confirm("a") == .damaged)
        try fixture.tamper { raw in
            let keys = try raw.keys()
            try raw.delete(.secrets, keys.nameHash(.secrets, tenant: .main, name: Array("a".utf8)))
        }
        #expect(try fixture.store.look("a") == .missing)
        #expect(confirm("a") == .damaged)
        #expect(confirm("c") == nil)
        #expect(try fixture.store.look("b") == .text("1", 1))
    }
}
