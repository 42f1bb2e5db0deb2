import Testing

@testable import CofferStore

@Suite("Setting budgets, and what they refuse")
struct BudgetSettingTests {
    private static let quota = StoreLimits.quota

    @Test("absent fields keep what is there; a new budget needs the first two")
    func fields() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(try store.refusal(.set(document("k"), unlimited: false, remaining: nil, used: nil)) == .invalidArgument)
        #expect(try store.refusal(.set(document("k"), unlimited: nil, remaining: 5, used: nil)) == .invalidArgument)
        let made = try store.steps([.set(document("k"), unlimited: false, remaining: 5, used: 3)])
        #expect(made.results == [.init(effect: .created, version: 0)] && made.budgets[0].budget.used == 3)
        try store.step(.set(document("k"), unlimited: nil, remaining: 9, used: nil))
        #expect(try store.budget("k").remaining == 9 && store.budget("k").used == 3)
        let same = try store.steps([.set(document("k"), unlimited: false, remaining: 9, used: 3)])
        #expect(same.results[0].effect == .unchanged && store.revision == 2)
        #expect(try store.steps([.set(document("k"), unlimited: true, remaining: -4, used: 0)]).results[0].effect == .changed)
        let accessed = try store.steps([.set(document("k"), unlimited: nil, remaining: nil, used: nil, accessed: 1_600_000_000_000)])
        #expect(accessed.results[0].effect == .changed && accessed.budgets[0].budget.accessed == 1_600_000_000_000)
        // What remains of an unlimited one may be no budget for a limited one.
        #expect(try store.refusal(.set(document("k"), unlimited: false, remaining: nil, used: nil)) == .invalidArgument)
        #expect(try store.refusal(.set(document("k"), unlimited: nil, remaining: nil, used: -1)) == .invalidArgument)
        #expect(try store.refusal(.set(document("k"), unlimited: nil, remaining: nil, used: .max)) == .invalidArgument)
        #expect(try store.refusal(.make("l", -1)) == .invalidArgument)
        #expect(try store.refusal(.make("l", Self.quota + 1)) == .invalidArgument)
        #expect(try store.refusal(.make("l", Self.quota + 1, unlimited: true)) == .invalidArgument)
        #expect(try store.refusal(.make("l", .min, unlimited: true)) == .invalidArgument)
        try store.step(.make("l", Self.quota))
        // What is reserved comes back: it must fit as well.
        try store.step(.reserve("l", "a", 1))
        #expect(try store.refusal(.make("l", Self.quota)) == .invalidArgument)
        try store.step(.release("l", "a"))
        #expect(try store.budget("l").remaining == Self.quota)
        var names: [String: Int64] = [:]
        try store.reading { (reader) throws(StoreError) in
            try reader.forEachBudget { (name, budget) throws(StoreError) in names[name.description] = budget.remaining }
        }
        #expect(names == ["k": -4, "l": Self.quota])
    }

    @Test("amounts beyond the largest quota, and sums that do not fit, are refused and change nothing")
    func overflow() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.steps([.make("k", 10), .make("free", 0, unlimited: true), .reserve("k", "a", 1)])
        for amount in [-1, Self.quota + 1, .max, .min] {
            #expect(try store.refusal(.reserve("k", "b", amount)) == .invalidArgument)
            #expect(try store.refusal(.settle("k", "a", amount)) == .invalidArgument)
            #expect(try store.refusal(.charge("k", amount)) == .invalidArgument)
            #expect(try store.refusal(.spend("free", amount)) == .invalidArgument)
            #expect(try store.refusal(.renew("k", consumed: amount, wanted: 0)) == .invalidArgument)
        }
        #expect(try store.step(.settle("k", "a", Self.quota)).shortfall == Self.quota - 10)
        // As pure rules, at the edge of the numbers.
        var budget = Budget(unlimited: true, remaining: .min + 5)
        #expect(throws: StoreError.self) { try budget.charge(6, .on()) }
        budget = Budget(unlimited: true, remaining: 0)
        budget.used = .max - 5
        #expect(throws: StoreError.self) { try budget.charge(6, .on()) }
        budget.used = 0
        budget.day = .init(period: 20_261_121, used: .max - 5)
        #expect(throws: StoreError.self) { try budget.charge(6, .on()) }
        #expect(throws: StoreError.self) { try budget.checkWindows(6, .on(day: 5)) }
        budget.forfeited = .max
        budget.block = 1
        #expect(throws: StoreError.self) { _ = try budget.forfeitBlock() }
        // A budget that does not know of its reservation is damaged.
        let request = ReservationRequest(budget: document("k"), requestID: document("r"), amount: 1, expires: 9, limits: .on())
        #expect(throws: StoreError.self) { try budget.close(Reservation(request, now: 1), charged: 0) }
    }

    @Test("the last 1,000 usage lines are kept, the newest first, and go with their budget")
    func lines() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.steps([.make("k", 100_000), .make("other", 10), .charge("other", 1, line: "mine")])
        #expect(try store.lines("k").isEmpty && store.lines("gone").isEmpty)
        try store.steps((0..<999).map { .charge("k", 1, line: "line \($0)") })
        try store.steps([.charge("k", 1), .reserve("k", "a", 1), .settle("k", "a", 1, line: "line 999")])
        #expect(try store.lines("k").count == 1_000)
        #expect(try store.lines("k").last == "line 0")
        fixture.clock.advance(9)
        try store.steps([.charge("k", 1, line: "line 1000"), .charge("k", 1, line: "line 1001")])
        let lines = try store.lines("k")
        #expect(lines.count == 1_000 && lines.first == "line 1001" && lines.last == "line 2")
        #expect(lines == (2...1_001).reversed().map { "line \($0)" })
        #expect(try store.lines("k", limit: 3) == ["line 1001", "line 1000", "line 999"])
        #expect(try store.lines("k", limit: 0).isEmpty && store.lines("k", limit: -1).isEmpty)
        let newest = try store.reading { (reader) throws(StoreError) in try reader.usageLines(document("k"), limit: 2).map(\.time) }
        #expect(newest == [1_700_000_000_009, 1_700_000_000_009])
        #expect(try store.budget("k").lines == 1_002)
        try store.step(.charge("k", 0, line: String(repeating: "x", count: StoreLimits.usageLine)))
        #expect(try store.refusal(.charge("k", 0, line: String(repeating: "x", count: StoreLimits.usageLine + 1))) == .invalidArgument)
        #expect(try Scan.take(fixture).counts[.usageLines] == 1_001)
        // More than all within one batch; then removed and made anew within one.
        try store.steps((0..<1_500).map { .charge("k", 1, line: "again \($0)") })
        #expect(try store.lines("k") == (500..<1_500).reversed().map { "again \($0)" })
        try store.steps([.remove("k"), .make("k", 5), .charge("k", 1, line: "new")])
        #expect(try store.lines("k") == ["new"] && store.lines("other") == ["mine"])
        #expect(try Scan.take(fixture).counts[.usageLines] == 2)
        try store.steps([.charge("k", 1, line: "short-lived"), .remove("k")])
        #expect(try Scan.take(fixture).counts[.usageLines] == 1)
        try Scan.check(fixture)
    }
}
