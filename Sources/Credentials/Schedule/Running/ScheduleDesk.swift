import CofferStore

/// What the scheduler knows between two beats. A value: whoever changes it holds the service's lock.
struct ScheduleDesk: Sendable {
    var plan = RefreshPlan()
    var timing = RefreshTiming()
    /// Credentials of which something has changed since the last beat.
    var touched: Set<UInt64> = []
    /// All is to be planned: after a load, and when providers changed.
    var needsPlan = true
    /// Schedules are to be looked at for runs that were missed or interrupted.
    var needsCatchUp = true
    var isStopped = true
    /// Refreshes before expiry that run, with their providers' names.
    var running: [UInt64: String] = [:]
    private(set) var perLane: [String: Int] = [:]
    /// Not before then: its refresh ended a moment ago, or failed in a way that its state does not show.
    var pauses: [UInt64: (until: UInt64, failures: Int)] = [:]
    /// Schedules whose runs go on.
    var runs: Set<UInt64> = []
    /// Schedules whose run could not begin, and when to try again.
    var delays: [UInt64: UInt64] = [:]
    /// When a schedule tried a check last, whatever came of it.
    var lastChecks: [UInt64: UInt64] = [:]

    mutating func reload() {
        plan = RefreshPlan()
        timing.forgetWays()
        touched = []
        needsPlan = true
        needsCatchUp = true
    }

    mutating func forget() {
        reload()
        pauses = [:]
        delays = [:]
    }

    mutating func begin(_ number: UInt64, _ lane: String) {
        running[number] = lane
        perLane[lane, default: 0] += 1
    }

    /// - Parameter hasFailed: the more often in a row, the longer the pause: 1 minute to 15.
    mutating func end(_ number: UInt64, hasFailed: Bool, now: UInt64) {
        if let lane = running.removeValue(forKey: number) {
            perLane[lane, default: 1] -= 1
            if perLane[lane] == 0 { perLane[lane] = nil }
        }
        let failures = hasFailed ? min((pauses[number]?.failures ?? 0) + 1, 5) : 0
        let pause = failures == 0 ? RefreshTiming.minimumAge : min(60_000 << UInt64(failures - 1), 900_000)
        pauses[number] = (now + pause, failures)
        touched.insert(number)
    }
}
