import CofferHTTP
import CofferWire

/// What status, doctor, health and metrics tell of scheduled backups. Never what is in them.
struct BackupSigns: Sendable {
    let keeper: BackupKeeper?
    let clock: @Sendable () -> UInt64

    // MARK: Status

    func entries() -> [StatusResponse.Entry] {
        guard let keeper else { return [] }
        let now = clock()
        let list = keeper.list(now: now)
        var entries: [StatusResponse.Entry] = [
            .init(key: "backups", value: .number(UInt64(list.backups.count))),
            .init(key: "backup-next", value: .number(list.next)),
            .init(key: "backup-last-taken", value: .number(list.lastTaken)),
            .init(key: "backup-last-proven", value: .number(list.lastProven)),
            .init(key: "backup-overdue", value: .number(list.isOverdue ? 1 : 0)),
        ]
        if list.lastProven > 0 {
            entries.append(.init(key: "backup-last-proven-age-ms", value: .number(now > list.lastProven ? now - list.lastProven : 0)))
        }
        if !keeper.trouble.isEmpty { entries.append(.init(key: "backup-trouble", value: .text(keeper.trouble))) }
        if !list.lastError.isEmpty { entries.append(.init(key: "backup-last-error", value: .text(list.lastError))) }
        return entries
    }

    // MARK: Doctor

    func findings() -> [Finding] {
        guard let keeper else {
            return [Finding(
                check: "backups", verdict: .warning,
                message: "no backups are scheduled: see 'backups' in the configuration, or take them with 'coffer backup create'")]
        }
        if !keeper.trouble.isEmpty { return [Finding(check: "backups", verdict: .bad, message: keeper.trouble)] }
        let list = keeper.list(now: clock())
        if list.isOverdue {
            return [Finding(check: "backups", verdict: .bad, message: Self.overdue(list))]
        }
        if !list.lastError.isEmpty { return [Finding(check: "backups", verdict: .warning, message: "the last attempt failed: \(list.lastError)")] }
        return [Finding(
            check: "backups", verdict: .good,
            message: list.lastProven > 0 ? "\(list.backups.count) backups, the last one is proven" : "the first backup is still to be taken")]
    }

    // MARK: Health and metrics

    /// - Returns: `nil` where none are configured.
    func health() -> (name: String, problem: String?)? {
        guard let keeper else { return nil }
        let list = keeper.list(now: clock())
        // Reasons name files and folders: not for whoever reaches this address.
        if !keeper.trouble.isEmpty { return ("backups", "the backups' folder is not the one that they were written to") }
        return ("backups", list.isOverdue ? "the last proven backup is older than twice the interval" : nil)
    }

    private static func overdue(_ list: BackupListResponse) -> String {
        let reason = list.lastError.isEmpty ? "" : ": \(list.lastError)"
        return "the last proven backup is older than twice the interval\(reason)"
    }

    func metrics() -> [Metric] {
        guard let keeper else { return [] }
        let now = clock()
        let list = keeper.list(now: now)
        var metrics = [
            Self.gauge("coffer_backup_overdue", "1 while the last proven backup is older than twice the interval.", list.isOverdue ? 1 : 0),
            Self.gauge(
                "coffer_backup_folder_missing", "1 while the backups' folder is not the one that they were written to.",
                keeper.trouble.isEmpty ? 0 : 1),
            Self.gauge(
                "coffer_backup_last_taken_seconds", "When the last scheduled backup was taken, in Unix seconds; 0: never.",
                Double(list.lastTaken) / 1_000),
            Self.gauge(
                "coffer_backup_last_proven_seconds", "When a scheduled backup was proven last, in Unix seconds; 0: never.",
                Double(list.lastProven) / 1_000),
            Self.gauge("coffer_backup_interval_seconds", "From one scheduled backup to the next.", Double(list.interval) / 1_000),
            Self.gauge("coffer_backup_last_size_bytes", "Size of the newest scheduled backup.", Double(list.backups.last?.size ?? 0)),
            Metric(
                name: "coffer_backup_failures_total", help: "Backups that could not be taken or proven, since the start.", kind: .counter,
                samples: [.init(value: Double(keeper.failures))]),
        ]
        if list.lastProven > 0 {
            metrics.append(Self.gauge(
                "coffer_backup_last_proven_age_seconds", "How long ago a scheduled backup was proven last.",
                Double(now > list.lastProven ? now - list.lastProven : 0) / 1_000))
        }
        return metrics
    }

    private static func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
        Metric(name: name, help: help, kind: .gauge, samples: [.init(value: value)])
    }
}
