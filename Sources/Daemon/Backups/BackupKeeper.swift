import CofferAge
import CofferAudit
import CofferCredentials
import CofferStore
import CofferWire
import Dispatch
import Glibc
import Logging
import Synchronization

/// Takes the scheduled backups, proves each, and lets old ones go: one thread, one backup at a time.
final class BackupKeeper: CommitListener {
    typealias Completion = @Sendable (Result<ScheduledBackup, Failure>) -> Void

    struct State {
        var ledger: BackupLedger
        /// What is wrong with the folder; empty: nothing.
        var trouble = ""
        var isRunning = false
        var isStopping = false
        /// Who wait for one that is to be taken now.
        var waiting: [Completion] = []
        var failures: UInt64 = 0
    }

    let configuration: BackupConfiguration
    let timing: BackupTiming
    private let recipients: [AgeRecipient]
    let folder: BackupFolder
    let store: Store
    let memory: BackupLedgerFile
    private let trail: AuditTrail
    let logger: Logger
    let clock: @Sendable () -> UInt64
    let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let thread = Mutex<LoopThread?>(nil)

    /// A clock that was set is noticed within this time.
    private static let longestWait = 60_000

    /// - Throws: ``ConfigurationErrors`` for a time zone or a recipient that is none.
    init(
        store: Store, configuration: BackupConfiguration, memory: BackupLedgerFile, trail: AuditTrail, logger: Logger,
        clock: @escaping @Sendable () -> UInt64
    ) throws(ConfigurationErrors) {
        self.store = store
        self.configuration = configuration
        self.memory = memory
        self.trail = trail
        self.logger = logger
        self.clock = clock
        do throws(CredentialError) { timing = try BackupTiming(configuration) } catch {
            throw ConfigurationErrors(messages: ["'backups.time_zone' \(error.message)"])
        }
        var recipients: [AgeRecipient] = []
        for text in configuration.recipients {
            do throws(AgeError) { recipients.append(try AgeRecipient(text)) } catch {
                throw ConfigurationErrors(messages: ["'backups.recipients' \(error.message)"])
            }
        }
        self.recipients = recipients
        let storeID = StatusService.hexadecimal(store.storeID)
        folder = BackupFolder(path: configuration.folder, storeID: storeID)
        var ledger = memory.read(storeID: storeID) ?? BackupLedger(storeID: storeID)
        if ledger.history.since == 0 { ledger.history.since = clock() }
        state = Mutex(State(ledger: ledger))
    }

    // MARK: From outside

    func start() {
        store.addListener(self)
        folder.removeDrafts()
        do throws(SocketError) {
            let thread = try LoopThread(name: "backups", isBackground: true) { [self] in run() }
            self.thread.withLock { $0 = thread }
        } catch {
            logger.error("scheduled backups cannot run", metadata: ["reason": "\(error)"])
        }
    }

    /// Returns when the thread has ended; a backup that is being taken is given up.
    func stop() {
        store.removeListener(self)
        state.withLock { $0.isStopping = true }
        wake.signal()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    func committed(_ changes: [Change]) {}

    /// One that is due waits for nothing but this.
    func lockChanged(locked: Bool) { if !locked { wake.signal() } }

    /// - Returns: false where one is being taken, which `completion` is not told of.
    func runNow(_ completion: @escaping Completion) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isRunning, !state.isStopping else { return false }
            state.waiting.append(completion)
            return true
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    func list(now: UInt64) -> BackupListResponse {
        state.withLock { state in
            let history = state.ledger.history
            return BackupListResponse(
                folder: configuration.folder, interval: timing.interval, next: timing.due(history, now: now), lastTaken: history.taken,
                lastProven: history.proven, isOverdue: timing.isOverdue(history, now: now), isRunning: state.isRunning,
                lastError: state.trouble.isEmpty ? state.ledger.error : state.trouble, backups: state.ledger.backups.suffix(Limits.scheduledBackups).map(\.message))
        }
    }

    /// How many attempts failed since the start.
    var failures: UInt64 { state.withLock { $0.failures } }

    /// What is wrong with the folder, as last seen; empty: nothing.
    var trouble: String { state.withLock { $0.trouble } }

    // MARK: The thread

    private func run() {
        look()
        proveLast()
        while !isStopping {
            // Its disk may come and go.
            look()
            let now = clock()
            let (wanted, due) = state.withLock { state in
                let due = timing.due(state.ledger.history, now: now)
                let wanted = !state.waiting.isEmpty || (due <= now && !store.isLocked)
                if wanted { state.isRunning = true }
                return (wanted, due)
            }
            if wanted { attempt() } else {
                let wait = due > now ? min(due - now, UInt64(Self.longestWait)) : UInt64(Self.longestWait)
                _ = wake.wait(timeout: .now() + .milliseconds(Int(max(wait, 1))))
            }
        }
        for completion in state.withLock({ state in
            defer { state.waiting = [] }
            return state.waiting
        }) { completion(.failure(.draining)) }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// One attempt, and what it came to.
    private func attempt() {
        let result: Result<ScheduledBackup, Failure>
        do throws(Failure) { result = .success(try take().message) } catch { result = .failure(error) }
        let now = clock()
        let waiting = state.withLock { state in
            state.isRunning = false
            switch result {
            case .success:
                state.ledger.history.failed = 0
                state.ledger.history.failures = 0
            case .failure(let failure) where failure.code == .draining || failure.code == .locked: break
            case .failure(let failure):
                state.ledger.history.failed = now
                state.ledger.history.failures += 1
                state.ledger.error = String(Name.printable(failure.message.utf8.prefix(1_000)).prefix(1_000))
                state.failures += 1
            }
            if case .failure(let failure) = result { trail.did(.daemon, .backup, .create, result: failure.code) }
            defer { state.waiting = [] }
            return state.waiting
        }
        save()
        switch result {
        case .success(let backup):
            logger.info("backup taken", metadata: [
                "file": "\(backup.file)", "revision": "\(backup.revision)", "bytes": "\(backup.size)", "proof": "\(backup.proof)",
            ])
        case .failure(let failure): logger.error("backup failed", metadata: ["reason": "\(failure.message)"])
        }
        for completion in waiting { completion(result) }
    }

    private func take() throws(Failure) -> BackupEntry {
        guard !store.isLocked else { throw .locked }
        try folder.prepare(isKnown: folderIsKnown)
        state.withLock { $0.ledger.folder = folderLine }
        var all = recipients
        if !configuration.recipientsFile.isEmpty { all += try BackupProof.recipients(configuration.recipientsFile) }
        do throws(StoreError) { try trail.require(.daemon, .backup, .create) } catch { throw Failure(error) }
        let taken = try BackupTaking(store: store, folder: folder, recipients: all, isStopping: { [self] in isStopping }).take()
        let summary = taken.summary
        var entry = BackupEntry(
            file: free(created: summary.created, revision: summary.revision), created: summary.created, revision: summary.revision,
            size: taken.draft.size, digest: summary.digest)
        // Written down first: a file whose daemon is killed now is still one that this daemon may remove.
        state.withLock { $0.ledger.backups.append(entry) }
        save()
        do throws(Failure) {
            try taken.draft.publish(as: entry.file)
        } catch {
            forget(entry.file)
            throw error
        }
        state.withLock { $0.ledger.history.taken = max(entry.created, 1) }
        try prove(&entry, fileKey: taken.fileKey)
        expire()
        return entry
    }

    private func free(created: UInt64, revision: UInt64) -> String {
        for attempt in 0..<1_000 {
            let name = BackupName.of(created: created, revision: revision, attempt: attempt)
            if folder.size(of: name) == nil { return name }
        }
        return BackupName.of(created: created, revision: revision, attempt: Int.random(in: 1_000...1_000_000))
    }
}
