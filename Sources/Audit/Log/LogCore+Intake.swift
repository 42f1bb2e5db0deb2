import CofferStore

// What the log's thread takes over, and when.
extension LogCore {
    /// What was brought since the last time.
    struct Intake {
        var commands: [AuditLog.Command]
        var tables: [ReadTable]
        var hasRecords: Bool
        var lost: UInt64
        var isStopping: Bool
        var recordersAreEmpty: Bool
    }

    /// What was taken and cannot be written; what comes beyond stays where it is bounded.
    private static let mostWork = 8 << 20

    /// Waits until there is something to do, and takes it.
    func take() -> Intake {
        log.monitor.locked {
            while true {
                bringCounted()
                if hasWork { break }
                if let wait = pause() { log.monitor.wait(milliseconds: wait) } else { log.monitor.wait() }
            }
            // While the store is locked nothing can be sealed: it waits where it is.
            let takes = canTake || opened != nil && log.isStopping || log.commands.contains { if case .open = $0 { true } else { false } }
            var intake = Intake(
                commands: log.commands, tables: [], hasRecords: takes && !log.incoming.isEmpty, lost: 0, isStopping: log.isStopping,
                recordersAreEmpty: log.recordersAreEmpty)
            log.commands.removeAll(keepingCapacity: true)
            guard takes else { return intake }
            swap(&log.incoming, &spare)
            log.incomingSince = nil
            log.isUrgent = false
            intake.lost = log.lostRecords
            log.lostRecords = 0
            intake.tables = takeTables()
            // Only with the records that they wait for.
            waiters += log.waiters
            log.waiters.removeAll(keepingCapacity: true)
            return intake
        }
    }

    /// As many as there is room for; a stopping log takes all.
    private func takeTables() -> [ReadTable] {
        var room = Self.mostWork - work.count - spare.count
        let count = log.isStopping ? log.ready.count : log.ready.prefix { table in
            defer { room -= table.bytes }
            return room > 0
        }.count
        defer { log.ready.removeFirst(count) }
        return Array(log.ready.prefix(count))
    }

    /// Puts it behind what is to be written.
    func gather(_ intake: Intake) {
        if intake.tables.contains(where: \.isFilledMuch) || spare.isFilledMuch { busyAt = Clock.monotonic }
        if intake.hasRecords {
            work.append(spare)
            spare.removeAll()
        }
        for table in intake.tables {
            table.encode(to: work, limiting: &readRefusals, now: UInt64(Clock.monotonic))
            table.removeAll()
            if busyAt == nil { table.giveBackPages() }
            log.giveBack(table)
        }
        if intake.lost > 0 {
            remark(.lost, result: 22, "\(intake.lost) records found no room while the log could not be written")
        }
    }

    /// What was counted and is due, as records among the others.
    private func bringCounted() {
        guard canTake else { return }
        let now = UInt64(Clock.monotonic)
        let isLast = log.isStopping || closing != nil
        // Whoever waits may wait for one of the counted.
        let records = readRefusals.takeCounted(now: now, isForced: isLast) + log.refusals.takeCounted(now: now, isForced: isLast)
            + log.acts.takeCounted(now: now, isForced: isLast || !log.waiters.isEmpty)
        guard !records.isEmpty else { return }
        for record in records { RecordLayout.write(record, to: log.incoming) }
        log.noteIncoming()
    }

    // MARK: When

    /// Whether what was brought can be sealed, and there is room for it.
    private var canTake: Bool { opened != nil && work.count < Self.mostWork }

    private var hasWork: Bool {
        if !log.commands.isEmpty || log.isStopping || timer() == 0 || closing != nil && log.recordersAreEmpty { return true }
        guard canTake else { return false }
        return !log.waiters.isEmpty || !log.ready.isEmpty || log.isHalfFull || (recordsWait.map { $0 <= 0 } ?? false)
    }

    /// Milliseconds for which records may still wait; `nil`: there are none.
    private var recordsWait: Int? { log.incomingSince.map { $0 + Self.syncDelay - Clock.monotonic } }

    /// How long there is nothing to do; `nil`: until somebody brings something.
    private func pause() -> Int? {
        var wait = timer() ?? .max
        if canTake {
            if let recordsWait { wait = min(wait, recordsWait) }
            let now = UInt64(Clock.monotonic)
            for due in [readRefusals.due, log.refusals.due, log.acts.due] {
                if let due { wait = min(wait, Int(clamping: due - min(due, now))) }
            }
        }
        return wait == .max ? nil : max(wait, 1)
    }

    /// Milliseconds until something is due by itself; 0: now; `nil`: nothing is.
    private func timer() -> Int? {
        let now = Clock.monotonic
        var due = Int.max
        if let unsyncedSince { due = nextTry ?? unsyncedSince + Self.syncDelay }
        if opened != nil, let nextTry, !isWritten { due = min(due, nextTry) }
        if let closing { due = min(due, closing) }
        if let keepingDue { due = min(due, keepingDue) }
        if let restDue { due = min(due, restDue) }
        for waiter in waiters { due = min(due, waiter.deadline) }
        for waiter in log.waiters { due = min(due, waiter.deadline) }
        return due == .max ? nil : max(due - now, 0)
    }
}
