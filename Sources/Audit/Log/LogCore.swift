import Atomics
import CofferStore

/// What the log's thread knows and does. Everything here runs on that thread only.
final class LogCore {
    unowned let log: AuditLog
    private(set) var files: LogFiles?
    /// What was kept outside of the log last, and when, on the monotonic clock.
    private(set) var kept: KeptHead?
    private var keptAt = Clock.monotonic - keepDelay
    /// What the store gave when it was unlocked; `nil`: it is locked.
    private(set) var opened: (keys: AuditKeys, store: WitnessedStore)?
    /// Taken, not written yet.
    let work = RecordBuffer(capacity: 256 << 10)
    private(set) var written = 0
    /// Changes places with the log's buffer, so that neither allocates.
    var spare = RecordBuffer()
    var waiters: [AuditLog.Waiter] = []
    /// Reads that were refused, beyond what their callers have records for.
    var readRefusals = RecordLimiter(.refusals)
    /// Since when written records wait for a sync, on the monotonic clock; `nil`: none do.
    private(set) var unsyncedSince: Int?
    private(set) var nextTry: Int?
    private var isKeptGone = false
    /// When much was taken at once last, on the monotonic clock; `nil`: what memory it took was given back.
    var busyAt: Int?
    /// Until when the keys stay for what loops still bring.
    private(set) var closing: Int?

    static let syncDelay = 400
    private static let retryDelay = 200
    private static let brokenDelay = 2_000
    private static let closeDelay = 1_000
    private static let keepDelay = 1_000

    init(_ log: AuditLog) { self.log = log }

    func run() {
        while true {
            let intake = take()
            for command in intake.commands { carryOut(command) }
            gather(intake)
            if nextTry.map({ $0 <= Clock.monotonic }) ?? true || intake.isStopping { write() }
            keepHead()
            expire(all: false)
            giveBackMemory()
            if let end = closing, intake.recordersAreEmpty || end <= Clock.monotonic { finishClosing() }
            if intake.isStopping {
                finishClosing()
                expire(all: true)
                return
            }
        }
    }

    // MARK: Commands

    private func carryOut(_ command: AuditLog.Command) {
        switch command {
        case .open(let keys, let store, let ticket):
            if closing != nil { finishClosing() }
            opened = (keys, store)
            // Whatever was closed meanwhile took them for those of the store that was locked.
            log.monitor.locked { log.keys = keys }
            openFiles(isAsked: true)
            // Only what the last writer knew for certain: what it was about to commit may not have come about.
            if !ticket.settle(files?.known?.place), let known = files?.known, let trouble = rollback(known) {
                files = nil
                failed(trouble)
            }
        case .close: closing = Clock.monotonic + Self.closeDelay
        case .repair(let who, let isForced, let ticket): ticket.settle(repair(who, isForced: isForced))
        }
    }

    /// - Parameter isAsked: the store is being unlocked, and judges for itself what the log knows of it.
    private func openFiles(isAsked: Bool = false) {
        guard let (keys, store) = opened else { return }
        let now = log.clock()
        do throws(LogTrouble) {
            let files = try LogFiles(
                folder: AuditFolder(path: log.folder), keys: keys, storeID: store.storeID, stored: try Self.head(store.head),
                kept: readKept(keys, store.storeID), limits: limits, now: now)
            if !isAsked, let known = files.known, let trouble = rollback(known) { throw trouble }
            take(files)
            if isKeptGone, files.head.sequence > 0 {
                remark(.recover, "\(log.headFile.path) is gone or was changed: an end of the log that was cut off would not show")
            }
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

    /// - Returns: `nil` where nothing is known.
    private func readKept(_ keys: AuditKeys, _ storeID: [UInt8]) -> KeptHead? {
        kept = nil
        if case .kept(let head) = log.headFile.read(keys, storeID: storeID) { kept = head }
        isKeptGone = kept == nil
        return kept
    }

    func take(_ files: LogFiles) {
        self.files = files
        log.monitor.locked { log.cut = files.cut ?? "" }
    }

    /// The store was unlocked while nothing could be known of it, and is older than the log.
    private func rollback(_ known: Block.Prologue) -> LogTrouble? {
        let place = log.monitor.locked { log.place.place }
        guard known.place.isAhead(of: place) else { return nil }
        return .broken(
            "the store is at revision \(place.revision), but the log knows that it was at \(known.committed): an older copy was put in its place")
    }

    static func head(_ bytes: [UInt8]?) throws(LogTrouble) -> ChainHead? {
        guard let bytes else { return nil }
        do throws(StoreError) { return try ChainHead(decoding: bytes) } catch { throw .broken(error.message) }
    }

    var limits: LogFiles.Limits {
        .init(segmentBytes: log.options.segmentBytes, keep: log.options.keep, keepDays: log.options.keepDays)
    }

    private func finishClosing() {
        if opened != nil { write(last: true) }
        keepHead(isLast: true)
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

    // MARK: Writing

    var prologue: Block.Prologue {
        var place = log.monitor.locked { log.place }
        place.time = log.clock()
        return place
    }

    func remark(_ action: AuditAction, result: UInt16 = 0, _ note: String) {
        RecordLayout.write(
            AuditRecord(time: log.clock(), who: .daemon, noun: .audit, action: action, result: result, note: note), to: work)
    }

    /// Whether everything that was taken lies in a file.
    var isWritten: Bool { files != nil && written == work.count }

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

    // MARK: The end, kept outside

    /// Where the end that is kept has fallen behind: when it is due.
    var keepingDue: Int? {
        guard let files, unsyncedSince == nil, files.sequence != kept?.head.sequence else { return nil }
        return keptAt + (files.file.number == kept?.number ? log.options.keepHeadEvery : Self.keepDelay)
    }

    /// Only what is durable. Where that cannot be kept it is tried again later: the log itself is in order.
    private func keepHead(isLast: Bool = false) {
        guard let (keys, store) = opened, let files, let due = keepingDue, isLast || due <= Clock.monotonic else { return }
        let head = KeptHead(number: files.file.number, head: files.head)
        keptAt = Clock.monotonic
        if log.headFile.write(head, keys, storeID: store.storeID) { kept = head }
    }

    private func begin() {
        log.monitor.locked {
            log.health.began(log.ticks())
            log.troubleSince.store(log.health.since, ordering: .relaxed)
        }
    }

    func succeeded() {
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
            log.health.failed(log.ticks(), trouble)
            log.troubleSince.store(log.health.since, ordering: .relaxed)
        }
    }

    /// Whoever has waited long enough is told; in the end everybody.
    private func expire(all: Bool) {
        let now = Clock.monotonic
        func isOver(_ waiter: AuditLog.Waiter) -> Bool { all || waiter.deadline <= now }
        let untaken = log.monitor.locked {
            defer { log.waiters.removeAll(where: isOver) }
            return log.waiters.filter(isOver)
        }
        for waiter in waiters.filter(isOver) + untaken { waiter.completion(nil) }
        waiters.removeAll(where: isOver)
    }
}
