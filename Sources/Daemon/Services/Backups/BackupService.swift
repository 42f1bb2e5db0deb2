import CofferAudit
import CofferStore
import CofferWire
import Dispatch
import Synchronization

/// Backups over the socket, and restores. Whoever may make a backup reads everything; only administrators restore.
final class BackupService: Sendable {
    /// At once, over all connections: each holds a read transaction, and the file grows meanwhile.
    private static let mostBackups = 4
    /// Chunks of a restore that may be on their way at once.
    static let window: UInt32 = 4
    /// How long a restore waits for its next chunk.
    private static let patience = 60

    private let store: Store
    /// `nil`: none are configured.
    let keeper: BackupKeeper?
    private let running = Mutex(0)
    /// One at a time: it reads as fast as the disk gives.
    let isVerifying = Mutex(false)
    /// Everything that runs on a thread of its own.
    let work = DispatchGroup()

    init(store: Store, keeper: BackupKeeper?) {
        self.store = store
        self.keeper = keeper
    }

    /// Waits for what still runs; whoever it was for is gone by then.
    func stop(withinSeconds seconds: Int) { _ = work.wait(timeout: .now() + .seconds(seconds)) }

    // MARK: Backups

    /// Starts an export on a thread of its own.
    /// - Throws: `denied`, `busy`.
    func create(
        _ caller: Caller, into pipe: BackupPipe, done: @escaping @Sendable (Result<BackupFacts, Failure>) -> Void
    ) throws(Failure) {
        try caller.require(.backup, .create)
        let isFree = running.withLock { running in
            guard running < Self.mostBackups else { return false }
            running += 1
            return true
        }
        guard isFree else { throw Failure(.busy, "\(Self.mostBackups) backups are running", retry: .after(milliseconds: 1_000)) }
        work.enter()
        do throws(SocketError) {
            _ = try LoopThread(name: "backup", detached: true, isBackground: true) { [self] in
                let result = export(caller, into: pipe)
                if case .failure = result { caller.note(.backup, .create, result) }
                running.withLock { $0 -= 1 }
                done(result)
                work.leave()
            }
        } catch {
            work.leave()
            running.withLock { $0 -= 1 }
            throw Failure(.busy, "no thread could be started for the backup", retry: .after(milliseconds: 1_000))
        }
    }

    private func export(_ caller: Caller, into pipe: BackupPipe) -> Result<BackupFacts, Failure> {
        var position: (done: UInt64, total: UInt64) = (0, 0)
        do throws(StoreError) {
            // Everything is read: never without a record of it.
            try caller.trail.require(caller.who, .backup, .create)
            let summary = try store.exportBackup(daemon: DaemonVersion.number, progress: { position = ($0, $1) }) {
                bytes throws(StoreError) in try pipe.send(bytes, done: position.done, total: position.total)
            }
            return .success(BackupFacts(summary))
        } catch {
            return .failure(pipe.failure ?? Failure(error))
        }
    }

    // MARK: Scheduled ones

    /// - Throws: `denied`.
    func list(_ caller: Caller, now: UInt64) throws(Failure) -> BackupListResponse {
        try caller.require(.backup, .info)
        return keeper?.list(now: now)
            ?? BackupListResponse(
                folder: "", interval: 0, next: 0, lastTaken: 0, lastProven: 0, isOverdue: false, isRunning: false, lastError: "", backups: [])
    }

    /// Takes a scheduled one now.
    /// - Throws: `denied`, `notFound`, `busy`.
    func run(_ caller: Caller, done: @escaping @Sendable (Result<ScheduledBackup, Failure>) -> Void) throws(Failure) {
        try caller.require(.backup, .create)
        guard let keeper else {
            throw Failure(.notFound, "no backups are scheduled: the daemon's configuration has no section 'backups'")
        }
        guard keeper.runNow(done) else { throw Failure(.busy, "a backup is being taken", retry: .after(milliseconds: 1_000)) }
    }

    // MARK: Restores

    /// Starts a restore on a thread of its own, which takes what `feed` gets.
    /// - Parameters:
    ///   - granted: so many more chunks may come.
    /// - Throws: `denied`, `busy`.
    func restore(
        _ caller: Caller, _ fields: RestoreRequest, from feed: RestoreFeed, granted: @escaping @Sendable (UInt32) -> Void,
        done: @escaping @Sendable (Result<RestoreResponse, Failure>) -> Void
    ) throws(Failure) {
        guard caller.rights.isAdministrator else { throw .denied }
        let options = RestoreOptions(fields, principal: caller.selector)
        work.enter()
        do throws(SocketError) {
            _ = try LoopThread(name: "restore", detached: true, isBackground: true) { [store, work] in
                defer { work.leave() }
                let restore: StoreRestore
                do throws(StoreError) {
                    // It ends what the log says of the store so far, and a dry run compares all of it: never without a record.
                    try caller.trail.require(caller.who, .backup, .restore, note: RestoreNotes.begun("\(fields.mode)", dryRun: fields.dryRun))
                    restore = try store.beginRestore(options)
                } catch {
                    let result = Result<RestoreResponse, Failure>.failure(Failure(error))
                    caller.note(.backup, .restore, result)
                    return done(result)
                }
                granted(Self.window)
                let result = Self.take(restore, feed, granted)
                if case .success(let restored) = result, !fields.dryRun {
                    // Durable before the answer: from then on the log knows the new incarnation. What is done is done, though.
                    let position = restored.position
                    try? caller.trail.log.require(RestoreNotes.record(
                        of: position.revision, incarnation: position.incarnation.bytes, by: caller.who, at: caller.trail.clock()))
                } else if case .failure = result {
                    caller.note(.backup, .restore, result)
                }
                done(result)
            }
        } catch {
            work.leave()
            throw Failure(.busy, "no thread could be started for the restore", retry: .after(milliseconds: 1_000))
        }
    }

    private static func take(
        _ restore: StoreRestore, _ feed: RestoreFeed, _ granted: (UInt32) -> Void
    ) -> Result<RestoreResponse, Failure> {
        func end(_ failure: Failure) -> Result<RestoreResponse, Failure> {
            restore.abandon()
            return .failure(failure)
        }
        var total: UInt64 = 0
        while true {
            do throws(StoreError) {
                switch feed.next(within: patience) {
                case .data(let bytes)?:
                    total += UInt64(bytes.count)
                    try bytes.span.bytes.withUnsafeBytes { bytes throws(StoreError) in try restore.update(bytes) }
                    granted(1)
                case .end(let count)?:
                    guard count == total else {
                        return end(Failure(.invalidArgument, "\(total) bytes arrived, the client says that it sent \(count)"))
                    }
                    return .success(RestoreResponse(try restore.finish()))
                case .gone?: return end(Failure(.cancelled, "the client is gone", retry: .now))
                case nil: return end(Failure(.deadlineExceeded, "no piece of the backup came for \(patience) s", retry: .now))
                }
            } catch {
                return end(Failure(error))
            }
        }
    }
}
