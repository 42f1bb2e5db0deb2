import CofferAccounts
import CofferStore
import Testing

@testable import CofferCredentials

/// Picking and reporting through the service: credentials change under it, the daemon restarts.
@Suite struct PoolReportTests {
    @Test func reportsDecideAndSurviveARestart() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        var members: [PoolMember] = []
        for name in ["a", "b", "c", "d"] { members.append(PoolMember(credential: try await fixture.member(name).number)) }
        let pool = try await fixture.pool("one", members)
        let verdicts: [UInt64: ReportedVerdict] = [
            1: .limited(retryAfter: 5_000), 2: .paymentRequired(), 3: .serverError, 4: .unauthorized,
        ]
        for _ in 0..<4 {
            let (credential, lease) = try fixture.pick("one")
            let verdict = try #require(verdicts[credential])
            let result = try fixture.pools.report(lease: lease, verdict, by: "test")
            #expect(result.effect == .taken && result.pool == pool.number && result.credential == credential)
            #expect(try fixture.pools.report(lease: lease, .ok, by: "test").effect == .repeated)
        }
        let states: [PoolMemberState] = [.cooling, .exhausted, .cooling, .suspect]
        #expect(try fixture.pools.members(of: pool.number).map(\.state) == states)
        let before = try fixture.pools.members(of: pool.number)
        let refused = #expect(throws: CredentialError.self) { try fixture.pick("one") }
        #expect(refused?.code == .noLiveMember && (5_000...5_500).contains(refused?.retryAfter ?? 0))
        try fixture.reopen()
        #expect(try fixture.pools.members(of: pool.number) == before)
        fixture.clock.advance(5_500)
        #expect([1, 3].contains(try fixture.pick("one").credential))
        try fixture.pools.revive(pool: pool.number, credential: 2, by: "test")
        #expect(try fixture.state(pool, 2) == .live)
        // What is live again is no longer in the store.
        #expect(try fixture.document(.poolStates, "1/2") != nil)
        try fixture.reopen()
        #expect(try fixture.state(pool, 2) == .live)
    }

    @Test func theDeadStayWithTheirReasonUntilSomebodyRevivesThem() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)])
        try fixture.pools.report(lease: try fixture.pick("one").lease, .unauthorized, by: "test")
        try await fixture.renew(a.number)
        fixture.clock.advance(600_000)
        try fixture.pools.report(lease: try fixture.pick("one").lease, .unauthorized, by: "test")
        try fixture.reopen()
        let view = try #require(try fixture.pools.members(of: pool.number).first)
        #expect(view.state == .dead && view.reason.contains("401") && view.verdict == "unauthorized" && view.takesPart)
        // The credential is what it was: a pool kills nobody but its own members.
        #expect(fixture.service.find(a.number)?.state.phase == .idle)
        #expect(await refusal { _ = try fixture.pick("one") } == "noLiveMember:pool")
        try fixture.pools.revive(pool: pool.number, credential: a.number, by: "test")
        #expect(try fixture.pick("one").credential == a.number)
    }

    @Test func whoeverIsDisabledDeletedOrBroughtBackFollows() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let (a, b) = (try await fixture.member("a"), try await fixture.member("b"))
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number), PoolMember(credential: b.number)])
        var change = CredentialChange()
        change.isEnabled = false
        _ = try await fixture.service.update(a.number, change, by: "test")
        for _ in 0..<20 { #expect(try fixture.pick("one").credential == b.number) }
        _ = try await fixture.service.delete([b.number], by: "test")
        #expect(await refusal { _ = try fixture.pick("one") } == "noLiveMember:pool")
        let gone = try #require(try fixture.pools.members(of: pool.number).last)
        #expect(gone.name == nil && !gone.takesPart && gone.credentialWord == "deleted")
        _ = try await fixture.service.undelete(tenant: .main, name: Array("b".utf8), by: "test")
        #expect(try fixture.pick("one").credential == b.number)
        // Others may change while one of the members is deleted.
        _ = try await fixture.service.delete([b.number], by: "test")
        var update = PoolChange()
        update.adding = [PoolMember(credential: a.number, weight: 9)]
        #expect(try await fixture.pools.update(pool.number, update, by: "test").members.map(\.weight) == [9, 1])
    }

    @Test func leasesThatAreUnknownEndedOrNoneChangeNothing() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number)])
        let lease = try fixture.pick("one").lease
        #expect(await refusal { try fixture.pools.report(lease: [], .unauthorized, by: "test") } == "invalidArgument:lease")
        #expect(await refusal { try fixture.pools.report(lease: lease + [0], .unauthorized, by: "test") } == "invalidArgument:lease")
        #expect(await refusal { try fixture.pools.report(lease: lease.reversed(), .unauthorized, by: "test") } == "notFound:lease")
        #expect(await refusal { try fixture.pools.report(lease: lease, .unauthorized, by: "test") { _ in false } } == "denied")
        #expect(await refusal { try fixture.pools.report(pool: 8, credential: 1, .ok, by: "test") } == "notFound:pool")
        #expect(await refusal { try fixture.pools.report(pool: 1, credential: 8, .ok, by: "test") } == "notFound:credential")
        #expect(await refusal { _ = try fixture.pick("two") } == "notFound:pool")
        #expect(await refusal { _ = try fixture.pick("one", sticky: [UInt8](repeating: 1, count: 129)) } == "invalidArgument:sticky")
        fixture.clock.advance(60_000)
        #expect(await refusal { try fixture.pools.report(lease: lease, .unauthorized, by: "test") } == "notFound:lease")
        #expect(try fixture.state(pool, a.number) == .live)
    }

    @Test func aPoolNeverGivesSomebodyElsesTokens() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        for name in ["a", "b"] { try await fixture.member(name) }
        let c = try await fixture.member("c", life: 0)
        _ = try await fixture.pool("empty", [])
        _ = try await fixture.pool("one", [PoolMember(credential: c.number)])
        #expect(await refusal { _ = try fixture.pick("empty") } == "noLiveMember:pool")
        // Its token can be got: it is the one that is asked for.
        #expect(try fixture.pick("one").credential == c.number)
        #expect(await refusal { _ = try fixture.pick("one", excluding: [c.number]) } == "noLiveMember:pool")
    }

    @Test func aLeaseThatIsGivenBackMakesRoom() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        let pool = try await fixture.pool("one", [PoolMember(credential: a.number, inFlightLimit: 1)])
        let lease = try fixture.pick("one").lease
        #expect(try fixture.pools.members(of: pool.number).first?.inFlight == 1)
        #expect(await refusal { _ = try fixture.pick("one") } == "noLiveMember:pool")
        fixture.pools.giveBack(lease: lease, because: CredentialError(.upstream, "", "nobody is there"))
        fixture.pools.giveBack(lease: [1], because: CredentialError(.upstream, "", "nobody is there"))
        #expect(try fixture.pick("one").credential == a.number)
    }

    @Test func aHundredAskersAtOnceKeepTheLimits() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        var members: [PoolMember] = []
        for number in 1...8 {
            members.append(PoolMember(credential: try await fixture.member("c\(number)").number, inFlightLimit: 3))
        }
        let pool = try await fixture.pool("one", members)
        let given = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { (try? fixture.pick("one")) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(given == 24)
        #expect(try fixture.pools.members(of: pool.number).allSatisfy { $0.inFlight == 3 })
    }

    @Test func whatIsLearnedIsWrittenByItselfWhileItRuns() async throws {
        let fixture = try CredentialsFixture.withoutUpstream()
        let a = try await fixture.member("a")
        _ = try await fixture.pool("one", [PoolMember(credential: a.number)])
        fixture.pools.start()
        try fixture.pools.report(lease: try fixture.pick("one").lease, .serverError, by: "test")
        #expect(try fixture.document(.poolStates, "1/1") == nil)
        fixture.clock.advance(1_000)
        fixture.credentials.context.queue.runAndWait {}
        let bytes = try #require(try fixture.document(.poolStates, "1/1"))
        #expect(try PoolDocuments.health(bytes).state == .cooling)
        // The next thing learned is written too.
        try fixture.pools.revive(pool: 1, credential: 1, by: "test")
        fixture.clock.advance(1_000)
        fixture.credentials.context.queue.runAndWait {}
        #expect(try PoolDocuments.health(try #require(try fixture.document(.poolStates, "1/1"))).state == .live)
    }
}
