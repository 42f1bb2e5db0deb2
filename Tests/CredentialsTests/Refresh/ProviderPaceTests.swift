import Testing

@testable import CofferCredentials

@Suite struct ProviderPaceTests {
    @Test func keepsOrderAndNumber() {
        var pace = ProviderPace()
        for ticket in 1...5 as ClosedRange<UInt64> { pace.enter(ticket) }
        #expect(pace.next(concurrency: 2, gap: 0, now: 0).tickets == [1, 2])
        #expect(pace.next(concurrency: 2, gap: 0, now: 0).tickets.isEmpty)
        pace.leave(2)
        #expect(pace.next(concurrency: 2, gap: 0, now: 0).tickets == [3])
        #expect(pace.waiting == 2 && pace.running == 2)
    }

    @Test func keepsStartsApart() {
        var pace = ProviderPace()
        for ticket in 1...3 as ClosedRange<UInt64> { pace.enter(ticket) }
        #expect(pace.next(concurrency: 3, gap: 1_000, now: 0).tickets == [1])
        // Not before it is known when the first one began, be it late.
        #expect(pace.next(concurrency: 3, gap: 1_000, now: 5_000).tickets.isEmpty)
        pace.started(1, now: 5_000)
        let early = pace.next(concurrency: 3, gap: 1_000, now: 5_999)
        #expect(early.tickets.isEmpty && early.lookAt == 6_000)
        #expect(pace.next(concurrency: 3, gap: 1_000, now: 6_000).tickets == [2])
        // One that ends without having begun holds nobody up.
        pace.leave(2)
        #expect(pace.next(concurrency: 3, gap: 1_000, now: 6_000).tickets == [3])
    }

    @Test func clockThatGoesBackHoldsNobodyUp() {
        var pace = ProviderPace()
        pace.enter(1)
        _ = pace.next(concurrency: 2, gap: 1_000, now: 100_000)
        pace.started(1, now: 100_000)
        pace.enter(2)
        #expect(pace.next(concurrency: 2, gap: 1_000, now: 50).tickets == [2])
    }
}
