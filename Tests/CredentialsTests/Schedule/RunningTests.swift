import CofferStore
import Foundation
import Testing

@testable import CofferCredentials

/// The timers, the issuer and a sink together, as the daemon runs them.
@Suite struct RunningTests {
    @Test func aTokenIsReplacedBeforeItExpiresAndTheFileFollows() async throws {
        let clock = ManualClock()
        let upstream = RotatingUpstream(clock)
        let fixture = try CredentialsFixture(ScriptedTransport { upstream.answer($0) }, clock: clock)
        let start = clock.now
        let credential = try await fixture.credential(access: "access-0", expires: start + 3_600_000)
        let template = SinkTemplate(encoding: .env, element: "{variable}={token:access}\n")
        let draft = SinkDraft(
            tenant: .main, name: try DocumentName("file".utf8), content: .template(template), path: fixture.path + "/tokens.env")
        _ = try await fixture.credentials.sinks.create(draft, by: "test")
        fixture.credentials.start()

        var file: String { (try? String(contentsOfFile: draft.path, encoding: .utf8)) ?? "" }
        #expect(await eventually { clock.advance(100); return file == "ONE=\"access-0\"\n" })
        let due = try #require(fixture.credentials.schedules.nextRefresh(of: credential.number).due)
        #expect(due > clock.now && due < start + 3_600_000 && upstream.seen.dials == 0)

        clock.advance(due - clock.now)
        // A change is what makes the timers look at a clock that was moved by hand.
        var change = CredentialChange()
        change.memo = "looked at"
        _ = try await fixture.service.update(credential.number, change, by: "test")
        #expect(await eventually { clock.advance(100); return file == "ONE=\"access-1\"\n" })
        #expect(upstream.seen.dials == 1 && !upstream.seen.isDead)
        #expect(try fixture.now(credential.number).state.phase == .idle)
        #expect((fixture.credentials.schedules.nextRefresh(of: credential.number).due ?? 0) > due)
    }

    @Test func aScheduleRunsThroughTheIssuer() async throws {
        let clock = ManualClock()
        let upstream = RotatingUpstream(clock)
        let fixture = try CredentialsFixture(ScriptedTransport { upstream.answer($0) }, clock: clock)
        _ = try await fixture.credential(access: "access-0", expires: clock.now + 3_600_000)
        fixture.credentials.start()
        let rule = try ScheduleRule("daily at 02:00")
        let draft = ScheduleDraft(tenant: .main, name: try DocumentName("nightly".utf8), action: .refresh, target: .all, rule: rule)
        let schedule = try await fixture.credentials.schedules.create(draft, by: "test")
        let run = try await fixture.credentials.schedules.run(schedule.number, by: "test")
        #expect(run.state.result == "1 succeeded, 0 failed, 0 skipped" && upstream.seen.dials == 1)
        // The provider has no check: that is a failure of the run, and no verdict.
        var check = ScheduleDraft(tenant: .main, name: try DocumentName("check".utf8), action: .check, target: .all, rule: rule)
        check.prune = .remove
        let second = try await fixture.credentials.schedules.create(check, by: "test")
        #expect(try await fixture.credentials.schedules.run(second.number, by: "test").state.counts.failed == 1)
        #expect(fixture.service.count == 1)
    }
}
