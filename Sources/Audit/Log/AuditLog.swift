import Atomics
import CofferStore

/// The audit log of a store: who did what to which name, with what result. Sealed, chained, written by one thread.
///
/// It is open while the store is unlocked. What is recorded while it is locked waits in memory for the keys.
public final class AuditLog: @unchecked Sendable {
    public let options: AuditOptions
    public let folder: String
    /// In whose name the store is opened: what it does without a caller is recorded as theirs.
    public let who: AuditWho
    let clock: @Sendable () -> UInt64
    /// ``LogHealth/since``, for those who have no time for a lock.
    let troubleSince = ManagedAtomic<UInt64>(0)

    let monitor = Monitor()
    // Behind the monitor:
    var incoming = RecordBuffer()
    /// When the first record of ``incoming`` came.
    var incomingSince: UInt64 = 0
    /// The store is locked: it stays there until it is opened.
    var isParked = false
    /// Records that found no room while the log could not be written.
    var lostRecords: UInt64 = 0
    var ready: [ReadTable] = []
    private var free: [ReadTable] = []
    private var tables = 0
    private var recorders = 0
    var emptyRecorders = 0
    var waiters: [Waiter] = []
    var commands: [Command] = []
    var isStopping = false
    var place = Block.Prologue(incarnation: [UInt8](repeating: 0, count: 16), committed: 0, time: 0)
    var extent: LogExtent?
    var health = LogHealth()
    /// Of the unlocked store.
    var keys: AuditKeys?
    var storeID: [UInt8] = []
    var waitingSince: UInt64 = 0

    private var thread: WorkerThread?
    // On the log's thread only:
    lazy var core = LogCore(self)

    /// Somebody who waits until what was recorded before is durable.
    struct Waiter {
        /// Of the monotonic clock, milliseconds.
        var deadline: Int
        /// Gets the head, or `nil` where the log could not be written.
        var completion: @Sendable (ChainHead?) -> Void
    }

    enum Command {
        case open(AuditKeys, WitnessedStore, LogTicket<StorePlace?>)
        /// The store was locked.
        case close
        case repair(AuditWho, LogTicket<Result<String, StoreError>>)
    }

    static let waitMilliseconds = 2_000
    /// What may wait in memory.
    private static let mostIncoming = 8 << 20
    private static let mostTables = 8

    /// Starts the log's thread; nothing is opened before the store is.
    /// - Parameter folder: of the log's files; made when it is first written.
    public init(
        folder: String, options: AuditOptions = AuditOptions(), who: AuditWho = .daemon,
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }
    ) throws(StoreError) {
        self.folder = folder
        self.who = who
        self.options = options
        self.clock = clock
        ready.reserveCapacity(Self.mostTables)
        free.reserveCapacity(Self.mostTables)
        thread = try WorkerThread(name: "coffer-audit") { [self] in core.run() }
    }

    /// Writes what is left and ends. Blocks; behind the last change of the store.
    public func close() {
        let thread = monitor.locked {
            isStopping = true
            monitor.signal()
            defer { self.thread = nil }
            return self.thread
        }
        thread?.joinUnlessCurrent()
    }

    // MARK: Recording

    /// Records what happened; it is durable within about a second. Blocks for nothing.
    public func record(_ record: AuditRecord) {
        monitor.locked { add(record) }
    }

    /// Records, and says when it is durable; false: not within two seconds. `completion` runs on the log's thread, or here.
    public func record(_ record: AuditRecord, completion: @escaping @Sendable (Bool) -> Void) {
        let isRefused = monitor.locked {
            // What found no room will never be durable: nobody may be told that it is.
            if health.isDown(clock()) || !add(record) { return true }
            waiters.append(Waiter(deadline: Clock.monotonic + Self.waitMilliseconds) { completion($0 != nil) })
            monitor.signal()
            return false
        }
        if isRefused { completion(false) }
    }

    /// Records before something happens that must not happen without. Blocks for at most two seconds.
    /// - Throws: `audit-unavailable`.
    public func require(_ record: AuditRecord) throws(StoreError) {
        let ticket = LogTicket<Bool>()
        self.record(record) { ticket.settle($0) }
        guard ticket.wait(milliseconds: Self.waitMilliseconds + 100) == true else { throw unavailable }
    }

    var unavailable: StoreError {
        let reason = monitor.locked { health.trouble?.message } ?? "it takes too long"
        return StoreError(.audit, "the audit log cannot be written (\(reason))")
    }

    /// - Returns: false where there is no room for it: it is lost, and counted.
    @discardableResult
    private func add(_ record: AuditRecord) -> Bool {
        guard incoming.count < Self.mostIncoming else {
            lostRecords += 1
            return false
        }
        RecordLayout.write(record, to: incoming)
        noteIncoming()
        return true
    }

    func noteIncoming() {
        if incomingSince == 0 {
            incomingSince = max(clock(), 1)
            monitor.signal()
        }
        if waitingSince == 0 { waitingSince = incomingSince }
    }

    // MARK: Reads

    /// A recorder for the calling thread's loop.
    public func makeRecorder() throws(StoreError) -> ReadRecorder {
        let table = try ReadTable()
        monitor.locked {
            recorders += 1
            tables += 1
        }
        return ReadRecorder(self, table: table, reads: options.reads)
    }

    /// Takes a full table, gives an empty one; `nil`: the log does not keep up.
    func exchange(_ table: ReadTable) -> ReadTable? {
        monitor.locked {
            guard let next = free.popLast() ?? another() else { return nil }
            ready.append(table)
            if waitingSince == 0 { waitingSince = table.first }
            monitor.signal()
            return next
        }
    }

    private func another() -> ReadTable? {
        guard tables < Self.mostTables, let table = try? ReadTable() else { return nil }
        tables += 1
        return table
    }

    func giveBack(_ table: ReadTable) { monitor.locked { free.append(table) } }

    func recorderIsEmpty() {
        monitor.locked {
            emptyRecorders += 1
            monitor.signal()
        }
    }

    var recordersAreEmpty: Bool { emptyRecorders >= recorders }

    // MARK: Standing

    /// Whether secrets may be handed out; for doors that have no recorder.
    public var permitsReads: Bool { options.reads == .off || permitsChanges }
    /// Whether the log can be written, or has failed for less than two seconds.
    public var permitsChanges: Bool { !LogHealth.isDown(since: troubleSince.load(ordering: .relaxed), clock()) }

    public func status() -> AuditStatus {
        let now = clock()
        let (health, extent, since) = monitor.locked { (self.health, self.extent, waitingSince) }
        let folder = AuditFolder(path: folder)
        let numbers = (try? folder.segments()) ?? []
        return AuditStatus(
            reads: options.reads, isOpen: extent != nil, isDown: health.isDown(now), isBroken: health.trouble?.kind == .broken,
            trouble: health.trouble?.message ?? "", lag: since == 0 ? 0 : now - min(since, now), sequence: extent?.head.sequence ?? 0,
            files: numbers.count, bytes: numbers.reduce(0) { $0 + UInt64(FileSize.of(folder.path(of: $1)) ?? 0) })
    }

    /// Begins the log anew behind a break; what is there stays. Blocks.
    /// - Returns: what was done, for people.
    /// - Throws: `locked`; `audit-unavailable` where that cannot be written either.
    public func repair(by who: AuditWho) throws(StoreError) -> String {
        let ticket = LogTicket<Result<String, StoreError>>()
        monitor.locked {
            commands.append(.repair(who, ticket))
            monitor.signal()
        }
        guard let answer = ticket.wait(milliseconds: 10_000) else { throw unavailable }
        return try answer.get()
    }
}

/// What of the files counts at a moment: readers look no further.
struct LogExtent: Sendable {
    var keys: AuditKeys
    var storeID: [UInt8]
    var number: UInt64
    var length: Int
    var head: ChainHead
}
