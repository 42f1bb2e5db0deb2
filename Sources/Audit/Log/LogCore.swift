import Atomics
import CofferStore

/// What the log's thread knows and does. Everything here runs on that thread only.
final class LogCore {
    private unowned let log: AuditLog
    private var files: LogFiles?
    /// What the store gave when it was unlocked; `nil`: it is locked.
    private var opened: (keys: AuditKeys, store: WitnessedStore)?
    /// Taken, not written yet.
    private let work = RecordBuffer(capacity: 256 << 10)
    private var written = 0
    /// Changes places with the log's buffer, so that neither allocates.
    private var spare = RecordBuffer()
    private var waiters: [AuditLog.Waiter] = []
    /// Since when written records wait for a sync, on the monotonic clock; `nil`: none do.
    private var unsyncedSince: Int?
    private var nextTry: Int?
    /// Until when the keys stay for what loops still bring.
    private var closing: Int?

    private static let syncDelay = 400
    private static let retryDelay = 200
    private static let brokenDelay = 2_000
    private static let closeDelay = 1_000

    init(_ log: AuditLog) { self.log = log }

    private struct Intake {
        var commands: [AuditLog.Command]
        var tables: [ReadTable]
        var hasRecords: Bool
        var lost: UInt64
        var isStopping: Bool
        var recordersAreEmpty: Bool
    }

    func run() {
        while true {
            let intake = take()
            for command in intake.commands { carryOut(command) }
            if intake.hasRecords {
                work.append(spare)
                spare.removeAll()
            }
            for table in intake.tables {
                table.encode(to: work)
                table.removeAll()
                log.giveBack(table)
            }
            if intake.lost > 0 {
                remark(.lost, result: 22, "\(intake.lost) records found no room while the log could not be written")
            }
            if nextTry.map({ $0 <= Clock.monotonic }) ?? true || intake.isStopping { write() }
            expire()
            if let end = closing, intake.recordersAreEmpty || end <= Clock.monotonic { finishClosing() }
            if intake.isStopping {
                finishClosing()
                return
            }
        }
    }

    /// Waits until there is something to do, and takes it.
    private func take() -> Intake {
        log.monitor.locked {
            while true {
                let isAwaited = !log.waiters.isEmpty
                let isDue = log.incomingSince != 0 && !log.isParked && (isAwaited || log.clock() >= log.incomingSince + UInt64(Self.syncDelay) || log.isStopping)
                if !log.commands.isEmpty || !log.ready.isEmpty || isAwaited || isDue || log.isStopping || timer() == 0
                    || closing != nil && log.recordersAreEmpty { break }
                var wait = timer()
                if log.incomingSince != 0 && !log.isParked {
                    let left = Int(clamping: log.incomingSince + UInt64(Self.syncDelay) - min(log.clock(), log.incomingSince + UInt64(Self.syncDelay)))
                    wait = min(wait ?? .max, max(left, 1))
                }
                if let wait { log.monitor.wait(milliseconds: wait) } else { log.monitor.wait() }
            }
            // While the store is locked nothing can be sealed: it waits where it is.
            let canTake = opened != nil || log.commands.contains { if case .open = $0 { true } else { false } }
            let intake = Intake(
                commands: log.commands, tables: canTake ? log.ready : [], hasRecords: canTake && !log.incoming.isEmpty,
                lost: canTake ? log.lostRecords : 0, isStopping: log.isStopping, recordersAreEmpty: log.recordersAreEmpty)
            log.commands.removeAll(keepingCapacity: true)
            if canTake {
                log.ready.removeAll(keepingCapacity: true)
                swap(&log.incoming, &spare)
                log.incomingSince = 0
                log.lostRecords = 0
                log.isParked = false
            } else {
                log.isParked = true
            }
            waiters += log.waiters
            log.waiters.removeAll(keepingCapacity: true)
            return intake
        }
    }

    /// Milliseconds until something is due by itself; 0: now; `nil`: nothing is.
    private func timer() -> Int? {
        let now = Clock.monotonic
        var due = Int.max
        if let unsyncedSince { due = nextTry ?? unsyncedSince + Self.syncDelay }
        if opened != nil, let nextTry, files == nil || written < work.count { due = min(due, nextTry) }
        if let closing { due = min(due, closing) }
        for waiter in waiters { due = min(due, waiter.deadline) }
        return due == .max ? nil : max(due - now, 0)
    }

    // MARK: Commands

    private func carryOut(_ command: AuditLog.Command) {
        switch command {
        case .open(let keys, let store, let ticket):
            if closing != nil { finishClosing() }
            opened = (keys, store)
            openFiles(isAsked: true)
            // Only what the last writer knew for certain: what it was about to commit may not have come about.
            if !ticket.settle(files?.known?.place), let known = files?.known, let trouble = rollback(known) {
                files = nil
                failed(trouble)
            }
        case .close: closing = Clock.monotonic + Self.closeDelay
        case .repair(let who, let ticket): ticket.settle(repair(who))
        }
    }

    /// - Parameter isAsked: the store is being unlocked, and judges for itself what the log knows of it.
    private func openFiles(isAsked: Bool = false) {
        guard let (keys, store) = opened else { return }
        let now = log.clock()
        do throws(LogTrouble) {
            let files = try LogFiles(
                folder: AuditFolder(path: log.folder), keys: keys, storeID: store.storeID, stored: try Self.head(store.head),
                limits: limits, now: now)
            if !isAsked, let known = files.known, let trouble = rollback(known) { throw trouble }
            self.files = files
            log.monitor.locked {
                // What is written now must not hide what the log knew of a store that was rolled back.
                if let known = files.known, known.place.isAhead(of: log.place.place) { log.place = known }
            }
            for (action, note) in files.takeRemarks() { remark(action, note) }
            succeeded()
        } catch {
            failed(error)
        }
    }

    /// The store was unlocked while nothing could be known of it, and is older than the log.
    private func rollback(_ known: Block.Prologue) -> LogTrouble? {
        let place = log.monitor.locked { log.place.place }
        guard known.place.isAhead(of: place) else { return nil }
        return .broken(
            "the store is at revision \(place.revision), but the log knows that it was at \(known.committed): an older copy was put in its place")
    }

    private static func head(_ bytes: [UInt8]?) throws(LogTrouble) -> ChainHead? {
        guard let bytes else { return nil }
        do throws(StoreError) { return try ChainHead(decoding: bytes) } catch { throw .broken(error.message) }
    }

    private var limits: LogFiles.Limits {
        .init(segmentBytes: log.options.segmentBytes, keep: log.options.keep, keepDays: log.options.keepDays)
    }

    private func finishClosing() {
        if opened != nil { write(last: true) }
        closing = nil
        opened = nil
        files = nil
        unsyncedSince = nil
        nextTry = nil
        for waiter in waiters { waiter.completion(nil) }
        waiters = []
        log.monitor.locked {
            log.extent = nil
            log.keys = nil
            log.health.succeeded()
            log.troubleSince.store(0, ordering: .relaxed)
            log.waitingSince = 0
        }
    }

    private func repair(_ who: AuditWho) -> Result<String, StoreError> {
        guard let (keys, store) = opened else { return .failure(StoreError(.locked, "the store is locked")) }
        guard let trouble = log.monitor.locked({ log.health.trouble }), trouble.kind == .broken else {
            let trouble = log.monitor.locked { log.health.trouble }
            guard let trouble else { return .success("nothing to repair: the log is written") }
            return .failure(StoreError(.audit, "\(trouble.message): the log goes on by itself when that is over"))
        }
        do throws(LogTrouble) {
            let files = try LogFiles(
                repairing: AuditFolder(path: log.folder), keys: keys, storeID: store.storeID,
                stored: files?.head ?? (try? Self.head(store.head)), limits: limits, now: log.clock())
            let note = "the chain begins anew in file \(files.file.number) with record \(files.head.sequence + 1): \(trouble.message)"
            let record = RecordBuffer()
            RecordLayout.write(AuditRecord(time: log.clock(), who: who, noun: .audit, action: .repair, note: note), to: record)
            var offset = 0
            try files.write(record, from: &offset, prologue: prologue)
            try files.sync()
            self.files = files
            succeeded()
            return .success(note)
        } catch {
            return .failure(StoreError(.audit, error.message))
        }
    }

    // MARK: Writing

    private var prologue: Block.Prologue {
        var place = log.monitor.locked { log.place }
        place.time = log.clock()
        return place
    }

    private func remark(_ action: AuditAction, result: UInt16 = 0, _ note: String) {
        RecordLayout.write(
            AuditRecord(time: log.clock(), who: .daemon, noun: .audit, action: action, result: result, note: note), to: work)
    }

    /// Writes what was taken, and makes it durable where somebody waits or it is time.
    private func write(last: Bool = false) {
        guard opened != nil else { return }
        guard written < work.count || unsyncedSince != nil || !waiters.isEmpty || files == nil else { return }
        if files == nil { openFiles() }
        guard let files else { return }
        begin()
        do throws(LogTrouble) {
            try files.file.check()
            if written < work.count {
                if unsyncedSince == nil { unsyncedSince = Clock.monotonic }
                try files.write(work, from: &written, prologue: prologue)
                work.removeAll()
                written = 0
            }
            let isTime = unsyncedSince.map { Clock.monotonic >= $0 + Self.syncDelay } ?? false
            if last || isTime || !waiters.isEmpty {
                try files.sync()
                unsyncedSince = nil
            }
            succeeded()
            guard unsyncedSince == nil else { return }
            for waiter in waiters { waiter.completion(files.head) }
            waiters.removeAll(keepingCapacity: true)
        } catch {
            failed(error)
        }
    }

    private func begin() {
        log.monitor.locked {
            log.health.began(log.clock())
            log.troubleSince.store(log.health.since, ordering: .relaxed)
        }
    }

    private func succeeded() {
        nextTry = nil
        log.monitor.locked {
            log.health.succeeded()
            log.troubleSince.store(0, ordering: .relaxed)
            if log.incoming.isEmpty && log.ready.isEmpty { log.waitingSince = 0 }
            if let files, let opened, log.extent?.number != files.file.number || log.extent?.length != files.file.length {
                log.extent = LogExtent(
                    keys: opened.keys, storeID: opened.store.storeID, number: files.file.number, length: files.file.length, head: files.head)
            }
        }
    }

    private func failed(_ trouble: LogTrouble) {
        nextTry = Clock.monotonic + (trouble.kind == .broken ? Self.brokenDelay : Self.retryDelay)
        log.monitor.locked {
            log.health.failed(log.clock(), trouble)
            log.troubleSince.store(log.health.since, ordering: .relaxed)
        }
    }

    /// Whoever has waited long enough is told.
    private func expire() {
        let now = Clock.monotonic
        for waiter in waiters where waiter.deadline <= now { waiter.completion(nil) }
        waiters.removeAll { $0.deadline <= now }
    }
}
