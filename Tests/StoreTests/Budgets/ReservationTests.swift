import Testing

@testable import CofferStore

@Suite("Reservations")
struct ReservationTests {
    private static func store(_ steps: BudgetStep...) throws -> Fixture {
        let fixture = try Fixture()
        try fixture.store.steps([.make("k/1", 100), .make("u/1", 60)] + steps)
        return fixture
    }

    @Test("reserve takes out of what remains; settle, release and expire give back what was not used")
    func lifecycle() throws {
        let fixture = try Self.store()
        let store = fixture.store
        let made = try store.step(.reserve("k/1", "a", 30))
        #expect(made.amount == 30 && made.state == .open && !made.repeated && made.expires == 1_700_000_060_000)
        #expect(made.budget.remaining == 70 && made.budget.reserved == 30 && made.budget.openReservations == 1 && made.budget.used == 0)
        #expect(made.budget.accessed == 0)
        #expect(try store.budget("k/1") == made.budget)
        let kept = try #require(try store.reservation("k/1", "a"))
        #expect(kept.amount == 30 && kept.state == .open && kept.created == 1_700_000_000_000 && kept.dayPeriod == 20_261_121)
        #expect(kept.monthPeriod == 202_611 && kept.wallet == nil)
        // Less.
        fixture.clock.advance(7)
        let settled = try store.step(.settle("k/1", "a", 12, line: "one"))
        #expect(settled.amount == 12 && settled.shortfall == 0 && settled.state == .settled)
        #expect(settled.budget.remaining == 88 && settled.budget.used == 12 && settled.budget.reserved == 0)
        #expect(settled.budget.openReservations == 0 && settled.budget.accessed == 1_700_000_000_007 && settled.budget.lines == 1)
        #expect(try store.reservation("k/1", "a")?.charged == 12)
        // Exactly, then more than reserved.
        try store.steps([.reserve("k/1", "b", 8), .settle("k/1", "b", 8), .reserve("k/1", "c", 10)])
        let more = try store.step(.settle("k/1", "c", 50))
        #expect(more.amount == 50 && more.shortfall == 0 && more.budget.remaining == 30 && more.budget.used == 70)
        // More than is left: never below zero.
        try store.step(.reserve("k/1", "d", 25))
        let short = try store.step(.settle("k/1", "d", 40))
        #expect(short.amount == 30 && short.shortfall == 10 && short.budget.remaining == 0 && short.budget.used == 100)
        #expect(try store.reservation("k/1", "d")?.shortfall == 10)
        try store.step(.set(document("k/1"), unlimited: nil, remaining: 50, used: nil))
        try store.step(.reserve("k/1", "e", 50))
        let released = try store.step(.release("k/1", "e"))
        #expect(released.amount == 50 && released.state == .released && released.budget.remaining == 50 && released.budget.used == 100)
        try store.step(.reserve("k/1", "f", 50))
        fixture.clock.advance(60_000)
        let accessed = try store.budget("k/1").accessed
        let expired = try store.step(.expire("k/1", "f"))
        #expect(expired.amount == 50 && expired.state == .expired && expired.budget.remaining == 50)
        #expect(expired.budget.accessed == accessed)
        #expect(try store.budget("k/1").total == 150)
        try Scan.check(fixture)
        try fixture.reopen()
        #expect(try fixture.store.budget("k/1") == expired.budget)
        #expect(try fixture.store.reservation("k/1", "f")?.state == .expired)
    }

    @Test("an exhausted budget refuses; an empty one refuses nothing as well; an unlimited one never refuses")
    func exhausted() throws {
        let fixture = try Self.store()
        let store = fixture.store
        #expect(try store.refusal(.reserve("k/1", "a", 101)) == .budgetExhausted)
        try store.step(.reserve("k/1", "a", 0))
        try store.step(.reserve("k/1", "b", 100))
        #expect(try store.refusal(.reserve("k/1", "c", 1)) == .budgetExhausted)
        #expect(try store.refusal(.reserve("k/1", "c", 0)) == .budgetExhausted)
        #expect(try store.refusal(.charge("k/1", 0)) == .budgetExhausted)
        try store.step(.make("free", 5, unlimited: true))
        let outcome = try store.step(.reserve("free", "a", 20))
        #expect(outcome.budget.remaining == -15 && outcome.budget.reserved == 20)
        #expect(try store.step(.settle("free", "a", 90)).budget.remaining == -85)
        try store.step(.reserve("free", "b", 0))
        #expect(try store.budget("free").total == 5)
        #expect(try store.refusal(.reserve("gone", "a", 0)) == .notFound)
        #expect(try store.refusal(.reserve("k/1", "d", 1, wallet: "gone")) == .notFound)
    }

    @Test("the same request id is answered as the first time, whatever became of it; another body is a conflict")
    func repeats() throws {
        let fixture = try Self.store()
        let store = fixture.store
        try store.step(.reserve("k/1", "a", 30))
        let revision = store.revision
        let again = try store.step(.reserve("k/1", "a", 30, expires: 1, .on(day: 1)))
        #expect(again.repeated && again.amount == 30 && again.state == .open && again.expires == 1_700_000_060_000)
        #expect(again.budget.remaining == 70)
        #expect(try store.refusal(.reserve("k/1", "a", 31)) == .conflict)
        #expect(try store.refusal(.reserve("k/1", "a", 30, wallet: "u/1")) == .conflict)
        // Of another budget it is another one.
        try store.step(.reserve("u/1", "a", 60))
        try store.step(.settle("k/1", "a", 20))
        let settledAgain = try store.step(.settle("k/1", "a", 20))
        #expect(settledAgain.repeated && settledAgain.amount == 20 && settledAgain.state == .settled)
        #expect(try store.refusal(.settle("k/1", "a", 21)) == .conflict)
        #expect(try store.refusal(.release("k/1", "a")) == .conflict)
        #expect(try store.step(.reserve("k/1", "a", 30)).state == .settled)
        #expect(store.revision == revision + 2)
        try store.steps([.reserve("k/1", "b", 5), .release("k/1", "b")])
        let releasedAgain = try store.step(.release("k/1", "b"))
        #expect(releasedAgain.repeated && releasedAgain.amount == 5 && releasedAgain.state == .released)
        let error = #expect(throws: StoreError.self) { try store.step(.settle("k/1", "b", 5)) }
        #expect(error?.code == .conflict && error?.message.contains("released") == true)
        #expect(try store.step(.expire("k/1", "b")).state == .released)
        #expect(try store.refusal(.settle("k/1", "x", 1)) == .notFound)
        #expect(try store.refusal(.release("k/1", "x")) == .notFound)
        #expect(try store.step(.expire("k/1", "x")).state == nil)
        // A repeat of one that came with a shortfall.
        try store.steps([.reserve("k/1", "s", 80), .settle("k/1", "s", 500)])
        let short = try store.step(.settle("k/1", "s", 500))
        #expect(short.repeated && short.amount == 80 && short.shortfall == 420)
        #expect(try store.refusal(.settle("k/1", "s", 80)) == .conflict)
    }

    @Test("before its time nothing expires; behind it settle and release still work until the sweep came")
    func expiry() throws {
        let fixture = try Self.store(.reserve("k/1", "a", 10), .reserve("k/1", "b", 10), .reserve("k/1", "c", 10))
        let store = fixture.store
        #expect(try store.refusal(.reserve("k/1", "x", 1, expires: 1_700_000_000_000)) == .invalidArgument)
        fixture.clock.advance(59_999)
        let early = try store.step(.expire("k/1", "a"))
        #expect(early.state == .open && early.amount == 0 && !early.repeated && early.budget.reserved == 30)
        #expect(try store.reading { (reader) throws(StoreError) in try reader.openReservations().count } == 3)
        fixture.clock.advance(1)
        #expect(try store.step(.settle("k/1", "b", 9)).state == .settled)
        #expect(try store.step(.release("k/1", "c")).state == .released)
        let open = try store.reading { (reader) throws(StoreError) in try reader.openReservations() }
        #expect(open.map(\.requestID) == [document("a")])
        #expect(try store.step(.expire("k/1", "a")).amount == 10)
        let again = try store.step(.expire("k/1", "a"))
        #expect(again.repeated && again.amount == 0)
        #expect(try store.refusal(.settle("k/1", "a", 1)) == .conflict)
        #expect(try store.step(.release("k/1", "a")).repeated)
        #expect(try store.step(.expire("k/1", "b")).state == .settled)
        #expect(try store.reading { (reader) throws(StoreError) in try reader.openReservations() }.isEmpty)
    }

    @Test("a wallet is charged together with the budget, or neither is")
    func wallets() throws {
        let fixture = try Self.store()
        let store = fixture.store
        #expect(try store.refusal(.reserve("k/1", "a", 61, wallet: "u/1")) == .walletExhausted)
        #expect(try store.refusal(.reserve("k/1", "a", 101, wallet: "u/1")) == .budgetExhausted)
        #expect(try store.refusal(.charge("k/1", 61, wallet: "u/1")) == .walletExhausted)
        #expect(try store.refusal(.reserve("k/1", "a", 1, wallet: "k/1")) == .invalidArgument)
        #expect(try store.budget("k/1").remaining == 100 && store.budget("u/1").remaining == 60)
        try store.step(.reserve("k/1", "a", 40, wallet: "u/1"))
        #expect(try store.budget("k/1").remaining == 60 && store.budget("u/1").remaining == 20)
        #expect(try store.budget("u/1").openReservations == 1)
        // What is beyond is what both still have: the wallet 20.
        let settled = try store.step(.settle("k/1", "a", 70))
        #expect(settled.amount == 60 && settled.shortfall == 10)
        #expect(try store.budget("k/1").remaining == 40 && store.budget("k/1").used == 60)
        #expect(try store.budget("u/1").remaining == 0 && store.budget("u/1").used == 60)
        try store.step(.set(document("u/1"), unlimited: nil, remaining: 30, used: nil))
        try store.step(.reserve("k/1", "b", 30, wallet: "u/1"))
        try store.step(.release("k/1", "b"))
        try store.step(.reserve("k/1", "c", 30, wallet: "u/1"))
        fixture.clock.advance(60_000)
        try store.step(.expire("k/1", "c"))
        try store.step(.charge("k/1", 10, wallet: "u/1"))
        #expect(try store.budget("k/1").remaining == 30 && store.budget("u/1").remaining == 20)
        // An unlimited wallet never refuses.
        try store.step(.set(document("u/1"), unlimited: true, remaining: 0, used: nil))
        try store.step(.charge("k/1", 10, wallet: "u/1"))
        #expect(try store.budget("u/1").remaining == -10)
        try Scan.check(fixture)
    }

    @Test("of a budget that was removed, reservations still end; of a new one of its name they are no part")
    func removed() throws {
        let fixture = try Self.store(
            .reserve("k/1", "a", 10, wallet: "u/1"), .reserve("k/1", "b", 10, wallet: "u/1"), .reserve("k/1", "c", 10))
        let store = fixture.store
        try store.steps([.reserve("k/1", "d", 5), .remove("k/1")])
        #expect(try store.reading { (reader) throws(StoreError) in try reader.budget(document("k/1")) } == nil)
        #expect(try store.refusal(.remove("k/1")) == .notFound)
        let settled = try store.step(.settle("k/1", "a", 25, line: "lost"))
        #expect(settled.state == .settled && settled.amount == 25 && settled.budget == Budget(unlimited: false, remaining: 0))
        #expect(try store.budget("u/1").used == 25 && store.budget("u/1").remaining == 25)
        // The name again: a budget of its own.
        try store.step(.make("k/1", 7))
        #expect(try store.step(.release("k/1", "b")).amount == 10)
        #expect(try store.budget("u/1").remaining == 35 && store.budget("u/1").openReservations == 0)
        let revision = store.revision
        let alone = try store.step(.settle("k/1", "c", 4, line: "lost"))
        #expect(alone.amount == 0 && alone.shortfall == 4 && alone.state == .settled)
        #expect(store.revision == revision + 1)
        fixture.clock.advance(60_000)
        #expect(try store.step(.expire("k/1", "d")).state == .expired)
        #expect(try store.budget("k/1") == Budget(unlimited: false, remaining: 7))
        #expect(try store.step(.settle("k/1", "c", 4)).repeated)
        #expect(try store.reading { (reader) throws(StoreError) in try reader.openReservations() }.isEmpty)
        // The wallet goes first.
        try store.steps([.reserve("k/1", "w", 5, wallet: "u/1", expires: .max), .remove("u/1"), .settle("k/1", "w", 6)])
        #expect(try store.budget("k/1").used == 6 && store.budget("k/1").remaining == 1)
        try Scan.check(fixture)
    }
}
