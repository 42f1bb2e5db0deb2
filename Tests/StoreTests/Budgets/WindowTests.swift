import Testing

@testable import CofferStore

@Suite("Days, months and what is in flight")
struct WindowTests {
    private static func store() throws -> Fixture {
        let fixture = try Fixture()
        try fixture.store.steps([.make("k", 1_000), .make("w", 1_000)])
        return fixture
    }

    @Test("each limit refuses with a code of its own, in the order of decisions 12")
    func order() throws {
        let fixture = try Self.store()
        let store = fixture.store
        try store.step(.reserve("k", "a", 1))
        let all = WindowLimits.on(day: 50, month: 50, inFlight: 1)
        #expect(try store.refusal(.reserve("k", "b", 2_000, wallet: "w", all)) == .budgetExhausted)
        try store.step(.set(document("w"), unlimited: nil, remaining: 10, used: nil))
        #expect(try store.refusal(.reserve("k", "b", 60, wallet: "w", all)) == .walletExhausted)
        #expect(try store.refusal(.reserve("k", "b", 60, all)) == .inFlightExhausted)
        #expect(try store.refusal(.reserve("k", "b", 60, .on(day: 50, month: 50, inFlight: 2))) == .dayExhausted)
        #expect(try store.refusal(.reserve("k", "b", 60, .on(month: 50, inFlight: 2))) == .monthExhausted)
        #expect(try store.refusal(.charge("k", 60, .on(day: 50, month: 50))) == .dayExhausted)
        #expect(try store.refusal(.charge("k", 60, .on(month: 50))) == .monthExhausted)
        // What is charged at once is not in flight; a repeat is answered before all of it.
        try store.step(.charge("k", 1, all))
        #expect(try store.step(.reserve("k", "a", 1, all)).repeated)
        // Exactly to the limit, and not beyond.
        try store.step(.reserve("k", "c", 48, .on(day: 50, month: 50)))
        #expect(try store.refusal(.reserve("k", "d", 1, .on(day: 50))) == .dayExhausted)
        try store.step(.reserve("k", "d", 0, .on(day: 50)))
        #expect(try store.budget("k").day == .init(period: 20_261_121, used: 50))
        // The limits are the key's, not the wallet's.
        #expect(try store.budget("w").day == .init())
    }

    @Test("a new period starts at 0; settle and release correct a counter only while it is of their period")
    func periods() throws {
        let fixture = try Self.store()
        let store = fixture.store
        try store.steps([.reserve("k", "a", 40, wallet: "w"), .reserve("k", "b", 40), .reserve("k", "c", 20)])
        try store.step(.settle("k", "a", 50))
        #expect(try store.budget("k").day.used == 110 && store.budget("k").month.used == 110)
        #expect(try store.budget("w").day == .init(period: 20_261_121, used: 50))
        try store.step(.release("k", "c"))
        #expect(try store.budget("k").day.used == 90)
        // The next day of the same month.
        try store.step(.charge("k", 5, .on(20_261_122)))
        #expect(try store.budget("k").day == .init(period: 20_261_122, used: 5))
        #expect(try store.budget("k").month == .init(period: 202_611, used: 95))
        try store.step(.settle("k", "b", 10))
        #expect(try store.budget("k").day == .init(period: 20_261_122, used: 5))
        #expect(try store.budget("k").month == .init(period: 202_611, used: 65))
        // The day's limit is of the new day, the month's of the whole month.
        #expect(try store.refusal(.charge("k", 36, .on(20_261_122, day: 41, month: 100))) == .monthExhausted)
        try store.step(.charge("k", 35, .on(20_261_122, day: 41, month: 100)))
        try store.step(.charge("k", 100, .on(20_261_201, day: 100, month: 100)))
        #expect(try store.budget("k").month == .init(period: 202_612, used: 100))
        // Without a period nothing is counted.
        try store.step(.charge("k", 3, .on(0)))
        #expect(try store.budget("k").day == .init(period: 20_261_201, used: 100))
        // A counter that began anew in the same period never goes below zero.
        try store.steps([
            .reserve("k", "z", 30, .on(20_270_101)), .charge("k", 1, .on(20_270_102)), .charge("k", 1, .on(20_270_101)), .release("k", "z"),
        ])
        #expect(try store.budget("k").day == .init(period: 20_270_101, used: 0))
        try Scan.check(fixture)
    }

    @Test("what ends a reservation frees its place")
    func inFlight() throws {
        let fixture = try Self.store()
        let store = fixture.store
        let two = WindowLimits.on(inFlight: 2)
        try store.steps([.reserve("k", "a", 1, two), .reserve("k", "b", 1, two)])
        #expect(try store.refusal(.reserve("k", "c", 1, two)) == .inFlightExhausted)
        try store.step(.settle("k", "a", 1))
        try store.step(.reserve("k", "c", 1, two))
        try store.steps([.release("k", "b"), .reserve("k", "d", 1, two)])
        #expect(try store.refusal(.reserve("k", "e", 1, two)) == .inFlightExhausted)
        fixture.clock.advance(60_000)
        try store.step(.expire("k", "c"))
        try store.step(.reserve("k", "e", 1, expires: .max, two))
        #expect(try store.budget("k").openReservations == 2)
    }

    @Test("limits that make no sense are refused")
    func invalid() throws {
        let fixture = try Self.store()
        let store = fixture.store
        #expect(try store.refusal(.charge("k", 1, .on(day: -1))) == .invalidArgument)
        #expect(try store.refusal(.charge("k", 1, .on(month: -1))) == .invalidArgument)
        #expect(try store.refusal(.reserve("k", "a", 1, .on(0, day: 1))) == .invalidArgument)
        #expect(try store.refusal(.reserve("k", "a", 1, .on(0, month: 1))) == .invalidArgument)
        #expect(try store.refusal(.charge("k", 1, .on(day: .max, month: .max))) == nil)
    }
}
