import CofferStore

// What callers can make as much of as they like: beyond some records a second it is counted.
extension AuditLog {
    /// Records that something was refused. Blocks for nothing.
    public func recordRefusal(_ record: AuditRecord) {
        monitor.locked {
            if limit(&refusals, record, hasRoute: record.noun == .door) { add(record) }
        }
    }

    /// Records what a door did for somebody; its name is a route, never what the caller chose. Blocks for nothing.
    public func recordAct(_ record: AuditRecord) {
        monitor.locked {
            if limit(&acts, record, hasRoute: true) { add(record) }
        }
    }

    /// The same, and says when it is durable, by itself or counted; false: not within two seconds.
    public func recordAct(_ record: AuditRecord, completion: @escaping @Sendable (Bool) -> Void) {
        let isRefused = monitor.locked {
            if health.isDown(ticks()) { return true }
            if limit(&acts, record, hasRoute: true), !add(record, isAwaited: true) { return true }
            wait(completion)
            return false
        }
        if isRefused { completion(false) }
    }

    private func limit(_ limiter: inout RecordLimiter, _ record: AuditRecord, hasRoute: Bool) -> Bool {
        let wasIdle = limiter.due == nil
        let isAdmitted = limiter.admits(RecordLimiter.Act(record, hasRoute: hasRoute), now: UInt64(Clock.monotonic))
        // So that the log's thread knows when it is due.
        if wasIdle, limiter.due != nil { monitor.signal() }
        return isAdmitted
    }
}
