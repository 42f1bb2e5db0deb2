import CofferStore
import CofferUpstream
import Synchronization
import Testing

@testable import CofferCredentials

/// Ways of several steps, with the built-in `pandora`: login, session, access, share.
@Suite struct RefreshRouteTests {
    private let token = String(repeating: "a", count: 401)

    private func fixture(_ transport: ScriptedTransport) async throws -> (CredentialsFixture, UInt64) {
        let fixture = try CredentialsFixture(transport)
        var draft = CredentialDraft(tenant: .main, name: try DocumentName("one".utf8), provider: "pandora")
        draft.parameters["base"] = "http://127.0.0.1:9"
        draft.secrets["username"] = buffer("u")
        draft.secrets["password"] = buffer("p")
        draft.tokens["session"] = buffer("eyJhb-0")
        return (fixture, try await fixture.service.create(draft, by: "test").number)
    }

    /// Plays through calls that wait for their turn: the provider wants a second between two.
    private func play(_ fixture: CredentialsFixture, _ task: Task<RefreshReport, any Error>) async throws -> RefreshReport {
        let isDone = Atomic(false)
        let end = Task {
            defer { isDone.store(true, ordering: .releasing) }
            return try await task.value
        }
        while !isDone.load(ordering: .acquiring) {
            if fixture.clock.alarms > 0 { fixture.clock.advance(1_000) }
            await Task.yield()
        }
        return try await end.value
    }

    @Test func liveSessionNeedsNoLogin() async throws {
        let access = token
        let transport = ScriptedTransport { call in
            call.step == "session" ? .ok(["access": access], expires: ["access": 1_800_000_000_000]) : .ok(["share": "fk-1"])
        }
        let (fixture, number) = try await fixture(transport)
        let tokens = fixture.tokens
        let options = RefreshOptions(kinds: ["access", "share"])
        let report = try await play(fixture, Task { try await tokens.refresh(number, options: options, by: "t") })
        #expect(report.isRenewed && transport.steps == ["session", "share"])
        #expect(try fixture.token(number, "share") == "fk-1")
        #expect(try fixture.token(number, "session") == "eyJhb-0")
    }

    @Test func deadSessionFallsBackToTheLogin() async throws {
        let access = token
        let transport = ScriptedTransport { call in
            if call.step == "login" { return .ok(["session": "eyJhb-1"]) }
            return call.body.contains("eyJhb-0") ? .dead("the session is over") : .ok(["access": access])
        }
        let (fixture, number) = try await fixture(transport)
        let tokens = fixture.tokens
        let report = try await play(fixture, Task { try await tokens.refresh(number, by: "t") })
        #expect(report.isRenewed && transport.steps == ["session", "login", "session"])
        #expect(try fixture.token(number, "session") == "eyJhb-1")
        #expect(try fixture.now(number).state.phase == .idle)
    }

    @Test func reloginLogsInAndARefusalLeavesTheRestAlone() async throws {
        let access = token
        let transport = ScriptedTransport { call in call.step == "login" ? .person("the login is not accepted") : .ok(["access": access]) }
        let (fixture, number) = try await fixture(transport)
        let tokens = fixture.tokens
        let report = try await play(fixture, Task { try await tokens.refresh(number, options: RefreshOptions(relogin: true), by: "t") })
        #expect(report.error?.code == .needsPerson && transport.steps == ["login"])
        // The session still lives; only nobody logs in by himself any more.
        #expect(try fixture.now(number).state.phase == .idle && fixture.now(number).state.loginRefused != 0)
        let next = try await play(fixture, Task { try await tokens.refresh(number, by: "t") })
        #expect(next.isRenewed && transport.steps == ["login", "session"])
    }

    @Test func withoutALoginADeadSessionIsDead() async throws {
        let transport = ScriptedTransport { _ in .dead("the session is over") }
        let (fixture, number) = try await fixture(transport)
        var change = CredentialChange()
        change.secrets["password"] = .some(nil)
        _ = try await fixture.service.update(number, change, by: "test")
        let tokens = fixture.tokens
        let report = try await play(fixture, Task { try await tokens.refresh(number, by: "t") })
        #expect(report.error?.code == .dead && transport.count == 1)
        #expect(try fixture.now(number).state.phase == .dead)
    }

    @Test func refusedLoginStopsByItself() async throws {
        let transport = ScriptedTransport { call in call.step == "login" ? .person("wrong password") : .dead("over") }
        let (fixture, number) = try await fixture(transport)
        let tokens = fixture.tokens
        let report = try await play(fixture, Task { try await tokens.refresh(number, by: "t") })
        #expect(report.error?.code == .needsPerson && transport.steps == ["session", "login"])
        #expect(try fixture.now(number).state.phase == .needsPerson)
        #expect(await refusal { _ = try await tokens.refresh(number, by: "t") } == "needsPerson")
        // A new password ends it.
        var change = CredentialChange()
        change.secrets["password"] = buffer("q")
        _ = try await fixture.service.update(number, change, by: "test")
        #expect(try fixture.now(number).state.phase == .idle && fixture.now(number).state.loginRefused == 0)
    }
}
