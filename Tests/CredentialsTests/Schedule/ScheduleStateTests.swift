import CofferStore
import Testing

@testable import CofferCredentials

@Suite struct ScheduleStateTests {
    private func schedule(_ rule: String, jitter: UInt32 = 0, zone: String = "UTC") throws -> Schedule {
        Schedule(
            number: 5, tenant: .main, name: try DocumentName("nightly".utf8), action: .refresh, target: .all, rule: try ScheduleRule(rule),
            timeZone: zone, jitter: jitter, created: 0, updated: 0)
    }

    private func failed() -> RunOutcome {
        var outcome = RunOutcome()
        outcome.counts.failed = 1
        return outcome
    }

    @Test func jitterComesOnTopAndIsTheSameEachTime() throws {
        let schedule = try schedule("daily at 02:00", jitter: 600)
        var (first, second) = (ScheduleState(), ScheduleState())
        first.plan(schedule, after: utc("2026-05-10T12:00"))
        second.plan(schedule, after: utc("2026-05-10T13:00"))
        #expect(first == second)
        #expect(first.planned == utc("2026-05-11T02:00"))
        #expect((first.planned..<(first.planned + 600_000)).contains(first.nextRun))
    }

    @Test func jitterOverMidnightIsNoDayMore() throws {
        let schedule = try schedule("every 1 day at 23:59", jitter: 600)
        var state = ScheduleState()
        state.plan(schedule, after: utc("2026-05-10T12:00"))
        #expect(state.planned == utc("2026-05-11T23:59"))
        state.begin(schedule, at: utc("2026-05-12T00:05"))
        #expect(state.planned == utc("2026-05-12T23:59"))
    }

    @Test func aRunThatComesLateCountsFromItself() throws {
        let schedule = try schedule("every 3 days at 01:00")
        var state = ScheduleState()
        state.plan(schedule, after: utc("2026-05-01T12:00"))
        state.begin(schedule, at: utc("2026-05-20T09:00"))
        #expect(state.planned == utc("2026-05-23T01:00"))
    }

    @Test func manyMissedRunsAreOne() throws {
        let schedule = try schedule("daily at 01:00")
        var state = ScheduleState()
        state.plan(schedule, after: utc("2026-05-01T12:00"))
        let now = utc("2026-05-20T09:00")
        let isPutOff1 = state.catchUp(schedule, at: now)
        #expect(isPutOff1)
        #expect((now + 1_000...now + 1_000 + ScheduleState.catchUpSpread).contains(state.nextRun))
        state.begin(schedule, at: state.nextRun)
        state.end(schedule, at: state.lastRun + 5_000, RunOutcome())
        #expect(state.nextRun == utc("2026-05-21T01:00"))
        let isPutOff2 = state.catchUp(schedule, at: now + 600_000)
        #expect(!isPutOff2)
    }

    @Test func missedRunsOfManySchedulesAreSpread() {
        let moments = Set((1...200).map { Spread.of($0, 1_790_000_000_000, within: ScheduleState.catchUpSpread) / 10_000 })
        #expect(moments.count > 20)
    }

    @Test func anInterruptedRunHappensAgain() throws {
        let schedule = try schedule("daily at 01:00")
        var state = ScheduleState()
        state.begin(schedule, at: utc("2026-05-20T01:00"))
        #expect(state.isRunning)
        let isPutOff3 = state.catchUp(schedule, at: utc("2026-05-20T01:10"))
        #expect(isPutOff3)
        #expect(!state.isRunning && state.nextRun < utc("2026-05-20T01:20"))
        #expect(state.result.hasPrefix("interrupted"))
    }

    @Test func runsInWhichNothingSucceedsComeMoreSeldom() throws {
        let schedule = try schedule("every 10 minutes")
        var state = ScheduleState()
        var now = utc("2026-05-20T00:00")
        var waits: [UInt64] = []
        for _ in 0..<7 {
            state.begin(schedule, at: now)
            state.end(schedule, at: now + 1_000, failed())
            waits.append((state.nextRun - now) / 60_000)
            now = state.nextRun
        }
        #expect(waits == [20, 40, 80, 160, 320, 320, 320])
        state.begin(schedule, at: now)
        var outcome = failed()
        outcome.counts.succeeded = 1
        state.end(schedule, at: now + 1_000, outcome)
        #expect(state.nextRun == now + 600_000)
    }

    @Test func aLongRunDoesNotPileUp() throws {
        let schedule = try schedule("every minute")
        var state = ScheduleState()
        state.begin(schedule, at: utc("2026-05-20T00:00"))
        state.end(schedule, at: utc("2026-05-20T00:10"), RunOutcome())
        #expect(state.nextRun == utc("2026-05-20T00:10"))
    }

    @Test func aDisabledOneIsNotPlanned() throws {
        var schedule = try schedule("every minute")
        schedule.isEnabled = false
        var state = ScheduleState()
        state.plan(schedule, after: 1)
        #expect(state.planned == 0 && state.nextRun == 0)
        let isPutOff4 = state.catchUp(schedule, at: 100)
        #expect(!isPutOff4)
    }

    @Test func documentsAreReadAsTheyWereWritten() throws {
        var schedule = try schedule("every 3 days at 01:30", jitter: 9, zone: "Europe/Berlin")
        schedule.target = CredentialFilter(pattern: "a*", tag: "t", provider: "oauth2", pool: "p", attributes: ["tokenstool.pool": "1"])
        schedule.kinds = ["access", "share"]
        schedule.action = .check
        schedule.prune = .sink(try DocumentName("told".utf8))
        schedule.attributes = ["a": "b"]
        var state = ScheduleState()
        state.begin(schedule, at: utc("2026-05-20T00:00"))
        state.turns = [4: 5, 6: 7]
        state.result = "something"
        #expect(try Schedule.read(schedule.encoded, revision: 0) == schedule)
        #expect(try Schedule.readState(state.encoded) == state)
        state.turns = Dictionary(uniqueKeysWithValues: (1...5_000).map { (UInt64($0), UInt64($0)) })
        let read = try Schedule.readState(state.encoded)
        #expect(read.turns.count == ScheduleState.maximumTurns && read.turns[5_000] == 5_000 && read.turns[1] == nil)
    }
}
