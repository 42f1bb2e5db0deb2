import CLMDB
import Testing

@testable import CofferStore

@Suite("Budgets and the engine")
struct BudgetEngineTests {
    @Test("1,000 at once on a budget of 100: exactly 100 succeed")
    func concurrent() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.steps([.make("k", 100), .make("u", 1_000)])
        let answers = Collected<Receipt>()
        onThreads(4) { thread in
            for number in 0..<250 {
                let step = BudgetStep.reserve("k", "r\(thread)-\(number)", 1, wallet: "u")
                store.submit(Batch(principal: "", mutations: [.budget(step)])) { answers.add($0) }
            }
        }
        var made: [Int64] = []
        var refused = 0
        for result in answers.results(1_000) {
            switch result {
            case .success(let receipt): made.append(receipt.budgets[0].budget.remaining)
            case .failure(let error):
                #expect(error.code == .budgetExhausted)
                refused += 1
            }
        }
        #expect(made.sorted() == Array(0..<100) && refused == 900)
        let budget = try store.budget("k")
        #expect(budget.remaining == 0 && budget.reserved == 100 && budget.openReservations == 100)
        #expect(try store.budget("u").remaining == 900)
        #expect(try store.reading { (reader) throws(StoreError) in try reader.openReservations().count } == 100)
        try Scan.check(fixture)
    }

    @Test("each step of a batch sees the earlier ones; all happen or none; each changed budget is told")
    func batches() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.step(.make("u", 50))
        let receipt = try store.steps([
            .make("k", 10), .reserve("k", "a", 4, wallet: "u"), .reserve("k", "a", 4, wallet: "u"), .settle("k", "a", 5), .charge("k", 5),
            .make("x", 1), .remove("x"),
        ])
        #expect(receipt.budgets.map(\.repeated) == [false, false, true, false, false, false, false])
        #expect(receipt.budgets.map(\.budget.remaining) == [10, 6, 6, 5, 0, 1, 1])
        #expect(receipt.results.map(\.effect) == [.created, .changed, .unchanged, .changed, .changed, .created, .changed])
        let history = try store.withWorker { (worker) throws(StoreError) in try worker.changes(after: 1, limit: 100) }
        guard case .changes(let changes, _, true) = history else { throw StoreError(.failed, "no history") }
        #expect(changes.map { String(decoding: $0.name, as: UTF8.self) } == ["k", "k", "u", "k", "u", "k", "x", "x"])
        #expect(changes.allSatisfy { $0.table == .budgets && $0.tenant == .main && $0.version == 0 && !$0.activeChanged })
        #expect(changes.map(\.operation) == [.put, .put, .put, .put, .put, .put, .put, .destroy])
        #expect(changes.map(\.lastOfRevision) == [false, false, false, false, false, false, false, true])
        // The last step fails: nothing happened, and the message says which it was.
        let error = #expect(throws: StoreError.self) { try store.steps([.make("k", 99), .charge("u", 1), .charge("k", 100)]) }
        #expect(error?.code == .budgetExhausted && error?.message.hasPrefix("entry 3, k: ") == true)
        #expect(try store.budget("k").remaining == 0 && store.budget("u").remaining == 45 && store.revision == 2)
        // Together with secrets.
        try store.run(mutation(put: "s", "1"), .budget(.charge("u", 5)), mutation(put: "s", "2"))
        #expect(try store.budget("u").remaining == 40)
        #expect(try store.look("s") == .text("2", 2))
        try Scan.check(fixture)
    }

    @Test("a dry run answers and changes nothing; an idempotency key is refused")
    func dryRuns() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.step(.make("k", 10))
        let receipt = try store.steps([.reserve("k", "a", 4), .settle("k", "a", 9)], dryRun: true)
        #expect(receipt.budgets.map(\.budget.remaining) == [6, 1] && receipt.revision == 1)
        #expect(code { try store.steps([.charge("k", 11)], dryRun: true) } == .budgetExhausted)
        #expect(try store.budget("k").remaining == 10)
        #expect(try store.reservation("k", "a") == nil)
        var batch = Batch(principal: "", idempotencyKey: [UInt8](repeating: 1, count: 16), mutations: [.budget(.charge("k", 1))])
        #expect(code { try store.commit(batch) } == .invalidArgument)
        batch.mutations = [mutation(put: "s", "1")]
        _ = try store.commit(batch)
        batch.mutations.append(.budget(.charge("k", 1)))
        #expect(code { try store.commit(batch) } == .conflict)
        #expect(try store.budget("k").remaining == 10)
    }

    @Test("the last 65,536 finished reservations are remembered")
    func ring() throws {
        let fixture = try Fixture()
        try fixture.store.step(.make("k", 10))
        for number in 0..<3 { try fixture.store.steps([.reserve("k", "r\(number)", 1), .release("k", "r\(number)")]) }
        // As if there had been many more between the third and the next.
        let sealedCounters = BudgetKeys.counters
        try fixture.tamper { raw in
            let keys = try raw.keys()
            var counters = BudgetCounters()
            counters.budgetsMade = 1
            counters.nextFinished = 65_535
            let record = Record.seal(counters.encoded(), table: .reservations, key: sealedCounters, with: keys.sealing)
            try raw.put(.reservations, sealedCounters, record)
        }
        let store = fixture.store
        try store.steps([.reserve("k", "x", 1), .release("k", "x")])
        #expect(try store.reservation("k", "r0")?.state == .released)
        try store.steps([.reserve("k", "y", 1), .settle("k", "y", 1)])
        #expect(try store.reservation("k", "r0") == nil)
        #expect(try store.reservation("k", "r1")?.state == .released)
        // Its request id is new again; of the two that end now the second pushes out the last of the old ones.
        #expect(try !store.step(.reserve("k", "r0", 2)).repeated)
        try store.steps([.release("k", "r0"), .reserve("k", "z", 1), .release("k", "z")])
        #expect(try store.reservation("k", "r1") == nil && store.reservation("k", "r2") == nil)
        #expect(try store.reservation("k", "r0")?.amount == 2)
        #expect(try store.reservation("k", "z")?.state == .released)
    }

    @Test("at the quota nothing is reserved any more, but what is open can be released, and a budget removed")
    func room() throws {
        let fixture = try Fixture { $0.quotaBytes = 4 << 20 }
        let store = fixture.store
        try store.steps([.make("k", 1_000), .make("l", 1), .reserve("k", "a", 1), .reserve("k", "b", 1)])
        try store.steps((0..<100).map { .charge("l", 0, line: "\($0)") })
        var number = 0
        while code({ try store.set("n\(number)", String(repeating: "x", count: 30_000)) }) == nil { number += 1 }
        while code({ try store.set("m\(number)", "x") }) == nil { number += 1 }
        #expect(try store.refusal(.reserve("k", "c", 1)) == .full)
        #expect(try store.refusal(.charge("k", 1, line: "a line")) == .full)
        fixture.clock.advance(60_000)
        try store.step(.release("k", "a"))
        try store.step(.expire("k", "b"))
        try store.step(.remove("l"))
        #expect(try store.budget("k").reserved == 0)
        try Scan.check(fixture)
    }

    private static let newTables: [Table] = Table.allCases.filter { $0.rawValue >= Table.users.rawValue }

    @Test("a store that was made before there were these tables opens and gets them")
    func olderStore() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "1")
        try fixture.whileClosed {
            let raw = try RawStore(fixture.folder)
            defer { raw.close() }
            try raw.write { transaction in
                for table in Self.newTables { try lmdb(mdb_drop(transaction.handle, raw.environment.handle(of: table), 1), "mdb_drop") }
            }
            // They are really gone.
            let transaction = try Transaction.begin(raw.environment, readOnly: true)
            defer { transaction.abort() }
            for table in Self.newTables {
                var handle: MDB_dbi = 0
                #expect(mdb_dbi_open(transaction.handle, table.name, 0, &handle) == MDB_NOTFOUND, "\(table.name)")
            }
        }
        try fixture.store.unlock(.keyFile(Fixture.key))
        let store = fixture.store
        #expect(try store.look("a") == .text("1", 1))
        try store.steps([.make("k", 10), .reserve("k", "a", 5), .settle("k", "a", 3, line: "x")])
        for table in DocumentTable.allCases { try store.run(.putDocument(table, document("d"), bytes("1"), expected: .exactly(0))) }
        try fixture.reopen()
        #expect(try fixture.store.budget("k").remaining == 7)
        try Scan.check(fixture)
    }

    @Test("records of budgets that were moved or exchanged are damaged")
    func damage() throws {
        let fixture = try Fixture()
        try fixture.store.steps([.make("k", 10), .make("l", 20), .reserve("k", "a", 5), .charge("k", 1, line: "x")])
        try fixture.tamper { raw in
            let records = try raw.records(.budgets)
            try raw.put(.budgets, records[0].key, records[1].record)
            let reservations = try raw.records(.reservations)
            for pair in reservations where pair.key[0] == 0 { try raw.put(.reservations, pair.key, Array(pair.record.dropLast()) + [0]) }
            for pair in try raw.records(.usageLines) { try raw.delete(.usageLines, pair.key) }
        }
        let store = fixture.store
        let codes = ["k", "l"].map { name in
            code { try store.reading { (reader) throws(StoreError) in try reader.budget(document(name)) } }
        }
        #expect(codes.filter { $0 == .damaged }.count == 1)
        #expect(code { try store.reading { (reader) throws(StoreError) in try reader.openReservations() } } == .damaged)
        #expect(code { try store.reservation("k", "a") } == .damaged)
        #expect(code { try store.reading { (reader) throws(StoreError) in try reader.forEachBudget { _, _ in } } } == .damaged)
        #expect(code { try store.lines("k") } == .damaged)
        #expect(code { try store.steps([.charge("k", 1), .charge("l", 1)]) } == .damaged)
        #expect(code { try store.step(.release("k", "a")) } == .damaged)
    }
}
