import CofferStore
import Synchronization
import Testing

@testable import CofferCredentials

@Suite struct ScheduleServiceTests {
    private let fixture: ScheduleFixture
    init() throws { fixture = try ScheduleFixture() }

    // MARK: Records

    @Test func madeShownChangedDeleted() async throws {
        let made = try await fixture.schedule("nightly", .refresh, ScheduleRule("every 3 days at 01:00"))
        #expect(made.number == 1 && made.state.nextRun > fixture.clock.now)
        #expect(fixture.schedules.find(tenant: .main, name: made.name.bytes) == made)
        #expect(fixture.schedules.find(tenant: 9, name: made.name.bytes) == nil)
        var change = ScheduleChange()
        change.rule = try ScheduleRule("every 10 minutes")
        change.count = 3
        let changed = try await fixture.schedules.update(1, change, expected: made.revision, by: "test")
        #expect(changed.count == 3 && changed.state.nextRun == made.created + 600_000 && changed.revision != made.revision)
        #expect(await scheduleRefusal { _ = try await self.fixture.schedules.update(1, change, expected: made.revision, by: "test") } == "conflict")
        try fixture.reopen()
        #expect(fixture.schedules.list() == [changed])
        #expect(try await fixture.schedules.delete([1, 2], by: "test") == 1)
        #expect(fixture.schedules.count == 0)
        #expect(await scheduleRefusal { _ = try await self.fixture.schedules.update(1, change, by: "test") } == "notFound:schedule")
        // Numbers are never given again.
        #expect(try await fixture.schedule("nightly").number == 2)
    }

    @Test func whatIsWrongIsNamedAndChangesNothing() async throws {
        _ = try await fixture.schedule("there")
        func refusal(_ name: String = "new", _ change: @escaping (inout ScheduleDraft) -> Void) async -> String {
            await scheduleRefusal { _ = try await self.fixture.schedule(name, .refresh, .everyMinutes(60), change) }
        }
        #expect(await refusal { $0.rule = .everyDays(0, at: .one) } == "invalidArgument:days")
        #expect(await refusal { $0.rule = .everyDays(367, at: .one) } == "invalidArgument:days")
        #expect(await refusal { $0.rule = .everyMinutes(0) } == "invalidArgument:minutes")
        #expect(await refusal { $0.target = CredentialFilter() } == "invalidArgument:target")
        #expect(await refusal { $0.timeZone = "Mars/Olympus" } == "invalidArgument:time_zone")
        #expect(await refusal { $0.count = .max } == "invalidArgument:count")
        #expect(await refusal { $0.jitter = 86_401 } == "invalidArgument:jitter")
        #expect(await refusal { $0.kinds = ["ACCESS"] } == "invalidArgument:ACCESS")
        #expect(await refusal { $0.prune = .remove } == "invalidArgument:prune")
        #expect(await refusal { $0.action = .job(String(repeating: "x", count: 65)) } == "invalidArgument:action")
        #expect(await refusal { $0.action = .poolRefresh; $0.target = CredentialFilter(tag: "t") } == "invalidArgument:target")
        #expect(await refusal { $0.attributes = ["a": String(repeating: "x", count: 4_097)] } == "invalidArgument:attributes")
        #expect(await refusal("there") { _ in } == "alreadyExists:name")
        #expect(fixture.schedules.count == 1)
        let denied = await scheduleRefusal { _ = try await self.fixture.schedules.delete([1], by: "test", where: { _ in false }) }
        #expect(denied == "denied" && fixture.schedules.count == 1)
        fixture.store.lock()
        #expect(await refusal { _ in } == "locked")
    }

    // MARK: Runs

    @Test func theOldestFirstAndAFailingOneStarvesNobody() async throws {
        for (number, refreshed) in [(1, 30), (2, 10), (3, 20)] as [(UInt64, UInt64)] {
            _ = try await fixture.credential("c\(number)")
            try fixture.state(of: number) { $0.lastRefresh = refreshed }
        }
        _ = try await fixture.schedule("two") { $0.count = 1 }
        fixture.acting.script.withLock { script in
            script.failures[2] = CredentialError(.upstream, "", "down")
            script.then = { [fixture] number in
                if number != 2 { try? fixture.state(of: number) { $0.lastRefresh = fixture.clock.now } }
            }
        }
        for _ in 0..<4 {
            fixture.clock.advance(1_000)
            _ = try await fixture.schedules.run(1, by: "test")
            try fixture.reopen()
        }
        // 2 failed, and had its turn; after the others it is tried again.
        #expect(fixture.acting.calls == ["refresh 2", "refresh 3", "refresh 1", "refresh 2"])
        let state = try #require(fixture.schedules.find(1)).state
        #expect(state.counts == ScheduleCounts(succeeded: 0, failed: 1, skipped: 0))
        #expect(state.result == "0 succeeded, 1 failed, 0 skipped: 1 upstream")
        fixture.acting.script.withLock { $0.then = nil }
    }

    @Test func aRunNeverOverlapsItself() async throws {
        _ = try await fixture.credential("c")
        _ = try await fixture.schedule("s")
        fixture.acting.script.withLock { $0.isHolding = true }
        let first = Task { try await fixture.schedules.run(1, by: "test") }
        #expect(await eventually { fixture.acting.calls.count == 1 })
        #expect(fixture.schedules.find(1)?.state.isRunning == true)
        #expect(await scheduleRefusal { _ = try await self.fixture.schedules.run(1, by: "test") } == "busy:schedule")
        fixture.clock.advance(86_400_000)
        _ = fixture.schedules.beat()
        #expect(fixture.acting.calls.count == 1)
        fixture.acting.release()
        #expect(try await first.value.state.isRunning == false)
    }

    @Test func aBeatBeginsWhatIsDueOnce() async throws {
        _ = try await fixture.credential("c", tags: ["t"])
        _ = try await fixture.schedule("s", .relogin, .everyMinutes(30), target: CredentialFilter(tag: "t"))
        #expect(fixture.schedules.beat() == 1_800_000)
        #expect(fixture.acting.calls.isEmpty)
        fixture.clock.advance(1_800_000)
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.schedules.find(1)?.state.lastEnd != 0 && fixture.schedules.desk.withLock { $0.runs.isEmpty } })
        #expect(fixture.acting.calls == ["relogin 1"])
        #expect(fixture.schedules.beat() == 1_800_000)
        #expect(fixture.acting.calls == ["relogin 1"])
    }

    @Test func missedAndInterruptedRunsHappenOnceAfterARestart() async throws {
        _ = try await fixture.credential("c")
        _ = try await fixture.schedule("s", .refresh, .everyMinutes(60))
        fixture.clock.advance(10 * 86_400_000)
        try fixture.reopen()
        _ = fixture.schedules.beat()
        let now = fixture.clock.now
        #expect(await eventually { (fixture.schedules.find(1)?.state.nextRun ?? 0) > now })
        #expect(fixture.acting.calls.isEmpty)
        fixture.clock.advance(ScheduleState.catchUpSpread + 1_000)
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.schedules.find(1)?.state.lastEnd != 0 && fixture.schedules.desk.withLock { $0.runs.isEmpty } })
        _ = fixture.schedules.beat()
        #expect(fixture.acting.calls == ["refresh 1"])
    }

    @Test func aRunThatTheEndOfTheDaemonInterruptsIsTakenUp() async throws {
        for name in ["a", "b"] { _ = try await fixture.credential(name) }
        _ = try await fixture.schedule("s")
        let began = fixture.clock.now
        fixture.acting.script.withLock { script in
            script.then = { [fixture] number in
                try? fixture.state(of: number) { $0.lastRefresh = began }
                fixture.schedules.stop()
            }
            script.failures[2] = CredentialError(.upstream, "", "down")
        }
        #expect(await scheduleRefusal { _ = try await self.fixture.schedules.run(1, by: "test") } == "failed")
        fixture.acting.script.withLock { $0.then = nil }
        let called = fixture.acting.calls.count
        try fixture.state(of: 2) { $0.lastRefresh = 0 }
        try fixture.reopen()
        #expect(fixture.schedules.find(1)?.state.isRunning == true)
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.schedules.find(1)?.state.isRunning == false })
        #expect(fixture.schedules.find(1)?.state.interrupted == began)
        fixture.clock.advance(ScheduleState.catchUpSpread + 1_000)
        _ = fixture.schedules.beat()
        #expect(await eventually { fixture.schedules.find(1)?.state.lastEnd != 0 && fixture.schedules.desk.withLock { $0.runs.isEmpty } })
        #expect(fixture.acting.calls.dropFirst(called) == ["refresh 2"])
        #expect(fixture.schedules.find(1)?.state.interrupted == 0)
    }

    @Test func aChosenPoolThatIsGoneIsTheRunsFailure() async throws {
        _ = try await fixture.schedule("s", target: CredentialFilter(pool: "gone"))
        let run = try await fixture.schedules.run(1, by: "test")
        #expect(run.state.result == "failed: there is no pool of this name" && run.state.failures == 1)
        _ = try await fixture.schedule("pools", .poolRefresh) { $0.count = 1 }
        for _ in 0..<3 {
            fixture.clock.advance(1_000)
            _ = try await fixture.schedules.run(2, by: "test")
        }
        #expect(fixture.acting.calls == ["pool 7", "pool 8", "pool 7"])
    }

    @Test func jobsOfDoors() async throws {
        struct Job: ScheduleJob {
            let name = "renew"
            func run(_ schedule: Schedule, by principal: String) async throws(CredentialError) -> ScheduleJobReport {
                ScheduleJobReport(counts: ScheduleCounts(succeeded: 2, failed: 1), note: "reloaded")
            }
        }
        fixture.schedules.register(Job())
        _ = try await fixture.schedule("a", .job("renew"))
        _ = try await fixture.schedule("b", .job("other"))
        #expect(try await fixture.schedules.run(1, by: "test").state.result == "2 succeeded, 1 failed, 0 skipped; reloaded")
        #expect(try await fixture.schedules.run(2, by: "test").state.result == "failed: no door of this daemon knows the job 'other'")
    }

    // MARK: Verdicts

    private func dead(_ name: String, confirmed: Bool) async throws -> Credential {
        let credential = try await fixture.credential(name)
        let now = fixture.clock.now
        try fixture.state(of: credential.number) { state in
            state.suspectSince = confirmed ? now - 600_000 : now - 599_999
            state.lastCheck = now
            state.move(to: .dead, at: now, why: "over")
        }
        return credential
    }

    @Test func pruningSaysWhatAndWhy() async throws {
        let confirmed = try await dead("a", confirmed: true)
        let once = try await dead("b", confirmed: false)
        let unknown = try await fixture.credential("c")
        try fixture.state(of: unknown.number) { $0.move(to: .cooling, at: 1, why: "down") }
        let dry = try await fixture.schedules.prune(tenant: .main, filter: .all, action: .remove, dryRun: true, by: "test")
        #expect(dry.map(\.credential) == [confirmed.number, once.number] && dry.map(\.isPruned) == [true, false])
        #expect(fixture.credentials.count == 3)
        let wet = try await fixture.schedules.prune(tenant: .main, filter: .all, action: .remove, dryRun: false, by: "test")
        #expect(wet == dry)
        #expect(fixture.credentials.list().map(\.number) == [once.number, unknown.number])
        #expect(try await fixture.credentials.undelete(tenant: .main, name: confirmed.name.bytes, by: "test").number == confirmed.number)
        let disabled = try await fixture.schedules.prune(tenant: .main, filter: .all, action: .disable, dryRun: false, by: "test")
        #expect(disabled.map(\.isPruned) == [true, false] && fixture.credentials.find(confirmed.number)?.isEnabled == false)
        #expect(await scheduleRefusal {
            _ = try await self.fixture.schedules.prune(tenant: .main, filter: CredentialFilter(), action: .remove, dryRun: false, by: "test")
        } == "invalidArgument:target")
    }

    @Test func aCheckPrunesWhatItConfirmed() async throws {
        let credential = try await fixture.credential("a")
        _ = try await fixture.credential("b")
        _ = try await fixture.schedule("s", .check) { $0.prune = .disable }
        fixture.acting.script.withLock { script in
            script.verdicts = [1: "suspect", 2: "unknown"]
            script.then = { [fixture] number in
                guard number == 1 else { return }
                let now = fixture.clock.now
                try? fixture.state(of: number) { state in
                    if state.suspectSince == 0 { state.suspectSince = now } else { state.move(to: .dead, at: now, why: "over") }
                    state.lastCheck = now
                }
            }
        }
        let first = try await fixture.schedules.run(1, by: "test")
        #expect(first.state.result == "0 succeeded, 2 failed, 0 skipped: 1 suspect, 1 unknown")
        #expect(fixture.credentials.find(1)?.isEnabled == true)
        // Sooner than ten minutes later nobody is asked.
        fixture.clock.advance(599_999)
        #expect(try await fixture.schedules.run(1, by: "test").state.counts.skipped == 2)
        fixture.clock.advance(1)
        fixture.acting.script.withLock { $0.verdicts[1] = "dead" }
        #expect(try await fixture.schedules.run(1, by: "test").state.result.contains("1 disabled"))
        #expect(fixture.credentials.find(credential.number)?.isEnabled == false && fixture.credentials.find(2)?.isEnabled == true)
        fixture.acting.script.withLock { $0.then = nil }
    }
}
