import Testing

@testable import CofferStore

@Suite("Blocks and spending in memory")
struct BlockTests {
    @Test("a block is at most 1 % of what remains, and at least what is wanted or nothing")
    func blocks() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.step(.make("k", 10_050))
        let first = try store.step(.renew("k", consumed: 0, wanted: 100))
        #expect(first.amount == 100 && first.budget.block == 100 && first.budget.remaining == 9_950 && first.budget.accessed == 0)
        // 30 were drawn; 70 go back; then 1 % of 10,020.
        fixture.clock.advance(3)
        let second = try store.step(.renew("k", consumed: 30, wanted: 1))
        #expect(second.amount == 100 && second.budget.used == 30 && second.budget.remaining == 9_920 && second.budget.block == 100)
        #expect(second.budget.day.used == 30 && second.budget.month.used == 30 && second.budget.accessed == 1_700_000_000_003)
        let none = try store.step(.renew("k", consumed: 100, wanted: 100))
        #expect(none.amount == 0 && none.budget.block == 0 && none.budget.remaining == 9_920 && none.budget.used == 130)
        try store.step(.renew("k", consumed: 0, wanted: 1))
        let back = try store.step(.renew("k", consumed: 9, wanted: 0))
        #expect(back.amount == 0 && back.budget.block == 0 && back.budget.remaining == 9_911 && back.budget.total == 10_050)
        let revision = store.revision
        #expect(try store.steps([.renew("k", consumed: 0, wanted: 0)]).results[0].effect == .unchanged)
        #expect(store.revision == revision)
        #expect(try store.refusal(.renew("k", consumed: 1, wanted: 0)) == .conflict)
        #expect(try store.refusal(.renew("k", consumed: -1, wanted: 0)) == .invalidArgument)
        #expect(try store.refusal(.renew("k", consumed: 0, wanted: -1)) == .invalidArgument)
        #expect(try store.refusal(.renew("gone", consumed: 0, wanted: 1)) == .notFound)
        // Never more than the windows still allow.
        try store.step(.renew("k", consumed: 0, wanted: 5, .on(day: 145)))
        #expect(try store.budget("k").block == 6)
        #expect(try store.step(.renew("k", consumed: 6, wanted: 1, .on(month: 145))).amount == 0)
        try Scan.check(fixture)
    }

    @Test("a dead daemon's block is forfeited, not more")
    func forfeits() throws {
        let fixture = try Fixture()
        try fixture.store.step(.make("k", 1_000))
        try fixture.store.step(.renew("k", consumed: 0, wanted: 1))
        try fixture.reopen()
        let store = fixture.store
        let lost = try store.step(.forfeit("k"))
        #expect(lost.amount == 10 && lost.budget.forfeited == 10 && lost.budget.block == 0 && lost.budget.remaining == 990)
        #expect(try store.step(.forfeit("k")).amount == 0)
        #expect(try store.budget("k").total == 1_000)
        #expect(try store.refusal(.forfeit("gone")) == .notFound)
    }

    @Test("an unlimited budget counts down freely and has no blocks")
    func spending() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.step(.make("k", 10, unlimited: true))
        #expect(try store.refusal(.renew("k", consumed: 0, wanted: 1)) == .invalidArgument)
        let spent = try store.step(.spend("k", 25, accessed: 77))
        #expect(spent.amount == 25 && spent.shortfall == 0 && spent.budget.remaining == -15 && spent.budget.used == 25)
        #expect(spent.budget.accessed == 77 && spent.budget.day.used == 25)
        // An older moment is none, and no limit refuses what was spent already.
        #expect(try store.step(.spend("k", 1, accessed: 5, .on(day: 1))).budget.accessed == 77)
        #expect(try store.steps([.spend("k", 0, accessed: 5)]).results[0].effect == .unchanged)
        #expect(try store.refusal(.spend("gone", 1)) == .notFound)
        // Limited meanwhile: it gives what it has.
        try store.step(.set(document("k"), unlimited: false, remaining: 4, used: nil))
        let short = try store.step(.spend("k", 6))
        #expect(short.amount == 4 && short.shortfall == 2 && short.budget.remaining == 0)
        // Unlimited meanwhile: its block can be given back, a new one is not granted.
        try store.step(.set(document("k"), unlimited: nil, remaining: 1_000, used: nil))
        try store.step(.renew("k", consumed: 0, wanted: 1))
        try store.step(.set(document("k"), unlimited: true, remaining: nil, used: nil))
        let back = try store.step(.renew("k", consumed: 3, wanted: 5))
        #expect(back.amount == 0 && back.budget.block == 0 && back.budget.remaining == 997)
        try Scan.check(fixture)
    }
}
