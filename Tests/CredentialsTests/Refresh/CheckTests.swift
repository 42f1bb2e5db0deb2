import CofferStore
import CofferUpstream
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct CheckTests {
    private let source = """
        provider: checked
        title: for tests
        steps:
          - name: alive
            purpose: check
            method: GET
            url: "http://127.0.0.1:9/alive"
            headers: { Authorization: "Bearer {access}" }
            answer: any
          - name: facts
            purpose: info
            method: GET
            url: "http://127.0.0.1:9/facts"
            headers: { Authorization: "Bearer {access}" }
            take: { mail: /mail }
          - name: refresh
            purpose: refresh
            consumes: refresh
            replay: never
            method: POST
            url: "http://127.0.0.1:9/token"
            form: { refresh_token: "{refresh}" }
            take: { access: /access_token }
        """

    private func fixture(
        _ script: @escaping @Sendable (ScriptedTransport.Call) -> StepResult?
    ) async throws -> (CredentialsFixture, ScriptedTransport) {
        let transport = ScriptedTransport(script)
        let fixture = try CredentialsFixture(transport)
        _ = try await fixture.credentials.providers.apply(source, dryRun: false, by: "test")
        var draft = CredentialDraft(tenant: .main, name: try DocumentName("one".utf8), provider: "checked")
        draft.tokens["access"] = buffer("access-0")
        draft.tokens["refresh"] = buffer("refresh-0")
        _ = try await fixture.service.create(draft, by: "test")
        return (fixture, transport)
    }

    @Test func twoVerdictsTenMinutesApart() async throws {
        let answer = Mutex(StepResult.dead("401"))
        let (fixture, _) = try await fixture { _ in answer.withLock { $0 } }
        let (tokens, clock) = (fixture.tokens, fixture.clock)
        #expect(try await tokens.check(1, by: "t").verdict == .suspect)
        clock.advance(599_999)
        #expect(try await tokens.check(1, by: "t").verdict == .suspect)
        #expect(try fixture.now(1).state.phase == .idle)
        #expect(fixture.tokens.present(request(), now: clock.now) != nil)
        clock.advance(1)
        let report = try await tokens.check(1, by: "t")
        #expect(report.verdict == .dead && report.credential.state.phase == .dead && report.credential.isEnabled)
        // It lives after all.
        answer.withLock { $0 = .ok([:]) }
        #expect(try await tokens.check(1, by: "t").verdict == .live)
        #expect(try fixture.now(1).state.phase == .idle && fixture.now(1).state.suspectSince == 0)
    }

    @Test func unknownIsNoVerdictAndLiveClears() async throws {
        let answers = Mutex<[StepResult]>([.dead(), .down(), .limited(), .person(), .ok([:]), .dead(), .down(status: 500)])
        let (fixture, _) = try await fixture { _ in answers.withLock { $0.removeFirst() } }
        var verdicts: [CheckReport.Verdict] = []
        for _ in 0..<7 {
            verdicts.append(try await fixture.tokens.check(1, by: "t").verdict)
            fixture.clock.advance(600_000)
        }
        #expect(verdicts == [.suspect, .unknown, .unknown, .unknown, .live, .suspect, .unknown])
        #expect(try fixture.now(1).state.phase == .idle)
    }

    @Test func verdictOnAnOldTokenSaysNothing() async throws {
        let (fixture, transport) = try await fixture { _ in nil }
        let tokens = fixture.tokens
        let check = Task { try await tokens.check(1, by: "t") }
        await transport.until(1)
        var change = CredentialChange()
        change.tokens["access"] = buffer("access-1")
        _ = try await fixture.service.update(1, change, by: "test")
        transport.calls[0].answer(.dead())
        #expect(try await check.value.verdict == .unknown)
        #expect(try fixture.now(1).state.suspectSince == 0)
    }

    @Test func stepsByName() async throws {
        let (fixture, transport) = try await fixture { _ in .ok(["mail": "a@b"]) }
        let result = try await fixture.tokens.perform(1, step: "facts", by: "t")
        #expect(text(result.values["mail"]) == "a@b")
        #expect(await refusal { _ = try await fixture.tokens.perform(1, step: "refresh", by: "t") } == "invalidArgument:step")
        #expect(await refusal { _ = try await fixture.tokens.perform(1, step: "none", by: "t") } == "invalidArgument:step")
        #expect(await refusal { _ = try await fixture.tokens.perform(9, step: "facts", by: "t") } == "notFound:credential")
        #expect(transport.steps == ["facts"])
    }

    @Test func nothingToCheckWith() async throws {
        let (fixture, transport) = try await fixture { _ in .ok([:]) }
        var change = CredentialChange()
        change.tokens["access"] = .some(nil)
        _ = try await fixture.service.update(1, change, by: "test")
        #expect(await refusal { _ = try await fixture.tokens.check(1, by: "t") } == "invalidArgument:provider")
        #expect(transport.count == 0)
    }

    /// A pool's token is the pool's: the member that asked for it neither keeps it nor dies with it.
    @Test func aPoolsTokenIsNoMembers() async throws {
        let verdict = Mutex(StepResult.ok(["pool": "pk-1"]))
        let (fixture, transport) = try await fixture { _ in verdict.withLock { $0 } }
        let source = """
            provider: pooled
            title: for tests
            steps:
              - name: pool
                purpose: pool
                replay: safe
                method: POST
                url: "http://127.0.0.1:9/pool"
                take: { pool: /pool }
              - name: pool-check
                purpose: check
                consumes: pool
                replay: safe
                method: POST
                url: "http://127.0.0.1:9/check"
                headers: { Authorization: "Bearer {pool}" }
                answer: any
            """
        let credentials = fixture.credentials
        _ = try await credentials.providers.apply(source, dryRun: false, by: "test")
        var draft = CredentialDraft(tenant: .main, name: try DocumentName("two".utf8), provider: "pooled")
        draft.tokens["share"] = buffer("share-0")
        let member = try await fixture.service.create(draft, by: "test").number
        var pool = PoolDraft(tenant: .main, name: try DocumentName("p".utf8))
        pool.provider = "pooled"
        pool.members = [PoolMember(credential: member)]
        let number = try await credentials.pools.create(pool, by: "test").number
        #expect(try await credentials.checkPool(number, by: "t") == nil)
        _ = try await credentials.renewPool(number, keeps: false, by: "t")
        #expect(text(try credentials.pools.ownToken(number)) == "pk-1")
        #expect(try fixture.now(member).tokens.map(\.kind) == ["share"])
        #expect(await refusal { _ = try await fixture.tokens.check(member, by: "t") } == "invalidArgument:provider")

        #expect(try await credentials.checkPool(number, by: "t")?.verdict == .live)
        verdict.withLock { $0 = .down() }
        #expect(try await credentials.checkPool(number, by: "t")?.verdict == .unknown)
        #expect(try credentials.pools.ownView(of: number)?.state == .live)
        verdict.withLock { $0 = .dead() }
        #expect(try await credentials.checkPool(number, by: "t")?.verdict == .dead)
        #expect(try credentials.pools.ownView(of: number)?.state == .suspect)
        #expect(try fixture.now(member).state.suspectSince == 0)
        // Its upstream takes it again: the next request will tell.
        verdict.withLock { $0 = .ok([:]) }
        _ = try await credentials.checkPool(number, by: "t")
        #expect(try credentials.pools.ownView(of: number)?.isHalfOpen == true)
        #expect(transport.steps == ["pool", "pool-check", "pool-check", "pool-check", "pool-check"])
        #expect(await refusal { _ = try await credentials.checkPool(number, by: "t", where: { _ in false }) } == "denied")
    }
}
