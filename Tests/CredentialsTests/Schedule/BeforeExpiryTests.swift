import CofferStore
import CofferUpstream
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct BeforeExpiryTests {
    private let fixture: ScheduleFixture
    init() throws { fixture = try ScheduleFixture() }

    private func idle() async -> Bool { await eventually { fixture.schedules.outlook.running == 0 } }

    @Test func withoutARecordEachIsRefreshedBeforeItExpires() async throws {
        let expires = fixture.clock.now + 3_600_000
        _ = try await fixture.credential("a", expires: expires)
        _ = try await fixture.credential("b")
        var change = CredentialChange()
        change.isEnabled = false
        _ = try await fixture.credentials.update(2, change, by: "test")
        let wait = try #require(fixture.schedules.beat())
        let next = fixture.schedules.nextRefresh(of: 1)
        #expect(next.due == fixture.clock.now + wait && fixture.clock.now + wait < expires)
        #expect(fixture.schedules.outlook == RefreshOutlook(count: 1, running: 0, next: (1, fixture.clock.now + wait)))
        #expect(fixture.schedules.nextRefresh(of: 2).due == nil)
        #expect(fixture.schedules.nextRefresh(of: 99).due == nil)
        fixture.clock.advance(wait - 1)
        _ = fixture.schedules.beat()
        #expect(fixture.acting.calls.isEmpty)
        fixture.clock.advance(1)
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.acting.calls == ["refresh 1"] })
    }

    @Test func aNewTokenIsPlannedAnew() async throws {
        _ = try await fixture.credential("a", expires: fixture.clock.now + 3_600_000)
        _ = fixture.schedules.beat()
        let first = try #require(fixture.schedules.outlook.next).due
        try fixture.access(of: 1, "second", expires: fixture.clock.now + 86_400_000)
        _ = fixture.schedules.beat()
        let second = try #require(fixture.schedules.outlook.next).due
        #expect(second > first + 80_000_000)
        try fixture.state(of: 1) { $0.move(to: .dead, at: 1, why: "over") }
        _ = fixture.schedules.beat()
        #expect(fixture.schedules.outlook.next == nil)
        var change = CredentialChange()
        change.revives = true
        _ = try await fixture.credentials.update(1, change, by: "test")
        _ = fixture.schedules.beat()
        #expect(fixture.schedules.outlook.next?.due == second)
        _ = try await fixture.credentials.delete([1], by: "test")
        _ = fixture.schedules.beat()
        #expect(fixture.schedules.outlook.count == 0)
    }

    @Test func whatWasRefreshedMeanwhileIsLeftAlone() async throws {
        for name in ["a", "b"] { _ = try await fixture.credential(name, expires: fixture.clock.now + 120_000) }
        _ = fixture.schedules.beat()
        fixture.clock.advance(120_000)
        fixture.schedules.desk.withLock { desk in
            for number in [1, 2] as [UInt64] { desk.plan.set(number, .init(due: 0, lane: "oauth2")) }
        }
        // Told of only after the beat has chosen: its note is taken away.
        try fixture.access(of: 1, "asked for", expires: fixture.clock.now + 3_600_000)
        fixture.schedules.desk.withLock { $0.touched = [] }
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.acting.calls.count == 1 })
        #expect(await idle())
        #expect(fixture.acting.calls == ["refresh 2"])
    }

    @Test func afterFailuresLessAndLessOften() async throws {
        _ = try await fixture.credential("a", expires: fixture.clock.now + 120_000)
        fixture.acting.script.withLock { $0.failures[1] = CredentialError(.busy, "", "busy") }
        _ = fixture.schedules.beat()
        fixture.clock.advance(120_000)
        var waits: [UInt64] = []
        for count in 1...6 {
            _ = fixture.schedules.beat()
            #expect(await eventually { fixture.acting.calls.count == count })
            #expect(await idle())
            let wait = try #require(fixture.schedules.beat())
            waits.append(wait / 60_000)
            fixture.clock.advance(wait)
        }
        #expect(waits == [1, 2, 4, 8, 15, 15])
    }

    @Test func noTokenIsRefreshedAllTheTime() async throws {
        // The upstream says nothing but success, and its tokens are always nearly over.
        _ = try await fixture.credential("a", expires: fixture.clock.now + 1_000)
        _ = fixture.schedules.beat()
        fixture.clock.advance(60_000)
        fixture.acting.script.withLock { script in
            script.then = { [fixture] number in try? fixture.access(of: number, "new", expires: fixture.clock.now + 1_000) }
        }
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.acting.calls.count == 1 })
        #expect(await idle())
        #expect(fixture.schedules.beat() == 60_000)
        fixture.acting.script.withLock { $0.then = nil }
    }

    @Test func whatIsOverdueAtAStartIsSpread() async throws {
        for number in 1...40 { _ = try await fixture.credential("c\(number)", expires: fixture.clock.now + 60_000) }
        fixture.clock.advance(86_400_000)
        try fixture.reopen()
        _ = fixture.schedules.beat()
        #expect(fixture.schedules.outlook.count + fixture.schedules.outlook.running == 40)
        #expect(fixture.schedules.outlook.count > 20)
        let concurrency = try #require(Provider.builtIn.first { $0.name == "oauth2" }).concurrency
        var most = 0
        for _ in 0..<40 where fixture.acting.calls.count < 40 {
            fixture.clock.advance(1_000)
            _ = fixture.schedules.beat()
            most = max(most, fixture.schedules.outlook.running)
            #expect(await idle())
        }
        #expect(fixture.acting.calls.count == 40 && Set(fixture.acting.calls).count == 40)
        #expect(most <= concurrency)
    }

    @Test func aLockedStoreAndAStoppedServiceBeginNothing() async throws {
        _ = try await fixture.credential("a", expires: fixture.clock.now + 60_000)
        fixture.clock.advance(86_400_000)
        fixture.store.lock()
        #expect(fixture.schedules.beat() == nil)
        try fixture.store.unlock(.keyFile(ScheduleFixture.key))
        fixture.schedules.stop()
        fixture.clock.advance(86_400_000)
        _ = fixture.schedules.beat()
        #expect(fixture.acting.calls.isEmpty)
        #expect(fixture.schedules.outlook.count == 1)
    }

    @Test func tenThousandArePlannedAndOnlyWhatChangesIsLookedAtAgain() async throws {
        let now = fixture.clock.now
        for start in stride(from: 1, through: 10_000, by: 500) {
            var mutations: [Mutation] = []
            for number in UInt64(start)..<UInt64(start + 500) {
                let credential = Credential(
                    number: number, tenant: .main, name: try DocumentName("c\(number)".utf8), provider: "oauth2",
                    parameters: ["token_url": "https://upstream.example/token"], created: now, updated: now)
                mutations.append(.putDocument(.credentials, try .number(number), CredentialDocuments.encode(credential), expected: .any))
                for kind in ["access", "refresh"] {
                    let fact = TokenFact(kind: kind, expires: kind == "access" ? now + 3_600_000 + number : 0, obtained: now)
                    mutations.append(.putDocument(
                        .credentialTokens, try .token(number, kind),
                        CredentialDocuments.encode(token: SecretBuffer(Array("t".utf8)), fact), expected: .any))
                }
            }
            try fixture.context.commit(mutations, by: "test")
        }
        fixture.schedules.desk.withLock { $0.needsPlan = true }
        let clock = ContinuousClock()
        let whole = clock.measure { _ = fixture.schedules.beat() }
        #expect(fixture.schedules.outlook.count == 10_000)
        try fixture.access(of: 5_000, "new", expires: now + 600_000)
        let one = clock.measure { _ = fixture.schedules.beat() }
        #expect(fixture.schedules.outlook.next?.credential == 5_000)
        print("10,000 credentials planned in \(whole), one change in \(one)")
    }
}
