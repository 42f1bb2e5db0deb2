import CofferStore
import CofferUpstream
import Testing

@testable import CofferCredentials

/// Pools and refreshes together.
@Suite struct PoolRefreshTests {
    @Test func a401IsAReasonToRefreshOnceAndNoVerdict() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)])
        fixture.credentials.start()
        try fixture.pools.report(lease: try fixture.pick("one").lease, .unauthorized, by: "test")
        #expect(try fixture.state(pool, a.number) == .suspect)
        await transport.until(1)
        // Joins what runs: it ends when that has been saved.
        async let refreshed = fixture.tokens.refresh(a.number, by: "test")
        fixture.clock.advance(1)
        transport.calls[0].answer(.ok(["access": "fresh", "refresh": "next"], expires: ["access": fixture.clock.now + 3_600_000]))
        #expect(try await refreshed.isRenewed)
        // The one request that is let through is refused too: too soon for a verdict, and for another refresh.
        let view = try #require(try fixture.pools.members(of: pool.number).first)
        #expect(view.isHalfOpen && view.state == .suspect)
        try fixture.pools.report(lease: try fixture.pick("one").lease, .unauthorized, by: "test")
        #expect(try fixture.state(pool, a.number) == .suspect)
        fixture.credentials.pools.stop()
        #expect(transport.count == 1)
    }

    @Test func allWhoAskAPoolWithoutALiveTokenWaitForOneRefresh() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let a = try await fixture.member("a", life: 0)
        let b = try await fixture.member("b", life: 0)
        let pool = try await fixture.pool("one", [PoolMember(credential: b.number), PoolMember(credential: a.number)])
        fixture.credentials.start()
        let tokens = try await withThrowingTaskGroup(of: LiveToken.self) { group in
            for _ in 0..<64 { group.addTask { try await fixture.tokens.live(fixture.request("one"), deadline: 0) } }
            await transport.until(1)
            transport.calls[0].answer(.ok(["access": "fresh", "refresh": "next"], expires: ["access": fixture.clock.now + 3_600_000]))
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tokens.count == 64 && tokens.allSatisfy { text($0.value) == "fresh" && $0.credential == b.number && $0.lease.count == 16 })
        #expect(Set(tokens.map(\.lease)).count == 64 && transport.count == 1)
        for token in tokens { #expect(try fixture.pools.report(lease: token.lease, .ok, by: "test").effect == .taken) }
        #expect(try fixture.pools.members(of: pool.number).allSatisfy { $0.inFlight == 0 })
    }

    @Test func whereTheFirstCannotBeRefreshedTheNextIs() async throws {
        let fixture = try CredentialsFixture(
            ScriptedTransport { call in
                call.field("refresh_token") == "r-a" ? .dead() : .ok(["access": "fresh", "refresh": "next"])
            })
        let a = try await fixture.member("a", life: 0)
        let b = try await fixture.member("b", life: 0)
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number), PoolMember(credential: b.number)])
        fixture.credentials.start()
        let token = try await fixture.tokens.live(fixture.request("one"), deadline: 0)
        #expect(token.credential == b.number)
        let first = try #require(try fixture.pools.members(of: pool.number).first)
        #expect(first.inFlight == 0 && !first.takesPart && first.state == .live && first.credentialWord == "dead")
    }

    @Test func whereNobodyCanBeRefreshedItIsSaidWhenSomebodyCan() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport { _ in .limited(45_000) })
        let a = try await fixture.member("a", life: 0)
        _ = try await fixture.pool("one", [PoolMember(credential: a.number)])
        fixture.credentials.start()
        do throws(CredentialError) {
            _ = try await fixture.tokens.live(fixture.request("one"), deadline: fixture.clock.now + 10_000)
            Issue.record("nobody lives")
        } catch {
            #expect(error.code == .noLiveMember && error.retryAfter == 45_000)
        }
    }
}
