import CofferStore
import CofferUpstream
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct OutcomeTests {
    @Test func answerThatCannotBeReadIsKeptAndNotDialledAgain() async throws {
        let transport = ScriptedTransport { _ in .down(status: 200, body: "<html>refresh-1</html>") }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential(access: "old", expires: fixture.clock.now + 10_000).number
        let report = try await fixture.tokens.refresh(number, by: "uid:1")
        #expect(report.error?.code == .needsPerson)
        #expect(try fixture.now(number).state.phase == .needsPerson)
        #expect(text(try fixture.service.secret(number, "unread_answer")) == "<html>refresh-1</html>")
        #expect(try fixture.now(number).secretNames.contains("unread_answer"))
        #expect(try fixture.token(number, "refresh") == "refresh-0")
        // The old access token is served while it lives, and nobody dials.
        #expect(text(try await fixture.tokens.live(request(), deadline: 0).value) == "old")
        fixture.clock.advance(10_001)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(await refusal { _ = try await fixture.tokens.refresh(number, by: "uid:1") } == "needsPerson")
        #expect(transport.count == 1)
    }

    @Test func rotatedTokenInAnIncompleteAnswerIsSaved() async throws {
        let transport = ScriptedTransport { call in
            call.field("refresh_token") == "refresh-0"
                ? .down(status: 200, body: "{}", values: ["refresh": "refresh-1"])
                : .ok(["access": "a", "refresh": "refresh-2"], expires: [:])
        }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "upstream")
        #expect(try fixture.token(number, "refresh") == "refresh-1")
        #expect(text(try fixture.service.secret(number, "previous_refresh")) == "refresh-0")
        #expect(try fixture.now(number).state.phase == .cooling)
        fixture.clock.advance(5_000)
        #expect(text(try await fixture.tokens.live(request(), deadline: 0).value) == "a")
    }

    @Test func answerWithoutRefreshTokenKeepsTheOldOne() async throws {
        let transport = ScriptedTransport { _ in .ok(["access": "a"], expires: ["access": 1_800_000_000_000]) }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        #expect(try await fixture.tokens.refresh(number, by: "uid:1").isRenewed)
        #expect(try fixture.token(number, "refresh") == "refresh-0")
        #expect(try fixture.service.secret(number, "previous_refresh") == nil)
    }

    @Test(arguments: ["rotating", "static"]) func networkFailureIsNoVerdict(_ rotation: String) async throws {
        let transport = ScriptedTransport { _ in .down(sent: rotation == "static") }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential(rotation: rotation).number
        for failures in 1...12 {
            #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "upstream")
            let state = try fixture.now(number).state
            #expect(state.phase == .cooling && state.failures == UInt16(failures))
            let pause = min(UInt64(5_000) << UInt64(failures - 1), 900_000)
            #expect(state.until == fixture.clock.now + pause)
            // Within the pause nothing is dialled.
            #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "upstream")
            #expect(transport.count == failures)
            fixture.clock.advance(pause)
        }
    }

    @Test func lostAnswerOfASingleUseTokenNeedsAPerson() async throws {
        let transport = ScriptedTransport { _ in .down() }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        fixture.clock.advance(86_400_000)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(transport.count == 1)
        // A person takes the risk.
        _ = try await fixture.tokens.refresh(number, options: RefreshOptions(again: true), by: "uid:0")
        #expect(transport.count == 2)
        // Or gives another token.
        var change = CredentialChange()
        change.tokens["refresh"] = buffer("refresh-9")
        _ = try await fixture.service.update(number, change, by: "uid:0")
        #expect(try fixture.now(number).state.phase == .idle)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(transport.calls[2].field("refresh_token") == "refresh-9")
    }

    @Test func limitedWaitsAsAskedAndTheDeadlineDecides() async throws {
        let transport = ScriptedTransport { _ in .limited(30_000) }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let (tokens, clock) = (fixture.tokens, fixture.clock)
        #expect(await refusal { _ = try await tokens.live(request(), deadline: 0) } == "limited")
        #expect(try fixture.now(number).state.until == clock.now + 30_000)
        let early = Task { await refusal { _ = try await tokens.live(request(), deadline: clock.now + 29_000) } }
        #expect(await early.value == "limited")
        #expect(transport.count == 1)
        let late = Task { await refusal { _ = try await tokens.live(request(), deadline: clock.now + 31_000) } }
        await clock.until(1)
        clock.advance(30_000)
        #expect(await late.value == "limited")
        #expect(transport.count == 2)
        _ = try await tokens.refresh(number, options: RefreshOptions(hastens: true), by: "uid:0")
        #expect(transport.count == 3)
    }

    /// Whoever waits in vain is told what it failed of, not that too short a token was got.
    @Test func waitingInVainEndsWithTheReason() async throws {
        let transport = ScriptedTransport { _ in .down(sent: false) }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let (tokens, clock) = (fixture.tokens, fixture.clock)
        let isDone = Atomic(false)
        let asker = Task { () -> CredentialError? in
            defer { isDone.store(true, ordering: .releasing) }
            do throws(CredentialError) {
                _ = try await tokens.live(request(), deadline: clock.now + 3_600_000)
                return nil
            } catch { return error }
        }
        for _ in 0..<2_000 where !isDone.load(ordering: .acquiring) {
            try await Task.sleep(for: .milliseconds(5))
            if try fixture.now(number).state.phase == .cooling, clock.alarms > 0 { clock.advance(60_000) }
        }
        let error = await asker.value
        #expect(error?.code == .upstream && error?.message == "no answer" && (error?.retryAfter ?? 0) > 0)
        #expect(transport.count > 1)
    }

    @Test func requestThatCannotBeMadeIsToldAtOnce() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        _ = try await fixture.credential { $0.secrets["proxy"] = buffer("http://169.254.169.254:80") }
        let deadline = fixture.clock.now + 30_000
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: deadline) } == "upstream:oauth2.refresh.proxy")
        #expect(transport.count == 0)
        // What is changed of it counts at once.
        var change = CredentialChange()
        change.secrets["proxy"] = SecretBuffer?.none
        #expect(try await fixture.service.update(1, change, by: "t").state.phase == .idle)
    }

    @Test func whatIsMissingIsNamed() async throws {
        let fixture = try CredentialsFixture(ScriptedTransport())
        _ = try await fixture.credential { $0.parameters = [:] }
        do throws(CredentialError) {
            _ = try await fixture.tokens.live(request(), deadline: 0)
            Issue.record("a token without a place to get it")
        } catch {
            #expect(error.code == .needsPerson && error.message.hasSuffix("token_url is missing"))
        }
    }

    /// A wrong client id is put right by another one; a token that may be used up is not presented again because of that.
    @Test(arguments: [true, false]) func otherSettingsEndWhatTheyCanEnd(_ isUnused: Bool) async throws {
        let transport = ScriptedTransport { call in
            call.field("client_id") == "right"
                ? .ok(["access": "a"]) : StepResult(verdict: .needsPerson, reason: "client", wasSent: true, isUnused: isUnused)
        }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential { $0.clientID = "wrong" }.number
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        var memo = CredentialChange()
        memo.memo = "nothing about the request"
        #expect(try await fixture.service.update(number, memo, by: "t").state.phase == .needsPerson)
        var change = CredentialChange()
        change.clientID = "right"
        #expect(try await fixture.service.update(number, change, by: "t").state.phase == (isUnused ? .idle : .needsPerson))
        let refused = await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) }
        #expect(refused == (isUnused ? "" : "needsPerson") && transport.count == (isUnused ? 2 : 1))
    }

    /// Taken for a success, each would be dialled again at once: what was wanted is not there yet.
    @Test(arguments: [0, 262_145]) func okWithoutAUsableTokenIsDialledOnce(_ length: Int) async throws {
        let transport = ScriptedTransport { _ in
            var result = StepResult.ok(length > 0 ? ["access": String(repeating: "a", count: length)] : [:])
            result.body = buffer("the answer")
            return result
        }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential(access: "old", expires: fixture.clock.now + 1_000).number
        #expect(try await fixture.tokens.refresh(number, by: "uid:1").error?.code == .needsPerson)
        #expect(transport.count == 1)
        #expect(text(try fixture.service.secret(number, "unread_answer")) == "the answer")
        #expect(try fixture.token(number, "access") == "old" && fixture.token(number, "refresh") == "refresh-0")
    }

    /// A provider may say that being asked to wait has used the token up all the same.
    @Test func limitedThatUsesTheTokenUpIsDialledOnce() async throws {
        let transport = ScriptedTransport { _ in
            StepResult(verdict: .limited(retryAfter: 1_000), reason: "later", wasSent: true, isUnused: false, status: 429)
        }
        let fixture = try CredentialsFixture(transport)
        _ = try await fixture.credential()
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(transport.count == 1)
    }

    @Test func deadStaysWithItsReasonAndDisablesNothing() async throws {
        let transport = ScriptedTransport { _ in .dead("revoked") }
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential(access: "old", expires: fixture.clock.now + 3_600_000).number
        let report = try await fixture.tokens.refresh(number, by: "uid:1")
        #expect(report.error?.code == .dead)
        let credential = try fixture.now(number)
        #expect(credential.state.phase == .dead && credential.state.reason == "revoked" && credential.isEnabled)
        #expect(fixture.tokens.present(request(), now: fixture.clock.now) == nil)
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "dead")
        #expect(try fixture.token(number, "access") == "old")
        #expect(transport.count == 1)
    }

    @Test func personActsWhileItIsDialled() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let tokens = fixture.tokens
        let asker = Task { try await tokens.live(request(), deadline: 0) }
        await transport.until(1)
        var change = CredentialChange()
        change.tokens["refresh"] = buffer("mine")
        #expect(await refusal { _ = try await fixture.service.update(number, change, by: "uid:0") } == "busy")
        // Settings may change, it may be disabled and deleted: the answer is saved all the same.
        var memo = CredentialChange()
        memo.memo = "note"
        memo.isEnabled = false
        _ = try await fixture.service.update(number, memo, by: "uid:0")
        #expect(try await fixture.service.delete([number], by: "uid:0") == 1)
        transport.calls[0].answer(.ok(["access": "a", "refresh": "refresh-1"], expires: ["access": fixture.clock.now + 60_000]))
        _ = try? await asker.value
        _ = try await fixture.service.undelete(tenant: .main, name: Array("one".utf8), by: "uid:0")
        #expect(try fixture.token(number, "refresh") == "refresh-1")
        #expect(try fixture.now(number).memo == "note")
        #expect(try fixture.now(number).state.phase == .idle)
        #expect(await refusal { _ = try await tokens.live(request(), deadline: 0) } == "denied:enabled")
    }

    @Test func answerThatCannotBeSavedIsKeptAndSavedLater() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential().number
        let tokens = fixture.tokens
        let asker = Task { try await tokens.live(request(), deadline: 0) }
        await transport.until(1)
        fixture.lock()
        transport.calls[0].answer(.ok(["access": "a", "refresh": "refresh-1"], expires: ["access": fixture.clock.now + 60_000]))
        for _ in 0..<5 {
            await fixture.clock.until(1)
            #expect(tokens.counters().unsaved == 1)
            fixture.clock.advance(1_600)
        }
        await fixture.clock.until(1)
        try fixture.unlock()
        #expect(try fixture.now(number).state.phase == .dialled)
        // Nobody dials meanwhile.
        let joined = Task { try await tokens.live(request(), deadline: 0) }
        while tokens.counters().waiting < 2 { await Task.yield() }
        fixture.clock.advance(30_000)
        #expect(text(try await asker.value.value) == "a")
        #expect(text(try await joined.value.value) == "a")
        #expect(transport.count == 1)
        #expect(try fixture.token(number, "refresh") == "refresh-1")
        #expect(tokens.counters().unsaved == 0)
    }

    @Test func requestThatCannotBeMadeSendsNothing() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential { $0.secrets["proxy"] = buffer("http://169.254.169.254") }.number
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) }.hasPrefix("upstream"))
        #expect(transport.count == 0)
        #expect(try fixture.now(number).state.phase == .cooling)
        #expect(try fixture.journal(number) == nil)
    }

    @Test func nothingLeadsToAToken() async throws {
        let transport = ScriptedTransport()
        let fixture = try CredentialsFixture(transport)
        let number = try await fixture.credential { $0.tokens = [:] }.number
        #expect(await refusal { _ = try await fixture.tokens.live(request(), deadline: 0) } == "needsPerson")
        #expect(await refusal { _ = try await fixture.tokens.live(request("other"), deadline: 0) } == "notFound:name")
        #expect(try fixture.now(number).state.phase == .idle)
        #expect(transport.count == 0)
    }
}
