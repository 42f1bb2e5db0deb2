import CofferCredentials
import CofferWire

/// What happened so far, as far as it says when the next backup is due. Times are Unix milliseconds; 0: never.
struct BackupHistory: Equatable, Sendable {
    /// Since when backups are taken at all.
    var since: UInt64 = 0
    /// When the last one was written whole.
    var taken: UInt64 = 0
    /// When the last proof was made.
    var proven: UInt64 = 0
    /// When the last attempt failed, and how many failed in a row.
    var failed: UInt64 = 0
    var failures: UInt32 = 0
}

/// When scheduled backups are taken, and which ones go. Without I/O and without a clock.
struct BackupTiming: Sendable {
    let rule: BackupConfiguration.Rule
    let zone: ScheduleZone
    /// Milliseconds between two.
    let interval: UInt64

    private static let firstPause: UInt64 = 60_000
    private static let longestPause: UInt64 = 3_600_000

    init(_ configuration: BackupConfiguration) throws(CredentialError) {
        rule = configuration.rule
        zone = try ScheduleZone(configuration.timeZone.isEmpty ? ScheduleZone.local : configuration.timeZone)
        interval = configuration.interval
    }

    /// A time of the history, as far as it can be believed: of one that lies well ahead, as after a clock was put back, nobody knows how
    /// long ago it was.
    private func believed(_ time: UInt64, now: UInt64) -> UInt64? {
        time > now && time - now > min(interval, Self.longestPause) ? nil : min(time, now)
    }

    /// When to try next: at once where there was none yet or one was missed, after a failure with growing pauses.
    func due(_ history: BackupHistory, now: UInt64) -> UInt64 {
        if history.failures > 0 { return believed(history.failed, now: now).map { $0 + pause(history.failures) } ?? now }
        guard history.taken > 0, let taken = believed(history.taken, now: now) else { return now }
        return min(next(after: taken), next(after: now))
    }

    private func next(after last: UInt64) -> UInt64 {
        switch rule {
        case .every(let milliseconds): last.addingReportingOverflow(milliseconds).partialValue
        case .daily(let time): ScheduleRule.daily(at: time).next(after: last, zone: zone)
        }
    }

    /// One minute, two, four, … to an hour, and never longer than from one backup to the next.
    private func pause(_ failures: UInt32) -> UInt64 {
        min(Self.firstPause << UInt64(min(max(failures, 1) - 1, 10)), Self.longestPause, max(interval, 1_000))
    }

    /// Whether the last proven one is older than twice the interval.
    func isOverdue(_ history: BackupHistory, now: UInt64) -> Bool {
        let last = [history.proven, history.since].compactMap { believed($0, now: now) }.max() ?? 0
        return now - last > interval.multipliedReportingOverflow(by: 2).partialValue
    }

    /// What goes: all but the newest `keep`, and never the last one that was proven.
    /// - Parameter backups: oldest first.
    static func expired(_ backups: [BackupEntry], keep: Int) -> [BackupEntry] {
        let last = backups.last { $0.proof != .none }?.file
        return backups.dropLast(max(keep, 1)).filter { $0.file != last }
    }
}
