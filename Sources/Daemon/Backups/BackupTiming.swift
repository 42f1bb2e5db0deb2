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

    /// When to try next: at once where there was none yet or one was missed, after a failure with growing pauses.
    func due(_ history: BackupHistory, now: UInt64) -> UInt64 {
        if history.failures > 0 {
            // A clock that was put back must not stop the backups.
            return min(history.failed, now) + pause(history.failures)
        }
        guard history.taken > 0 else { return now }
        return min(next(after: history.taken), next(after: now))
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
        let last = max(history.proven, history.since)
        return now > last && now - last > interval.multipliedReportingOverflow(by: 2).partialValue
    }

    /// What goes: all but the newest `keep`, and never the last one that was proven.
    /// - Parameter backups: oldest first.
    static func expired(_ backups: [BackupEntry], keep: Int) -> [BackupEntry] {
        let last = backups.last { $0.proof != .none }?.file
        return backups.dropLast(max(keep, 1)).filter { $0.file != last }
    }
}
