import CofferStore

// How a schedule's state moves on. Without I/O.
extension ScheduleState {
    /// A day's rule that begins so much later than planned still counts as that day's.
    static let lateness: UInt64 = 3_600_000
    /// Runs that were missed while nothing ran begin within this time after the start.
    static let catchUpSpread: UInt64 = 300_000
    private static let day: UInt64 = 86_400_000

    /// Plans the next run.
    /// - Parameters:
    ///   - last: the last run, or when the schedule was made.
    ///   - earliest: no earlier than then: what lies before it is over.
    mutating func plan(_ schedule: Schedule, after last: UInt64, notBefore earliest: UInt64 = 0) {
        guard schedule.isEnabled, let zone = try? ScheduleZone(schedule.timeZone) else {
            (planned, nextRun) = (0, 0)
            return
        }
        var moment = schedule.rule.next(after: last, zone: zone)
        switch schedule.rule {
        case .everyMinutes(let minutes):
            // Runs in which nothing succeeded come more and more seldom, at most once a day.
            let interval = UInt64(minutes) * 60_000
            let slower = min(interval << UInt64(min(failures, 5)), max(interval, Self.day))
            moment = max(last.addingReportingOverflow(slower).partialValue, earliest)
        case .daily(let time), .everyDays(_, let time):
            if moment < earliest { moment = ScheduleRule.daily(at: time).next(after: earliest, zone: zone) }
        }
        planned = moment
        nextRun = moment + Spread.of(schedule.number, moment, within: UInt64(schedule.jitter) * 1_000)
    }

    /// A run begins: what comes next is planned at once, so that a crash during the run does not begin it again and again.
    mutating func begin(_ schedule: Schedule, at now: UInt64) {
        let isOnTime = planned != 0 && planned <= now && now - planned <= UInt64(schedule.jitter) * 1_000 + Self.lateness
        if case .everyMinutes = schedule.rule {
            plan(schedule, after: now)
        } else {
            // Jitter must not move the day: 23:59 that begins at 00:02 was yesterday's run.
            plan(schedule, after: isOnTime ? planned : now, notBefore: now)
        }
        lastRun = now
        isRunning = true
    }

    mutating func end(_ schedule: Schedule, at now: UInt64, _ outcome: RunOutcome) {
        isRunning = false
        interrupted = 0
        lastEnd = now
        counts = outcome.counts
        result = CredentialState.bounded(outcome.text)
        let hasFailed = outcome.counts.succeeded == 0 && (outcome.counts.failed > 0 || outcome.error != nil)
        failures = hasFailed ? failures &+ (failures == .max ? 0 : 1) : 0
        turns = outcome.turns
        if case .everyMinutes = schedule.rule { plan(schedule, after: lastRun, notBefore: now) }
    }

    /// After a start: a run that was interrupted or missed happens once, not all at the same moment; else nothing changes.
    /// - Returns: whether something changed.
    mutating func catchUp(_ schedule: Schedule, at now: UInt64) -> Bool {
        guard schedule.isEnabled else { return false }
        guard isRunning || (nextRun != 0 && nextRun <= now) else { return false }
        if isRunning {
            isRunning = false
            if interrupted == 0 { interrupted = lastRun }
            result = "interrupted: the daemon stopped"
        }
        nextRun = now + 1_000 + Spread.of(schedule.number, now, within: Self.catchUpSpread)
        return true
    }
}

/// What a run came to.
struct RunOutcome: Sendable {
    var counts = ScheduleCounts()
    var turns: [UInt64: UInt64] = [:]
    /// Why, by frequency; the run's own failure first.
    var reasons: [String: UInt32] = [:]
    /// The run itself could not be done.
    var error: CredentialError?
    var note = ""

    var text: String {
        if let error { return "failed: \(error.message)" }
        var text = "\(counts.succeeded) succeeded, \(counts.failed) failed, \(counts.skipped) skipped"
        if !note.isEmpty { text += "; \(note)" }
        let reasons = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        if !reasons.isEmpty { text += ": " + reasons.joined(separator: ", ") }
        return text
    }
}

/// Numbers that look random and are the same each time: what is planned can be shown, and stays after a restart.
enum Spread {
    /// 0 up to, not including, `limit`; 0 of 0.
    static func of(_ number: UInt64, _ moment: UInt64, within limit: UInt64) -> UInt64 {
        guard limit > 0 else { return 0 }
        // splitmix64
        var mixed = (number &* 0x9E37_79B9_7F4A_7C15) ^ moment
        mixed = mixed &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ (mixed >> 31)) % limit
    }
}
