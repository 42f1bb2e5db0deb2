import CofferStore
import Testing

@testable import CofferAccounts

@Suite("Windows of API keys")
struct WindowTests {
    @Test("requests per minute: a sliding window, and when to come again")
    func sliding() async throws {
        let store = try KeysFixture(at: moment("2026-11-21T12:00:00Z"))
        let key = try await store.make { $0.windows = Windows(requestsPerMinute: 10) }
        store.advance(30_000)
        for _ in 0..<10 { #expect(try await store.reason(key.bytes) == "valid") }
        let full = try await store.verify(key.bytes)
        // In the next minute the ten weigh less and less: the first is allowed when they weigh nine.
        #expect(full.reason == .requestsPerMinute && full.retryAfter == 36_000)
        store.advance(35_999)
        #expect(try await store.reason(key.bytes) == "requests-per-minute")
        store.advance(1)
        #expect(try await store.reason(key.bytes) == "valid")
        #expect(try await store.reason(key.bytes) == "requests-per-minute")
        store.advance(120_000)
        for _ in 0..<10 { #expect(try await store.reason(key.bytes) == "valid") }
        #expect(try await store.reserve(key.bytes, 1, "r").verdict.reason == .requestsPerMinute)
    }

    @Test("whatever the moment: after the wait it is allowed, a millisecond before it is not")
    func retryAfter() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let limit = UInt32.random(in: 1...20, using: &random)
            var window = RequestWindow()
            var now = UInt64.random(in: 1_000_000...100_000_000, using: &random)
            for _ in 0..<40 {
                let wait = window.count(at: now, limit: limit)
                if wait > 0 {
                    var before = window
                    #expect(before.count(at: now + wait - 1, limit: limit) > 0)
                    #expect(window.count(at: now + wait, limit: limit) == 0)
                    now += wait
                }
                now += UInt64.random(in: 0...9_000, using: &random)
            }
        }
    }

    @Test("in flight: open reservations")
    func inFlight() async throws {
        let store = try KeysFixture()
        let key = try await store.make { $0.windows = Windows(inFlight: 2) }
        #expect(try await store.reserve(key.bytes, 1, "a").verdict.reason == .valid)
        #expect(try await store.reason(key.bytes) == "valid")
        #expect(try await store.reserve(key.bytes, 1, "b").verdict.reason == .valid)
        #expect(try await store.reserve(key.bytes, 1, "c").verdict.reason == .inFlight)
        #expect(try await store.reserve(key.bytes, 1, "b").repeated)
        #expect(try await store.reason(key.bytes) == "in-flight")
        _ = try await store.settle(key.number, "a", 1)
        #expect(try await store.reserve(key.bytes, 1, "c").verdict.reason == .valid)
    }

    @Test("tokens per day end at midnight of the key's zone, also where the clocks change")
    func dayInZone() async throws {
        // 2026-03-29 has 23 hours in Berlin: from 23:00Z to 22:00Z.
        let store = try KeysFixture(at: moment("2026-03-28T22:59:00Z"))
        let key = try await store.make { $0.windows = Windows(tokensPerDay: 10, timeZone: "Europe/Berlin") }
        #expect(try await store.reason(key.bytes, cost: 10) == "valid")
        let full = try await store.verify(key.bytes, cost: 1)
        #expect(full.reason == .tokensPerDay && full.retryAfter == 60_000)
        store.advance(60_000)
        #expect(try store.state(key.number).dayUsed == 0 && store.state(key.number).monthUsed == 10)
        #expect(try await store.reserve(key.bytes, 7, "r").verdict.reason == .valid)
        let rest = try await store.verify(key.bytes, cost: 4)
        #expect(rest.reason == .tokensPerDay && rest.retryAfter == 23 * 3_600_000)
        store.set(try moment("2026-03-29T21:59:59Z"))
        #expect(try await store.reason(key.bytes, cost: 4) == "tokens-per-day")
        store.set(try moment("2026-03-29T22:00:00Z"))
        #expect(try await store.reason(key.bytes, cost: 4) == "valid")
        // Charged to the day it was reserved in.
        _ = try await store.settle(key.number, "r", 1)
        #expect(try store.state(key.number).dayUsed == 4)
        // Autumn: 25 hours.
        store.set(try moment("2026-10-24T22:00:00Z"))
        #expect(try await store.reason(key.bytes, cost: 10) == "valid")
        #expect(try await store.verify(key.bytes, cost: 1).retryAfter == 25 * 3_600_000)
    }

    @Test("tokens per month end with the month of the key's zone")
    func month() async throws {
        let store = try KeysFixture(at: moment("2026-12-31T14:59:59Z"))
        let key = try await store.make { $0.windows = Windows(tokensPerMonth: 5, timeZone: "Asia/Tokyo") }
        let utc = try await store.make { $0.windows = Windows(tokensPerMonth: 5) }
        for key in [key, utc] { #expect(try await store.reason(key.bytes, cost: 5) == "valid") }
        #expect(try await store.verify(key.bytes, cost: 1).retryAfter == 1_000)
        store.advance(1_000)
        #expect(try await store.reason(key.bytes, cost: 5) == "valid")
        #expect(try await store.reason(utc.bytes, cost: 1) == "tokens-per-month")
        try store.restart()
        #expect(try await store.reason(key.bytes, cost: 1) == "tokens-per-month")
    }

    @Test("what memory took before midnight counts for that day, whatever the next day begins with")
    func acrossMidnight() async throws {
        for next in ["verify", "large", "reserve", "tick"] {
            let store = try KeysFixture(at: moment("2026-11-20T23:59:59Z"))
            for unlimited in [false, true] {
                store.set(try moment("2026-11-20T23:59:59Z"))
                let key = try await store.make(unlimited: unlimited, quota: 100_000)
                #expect(try await store.reason(key.bytes, cost: 30) == "valid")
                store.advance(1_000)
                switch next {
                case "verify": #expect(try await store.reason(key.bytes, cost: 5) == "valid")
                case "large": #expect(try await store.reason(key.bytes, cost: 5_000) == "valid")
                case "reserve": #expect(try await store.reserve(key.bytes, 5, "r").verdict.reason == .valid)
                default: try store.all.tick()
                }
                let wanted: Int64 = next == "tick" ? 0 : next == "large" ? 5_000 : 5
                let state = try store.state(key.number)
                #expect(state.dayUsed == wanted && state.monthUsed == 30 + wanted, "\(next) \(unlimited)")
                try store.all.tick()
                try store.restart()
                let after = try store.state(key.number)
                #expect(after.dayUsed == wanted && after.monthUsed == 30 + wanted, "\(next) \(unlimited)")
            }
        }
    }

    @Test("memory's spending and the store's count together")
    func together() async throws {
        let store = try KeysFixture(at: moment("2026-11-21T12:00:00Z"))
        for unlimited in [false, true] {
            let key = try await store.make(unlimited: unlimited, quota: 10_000) { $0.windows = Windows(tokensPerDay: 100) }
            #expect(try await store.reason(key.bytes, cost: 60) == "valid")
            #expect(try await store.reserve(key.bytes, 41, "a").verdict.reason == .tokensPerDay)
            #expect(try await store.reserve(key.bytes, 40, "b").verdict.reason == .valid)
            #expect(try await store.reason(key.bytes, cost: 1) == "tokens-per-day")
        }
    }

    @Test("an unknown time zone is refused")
    func zones() async throws {
        let store = try KeysFixture()
        #expect(await refusal { _ = try await store.make { $0.windows = Windows(timeZone: "Mars/Olympus") } } == "invalidArgument:time_zone")
        #expect(await refusal { _ = try await store.make { $0.windows = Windows(tokensPerDay: -1) } } == "invalidArgument:tokens_per_day")
    }
}
