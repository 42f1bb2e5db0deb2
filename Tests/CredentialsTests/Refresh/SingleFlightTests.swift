import CofferStore
import CofferUpstream
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct SingleFlightTests {
    @Test func hundredExpiriesWithSixtyFourAskersAreHundredDials() async throws {
        let clock = ManualClock()
        let upstream = RotatingUpstream(clock)
        let transport = ScriptedTransport { upstream.answer($0) }
        let fixture = try CredentialsFixture(transport, clock: clock)
        let number = try await fixture.credential().number
        for round in 1...100 {
            let tokens = fixture.tokens
            let answers = await withTaskGroup(of: String.self) { group in
                for _ in 0..<64 {
                    group.addTask { text((try? await tokens.live(request(), deadline: 0))?.value) ?? "none" }
                }
                var answers: [String] = []
                for await answer in group { answers.append(answer) }
                return answers
            }
            #expect(answers == Array(repeating: "access-\(round)", count: 64))
            clock.advance(3_600_001)
        }
        #expect(upstream.seen.dials == 100)
        #expect(!upstream.seen.isDead)
        #expect(try fixture.token(number, "refresh") == "refresh-100")
        #expect(text(try fixture.service.secret(number, "previous_refresh")) == "refresh-99")
        #expect(try fixture.journal(number) == nil)
        #expect(fixture.tokens.counters().renewed == 100)
        #expect(fixture.tokens.counters().waiting == 0 && fixture.tokens.counters().running == 0)
    }

    @Test func whoWaitsNoLongerStopsNothing() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let (tokens, clock) = (fixture.tokens, fixture.clock)
        let patient = Task { text((try? await tokens.live(request(), deadline: 0))?.value) }
        await transport.until(1)
        let hasty = Task { await refusal { _ = try await tokens.live(request(), deadline: clock.now + 1_000) } }
        let cancelled = Task { await refusal { _ = try await tokens.live(request(), deadline: clock.now + 1_000) } }
        cancelled.cancel()
        await clock.until(2)
        clock.advance(1_000)
        #expect(await hasty.value == "timedOut")
        #expect(await cancelled.value == "timedOut")
        transport.calls[0].answer(.ok(["access": "a", "refresh": "r"], expires: ["access": clock.now + 60_000]))
        #expect(await patient.value == "a")
        #expect(transport.count == 1)
        #expect(try fixture.token(number, "refresh") == "r")
        #expect(clock.alarms == 0)
    }

    @Test func deadlineThatHasPassedAsksNobody() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        _ = try await fixture.credential()
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 1) } == "timedOut")
        #expect(transport.count == 0)
    }

    @Test func concurrentForcedCallsJoinAndALaterOneDialsAgain() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let tokens = fixture.tokens
        let first = Task { try await tokens.refresh(number, by: "uid:1") }
        await transport.until(1)
        let second = Task { try await tokens.refresh(number, by: "uid:2") }
        while fixture.tokens.counters().waiting < 2 { await Task.yield() }
        transport.calls[0].answer(.ok(["access": "a1", "refresh": "r1"], expires: ["access": fixture.clock.now + 60_000]))
        #expect(try await first.value.isRenewed)
        #expect(try await second.value.isRenewed)
        #expect(transport.count == 1)
        let third = Task { try await tokens.refresh(number, by: "uid:1") }
        await transport.until(2)
        #expect(transport.calls[1].field("refresh_token") == "r1")
        transport.calls[1].answer(.ok(["access": "a2", "refresh": "r2"], expires: ["access": fixture.clock.now + 60_000]))
        #expect(try await third.value.isRenewed)
        #expect(try fixture.token(number, "access") == "a2")
        let idle = try await tokens.refresh(number, options: RefreshOptions(onlyIfDue: true), by: "coffer")
        #expect(!idle.dialled && idle.isRenewed)
        #expect(transport.count == 2)
    }

    @Test func dueTokenIsHandedOutAndRenewedBehindIt() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        // The lead of oauth2 is 300 seconds.
        let number = try await fixture.credential(access: "old", expires: fixture.clock.now + 3_600_000).number
        let tokens = fixture.tokens
        #expect(text(try await tokens.live(request(), deadline: 0).value) == "old")
        #expect(transport.count == 0)
        fixture.clock.advance(3_400_000)
        for _ in 0..<10 { #expect(text(try await tokens.live(request(), deadline: 0).value) == "old") }
        await transport.until(1)
        #expect(text(tokens.present(request(), now: fixture.clock.now)?.value) == "old")
        transport.calls[0].answer(.ok(["access": "new", "refresh": "r"], expires: ["access": fixture.clock.now + 3_600_000]))
        while try fixture.now(number).state.phase != .idle { await Task.yield() }
        #expect(text(try await tokens.live(request(), deadline: 0).value) == "new")
        #expect(transport.count == 1)
    }

    @Test func moreTimeThanTokensEverHaveIsRefused() async throws {
        let clock = ManualClock()
        let upstream = RotatingUpstream(clock, lifetime: 60_000)
        let transport = ScriptedTransport { upstream.answer($0) }
        let fixture = try CredentialsFixture(transport, clock: clock)
        _ = try await fixture.credential()
        _ = try await fixture.tokens.live(request(), deadline: 0)
        #expect(await refusal { _ = try await fixture.tokens.live(request(left: 60_000), deadline: 0) } == "invalidArgument:minimum_left")
        #expect(transport.count == 1)
    }

    @Test func tooManyWaitersAreRefused() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport) { $0.waiterLimit = 2 }
        _ = try await fixture.credential()
        let tokens = fixture.tokens
        let waiting = (0..<2).map { _ in Task { try await tokens.live(request(), deadline: 0) } }
        while tokens.counters().waiting < 2 { await Task.yield() }
        #expect(await refusal { _ = try await tokens.live(request(), deadline: 0) } == "busy")
        await transport.until(1)
        transport.calls[0].answer(.ok(["access": "a"], expires: ["access": fixture.clock.now + 60_000]))
        for task in waiting { #expect(text(try await task.value.value) == "a") }
    }
}
