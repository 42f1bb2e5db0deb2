import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

@Suite struct RefreshPlanTests {
    @Test func theEarliestComesFirst() {
        var plan = RefreshPlan()
        for (number, due) in [(1, 50), (2, 10), (3, 30), (4, 90)] as [(UInt64, UInt64)] { plan.set(number, .init(due: due, lane: "a")) }
        #expect(plan.take(at: 50, limit: 10) { _ in 10 }.map(\.number) == [2, 3, 1])
        #expect(plan.next()?.due == 90)
        #expect(plan.count == 1)
    }

    @Test func aBusyProviderHoldsUpNobodyElse() {
        var plan = RefreshPlan()
        for number in 1...100 as ClosedRange<UInt64> { plan.set(number, .init(due: 1, lane: "slow")) }
        plan.set(101, .init(due: 2, lane: "fast"))
        #expect(plan.take(at: 5, limit: 64) { $0 == "slow" ? 1 : 8 }.map(\.number) == [1, 101])
        #expect(plan.next { $0 != "slow" } == nil)
        #expect(plan.count == 99)
    }

    @Test func whatIsBeyondTheLimitStays() {
        var plan = RefreshPlan()
        for number in 1...10 as ClosedRange<UInt64> { plan.set(number, .init(due: number, lane: number % 2 == 0 ? "a" : "b")) }
        #expect(plan.take(at: 100, limit: 3) { _ in 100 }.map(\.number) == [1, 2, 3])
        #expect(plan.count == 7)
        #expect(plan.take(at: 100, limit: 100) { _ in 100 }.map(\.number) == [4, 5, 6, 7, 8, 9, 10])
    }

    /// Against a dictionary that is searched as a whole.
    @Test func anOrderOfAnySteps() {
        var random = SystemRandomNumberGenerator()
        var plan = RefreshPlan()
        var reference: [UInt64: RefreshPlan.Entry] = [:]
        for step in 0..<20_000 {
            let number = UInt64.random(in: 1...300, using: &random)
            switch UInt8.random(in: 0...9, using: &random) {
            case 0...6:
                let entry = RefreshPlan.Entry(due: .random(in: 0...1_000, using: &random), lane: ["a", "b", "c"][Int.random(in: 0...2, using: &random)])
                plan.set(number, entry)
                reference[number] = entry
            case 7:
                plan.set(number, nil)
                reference[number] = nil
            case 8:
                let now = UInt64.random(in: 0...1_000, using: &random)
                let limit = Int.random(in: 0...20, using: &random)
                let taken = plan.take(at: now, limit: limit) { $0 == "b" ? 2 : 100 }
                var perLane: [String: Int] = [:]
                let due = reference.filter { $0.value.due <= now }.sorted { ($0.value.due, $0.key) < ($1.value.due, $1.key) }.filter { item in
                    perLane[item.value.lane, default: 0] += 1
                    return item.value.lane != "b" || perLane["b", default: 0] <= 2
                }.prefix(limit)
                #expect(taken.map(\.number) == due.map(\.key), "step \(step)")
                for (number, _) in taken { reference[number] = nil }
            default:
                let earliest = reference.min { ($0.value.due, $0.key) < ($1.value.due, $1.key) }
                let next = plan.next()
                #expect(next?.number == earliest?.key && next?.due == earliest?.value.due, "step \(step)")
            }
            #expect(plan.count == reference.count)
        }
    }
}

@Suite struct RefreshTimingTests {
    private let now: UInt64 = 1_790_000_000_000

    private func credential(life: UInt64, number: UInt64 = 1) throws -> Credential {
        var credential = Credential(
            number: number, tenant: .main, name: try DocumentName("c".utf8), provider: "oauth2",
            parameters: ["token_url": "https://upstream.example/token"], created: 0, updated: 0)
        credential.tokens = [
            TokenFact(kind: "access", expires: now + life, obtained: now), TokenFact(kind: "refresh", expires: 0, obtained: now),
        ]
        return credential
    }

    private var oauth2: Provider? { Provider.builtIn.first { $0.name == "oauth2" } }

    @Test func beforeExpiryByTheLeadAndAPartThatDiffers() throws {
        let provider = try #require(oauth2)
        let lead = UInt64(provider.lead) * 1_000
        var timing = RefreshTiming()
        var dues: Set<UInt64> = []
        for number in 1...100 as ClosedRange<UInt64> {
            let due = try #require(timing.next(of: try credential(life: 86_400_000, number: number), provider: provider, now: now).due)
            #expect(due <= now + 86_400_000 - lead && due >= now + 86_400_000 - lead - RefreshTiming.maximumJitter)
            dues.insert(due)
        }
        #expect(dues.count > 90)
    }

    @Test func theSameTokenIsDueAtTheSameMoment() {
        let first = RefreshTiming.due(number: 9, expires: now + 3_600_000, obtained: now, lead: 60_000)
        #expect(first == RefreshTiming.due(number: 9, expires: now + 3_600_000, obtained: now, lead: 60_000))
        // A tenth of an hour, not five minutes.
        #expect(first >= now + 3_600_000 - 60_000 - 360_000)
    }

    @Test func aLeadLongerThanTheTokensLifeIsNoEndlessDialling() {
        let due = RefreshTiming.due(number: 1, expires: now + 300_000, obtained: now, lead: 3_600_000)
        #expect(due >= now + 100_000 && due <= now + 150_000)
        // Expired when it was got, or shorter than a minute: still a minute between two.
        #expect(RefreshTiming.due(number: 1, expires: now, obtained: now, lead: 1_000) == now + RefreshTiming.minimumAge)
        #expect(RefreshTiming.due(number: 1, expires: now - 5_000, obtained: now, lead: 1_000) == now + RefreshTiming.minimumAge)
        #expect(RefreshTiming.due(number: 1, expires: .max, obtained: 0, lead: .max) > 0)
        #expect(RefreshTiming.due(number: 1, expires: 1, obtained: .max, lead: .max) > 0)
    }

    @Test func whoIsNotPlannedAndWhy() throws {
        var timing = RefreshTiming()
        func why(_ change: (inout Credential) -> Void, provider: Provider?) throws -> String {
            var credential = try credential(life: 3_600_000)
            change(&credential)
            let next = timing.next(of: credential, provider: provider, now: now)
            return next.due == nil ? next.why : "planned"
        }
        let oauth2 = oauth2
        #expect(try why({ _ in }, provider: oauth2) == "planned")
        #expect(try why({ $0.isEnabled = false }, provider: oauth2) == "disabled")
        #expect(try why({ _ in }, provider: nil).contains("missing"))
        #expect(try why({ $0.state.move(to: .dead, at: 1, why: "over") }, provider: oauth2) == "it is dead: over")
        #expect(try why({ $0.state.move(to: .needsPerson, at: 1, why: "captcha") }, provider: oauth2) == "it waits for a person: captcha")
        #expect(try why({ $0.state.move(to: .dialled, at: 1, why: "") }, provider: oauth2).contains("being refreshed"))
        #expect(try why({ $0.tokens = $0.tokens.filter { $0.kind == "refresh" } }, provider: oauth2).hasPrefix("no access token"))
        #expect(try why({ $0.tokens = $0.tokens.filter { $0.kind == "access" } }, provider: oauth2).contains("without logging in"))
        #expect(try why({ $0.tokens[0].expires = 0 }, provider: oauth2).contains(oauth2?.defaultLifetime == 0 ? "unknown" : "planned"))
    }

    @Test func coolingPutsItOff() throws {
        var credential = try credential(life: 3_600_000)
        credential.state.move(to: .cooling, at: now, why: "down")
        credential.state.until = now + 7_200_000
        var timing = RefreshTiming()
        let next = timing.next(of: credential, provider: oauth2, now: now)
        #expect(next.due == now + 7_200_000 && next.why == "cooling: down")
    }
}
