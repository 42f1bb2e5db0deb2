import CofferCredentials
import CofferWire
import Testing

@testable import CofferDaemon

/// When scheduled backups are taken, and which ones go.
@Suite struct BackupTimingTests {
    private let hour: UInt64 = 3_600_000
    /// 2026-01-01T00:00:00Z.
    private let day: UInt64 = 1_767_225_600_000

    private func timing(_ rule: BackupConfiguration.Rule, zone: String = "UTC") throws -> BackupTiming {
        var configuration = BackupConfiguration()
        configuration.rule = rule
        configuration.timeZone = zone
        return try BackupTiming(configuration)
    }

    @Test func theFirstOneIsDueAtOnce() throws {
        let timing = try timing(.every(24 * hour))
        #expect(timing.due(BackupHistory(since: day), now: day + 5) == day + 5)
    }

    @Test func fromOneToTheNext() throws {
        let timing = try timing(.every(6 * hour))
        let history = BackupHistory(since: day, taken: day + hour)
        #expect(timing.due(history, now: day + 2 * hour) == day + 7 * hour)
        // One that was missed is due: its time has passed.
        #expect(timing.due(history, now: day + 50 * hour) == day + 7 * hour)
    }

    @Test func eachDayOnTheClockOnTheWall() throws {
        let timing = try timing(.daily(at: try TimeOfDay("02:30")), zone: "Europe/Berlin")
        let history = BackupHistory(since: day, taken: day)
        // 02:30 in Berlin is 01:30 in UTC, in winter.
        #expect(timing.due(history, now: day + 1) == day + hour + hour / 2)
        let taken = BackupHistory(since: day, taken: day + hour + hour / 2)
        #expect(timing.due(taken, now: day + 2 * hour) == day + 25 * hour + hour / 2)
    }

    @Test func aClockThatWasPutBackStopsNothing() throws {
        let timing = try timing(.every(hour))
        let history = BackupHistory(since: day, taken: day + 1_000 * hour)
        // How long ago that was nobody knows: at once, and not again and again an interval from now.
        #expect(timing.due(history, now: day) == day)
        let failed = BackupHistory(since: day, taken: day, failed: day + 1_000 * hour, failures: 1)
        #expect(timing.due(failed, now: day) == day)
        // Seconds are no matter.
        #expect(timing.due(BackupHistory(since: day, taken: day + 5_000), now: day) == day + hour)
    }

    @Test(arguments: [(1, 60_000), (2, 120_000), (3, 240_000), (6, 1_920_000), (7, 3_600_000), (60, 3_600_000)])
    func afterFailuresWithGrowingPauses(_ failures: UInt32, _ pause: UInt64) throws {
        let timing = try timing(.every(24 * hour))
        let history = BackupHistory(since: day, taken: day, failed: day + hour, failures: failures)
        #expect(timing.due(history, now: day + hour) == day + hour + pause)
    }

    @Test func neverLaterThanTheNextOneWouldBe() throws {
        let timing = try timing(.every(5_000))
        let history = BackupHistory(since: day, taken: day, failed: day + 100, failures: 9)
        #expect(timing.due(history, now: day + 100) == day + 5_100)
    }

    @Test func overdueBehindTwiceTheInterval() throws {
        let timing = try timing(.every(hour))
        // Never proven: from when backups began to be taken.
        #expect(!timing.isOverdue(BackupHistory(since: day), now: day + 2 * hour))
        #expect(timing.isOverdue(BackupHistory(since: day), now: day + 2 * hour + 1))
        let proven = BackupHistory(since: day, taken: day + 9 * hour, proven: day + 5 * hour)
        #expect(!timing.isOverdue(proven, now: day + 7 * hour))
        #expect(timing.isOverdue(proven, now: day + 7 * hour + 1))
        #expect(!timing.isOverdue(proven, now: day))
    }

    @Test func aProofInTheFutureHidesNothing() throws {
        let timing = try timing(.every(hour))
        let ahead = BackupHistory(since: day, taken: day + 1_000 * hour, proven: day + 1_000 * hour)
        #expect(!timing.isOverdue(ahead, now: day + 2 * hour))
        #expect(timing.isOverdue(ahead, now: day + 2 * hour + 1))
        let allAhead = BackupHistory(since: day + 1_000 * hour, taken: day + 1_000 * hour, proven: day + 1_000 * hour)
        #expect(timing.isOverdue(allAhead, now: day))
        #expect(!timing.isOverdue(BackupHistory(since: day, taken: day, proven: day + 5_000), now: day))
    }

    private func entry(_ number: Int, _ proof: ScheduledBackup.Proof = .identity) -> BackupEntry {
        BackupEntry(
            file: "coffer-\(number).age", created: UInt64(number), revision: 1, size: 1, digest: String(repeating: "0", count: 64), proof: proof)
    }

    private func expired(_ backups: [BackupEntry], keep: Int) -> [String] { BackupTiming.expired(backups, keep: keep).map(\.file) }

    @Test func theNewestStay() {
        let all = (1...5).map { entry($0) }
        #expect(expired(all, keep: 3) == ["coffer-1.age", "coffer-2.age"])
        #expect(expired(all, keep: 5).isEmpty && expired(all, keep: 99).isEmpty && expired([], keep: 1).isEmpty)
    }

    @Test func theLastProvenOneStaysWhateverFollows() {
        let all = [entry(1), entry(2), entry(3, .none), entry(4, .none), entry(5, .none)]
        #expect(expired(all, keep: 1) == ["coffer-1.age", "coffer-3.age", "coffer-4.age"])
        #expect(expired(all, keep: 2) == ["coffer-1.age", "coffer-3.age"])
        #expect(expired([entry(1, .none), entry(2, .none)], keep: 1) == ["coffer-1.age"])
    }
}
