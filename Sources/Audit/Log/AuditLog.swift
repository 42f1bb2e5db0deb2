import Atomics
import CofferStore

/// The audit log of a store: who did what to which name, with what result. Sealed, chained, written by one thread.
///
/// It is open while the store is unlocked. What is recorded while it is locked waits in memory for the keys.
public final class AuditLog: @unchecked Sendable {
    public let options: AuditOptions
    public let folder: String
    let headFile: HeadFile
    /// In whose name the store is opened: what it does without a caller is recorded as theirs.
    public let who: AuditWho
    let clock: @Sendable () -> UInt64
    /// Milliseconds of a clock that nobody sets.
    let ticks: @Sendable () -> UInt64
    /// ``LogHealth/since``, for those who have no time for a lock.
    let troubleSince = ManagedAtomic<UInt64>(0)

    let monitor = Monitor()
    // Behind the monitor:
    var incoming = RecordBuffer()
    /// When the first record of ``incoming`` came, on the monotonic clock.
    var incomingSince: Int?
    /// The log's thread was told that ``incoming`` is half full.
    var isUrgent = false
    /// Records that found no room while the log could not be written.
    var lostRecords: UInt64 = 0
    var refusals = RecordLimiter(.refusals)
    var acts = RecordLimiter(.acts)
    var ready: [ReadTable] = []
    var free: [ReadTable] = []
    private var tables = 0
    private var recorders = 0
    var emptyRecorders = 0
    var waiters: [Waiter] = []
    var commands: [Command] = []
    var isStopping = false
    var place = Block.Prologue(incarnation: [UInt8](repeating: 0, count: 16), committed: 0, time: 0)
    var extent: LogExtent?
    /// What was found cut off at the last opening; empty: nothing.
    var cut = ""
    var health = LogHealth()
    /// Of the unlocked store.
    var keys: AuditKeys?
    var storeID: [UInt8] = []
    /// On the clock of ``ticks``; 0: nothing waits.
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
        /// Whether also where the log can be written; the answer is `nil` where there was nothing to do.
        case repair(AuditWho, Bool, LogTicket<Result<String?, StoreError>>)
    }

    static let waitMilliseconds = 2_000
    private static let headFileEnding = ".head"
    /// What may wait in memory; what somebody waits for, twice as much.
    static let mostIncoming = 8 << 20
    private static let mostTables = 8

    /// Starts the log's thread; nothing is opened before the store is.
    /// - Parameters:
    ///   - folder: of the log's files; made when it is first written.
    ///   - headFile: where the log's end is kept outside of it; `nil`: beside the folder.
    ///   - who: in whose name the store is opened.
    public convenience init(
        folder: String, headFile: String? = nil, options: AuditOptions = AuditOptions(), who: AuditWho = .daemon,
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }
    ) throws(StoreError) {
        try self.init(
            folder: folder, headFile: headFile, options: options, who: who, clock: clock, ticks: { UInt64(Clock.monotonic) })
    }

    init(
        folder: String, headFile: String?, options: AuditOptions, who: AuditWho = .daemon, clock: @escaping @Sendable () -> UInt64,
        ticks: @escaping @Sendable () -> UInt64
    ) throws(StoreError) {
        self.folder = folder
        self.headFile = HeadFile(path: headFile ?? folder + Self.headFileEnding)
        self.who = who
        self.options = options
        self.clock = clock
        self.ticks = ticks
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
        monitor.locked { _ = add(record) }
    }

    /// Records, and says when it is durable; false: not within two seconds. `completion` runs on the log's thread, or here.
    public func record(_ record: AuditRecord, completion: @escaping @Sendable (Bool) -> Void) {
        self.record([record], completion: completion)
    }

    private func record(_ records: [AuditRecord], completion: @escaping @Sendable (Bool) -> Void) {
        let isRefused = monitor.locked {
            // What found no room will never be durable: nobody may be told that it is.
            if health.isDown(ticks()) { return true }
            for record in records where !add(record, isAwaited: true) { return true }
            wait(completion)
            return false
        }
        if isRefused { completion(false) }
    }

    func wait(_ completion: @escaping @Sendable (Bool) -> Void) {
        waiters.append(Waiter(deadline: Clock.monotonic + Self.waitMilliseconds) { completion($0 != nil) })
        monitor.signal()
    }

    /// Records before something happens that must not happen without. Blocks for at most two seconds.
    /// - Throws: `audit-unavailable`.
    public func require(_ record: AuditRecord) throws(StoreError) { try require([record]) }

    /// The same for several at once.
    public func require(_ records: [AuditRecord]) throws(StoreError) {
        let ticket = LogTicket<Bool>()
        self.record(records) { ticket.settle($0) }
        guard ticket.wait(milliseconds: Self.waitMilliseconds + 100) == true else { throw unavailable }
    }

    var unavailable: StoreError {
        let reason = monitor.locked { health.trouble?.message } ?? "it takes too long"
        return StoreError(.audit, "the audit log cannot be written (\(reason))")
    }

    /// - Returns: false where there is no room for it: it is lost, and counted.
    @discardableResult
    func add(_ record: AuditRecord, isAwaited: Bool = false) -> Bool {
        guard hasRoom(isAwaited: isAwaited) else {
            lostRecords += 1
            return false
        }
        RecordLayout.write(record, to: incoming)
        noteIncoming()
        return true
    }

    /// What nobody waits for never takes the room of what somebody does.
    func hasRoom(isAwaited: Bool) -> Bool { incoming.count < (isAwaited ? 2 : 1) * Self.mostIncoming }

    func noteIncoming() {
        if incomingSince == nil || isHalfFull && !isUrgent {
            isUrgent = isHalfFull
            monitor.signal()
        }
        if incomingSince == nil { incomingSince = Clock.monotonic }
        if waitingSince == 0 { waitingSince = max(ticks(), 1) }
    }

    /// It is taken before its time.
    var isHalfFull: Bool { incoming.count >= Self.mostIncoming / 2 }

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
    /// - Parameter lost: refusals that found no room in it.
    func exchange(_ table: ReadTable, lost: UInt64) -> ReadTable? {
        monitor.locked {
            guard let next = free.popLast() ?? another() else { return nil }
            ready.append(table)
            lostRecords += lost
            if waitingSince == 0, table.count > 0 { waitingSince = max(ticks(), 1) }
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
    /// Whether the log can be written, or has failed for less than two seconds: one atomic load, and only where writing is under way or
    /// fails the time.
    public var permitsChanges: Bool {
        let since = troubleSince.load(ordering: .relaxed)
        return since == 0 || !LogHealth.isDown(since: since, ticks())
    }

    public func status() -> AuditStatus {
        let now = ticks()
        let (health, extent, since, cut) = monitor.locked { (self.health, self.extent, waitingSince, self.cut) }
        let folder = AuditFolder(path: folder)
        let numbers = (try? folder.segments()) ?? []
        return AuditStatus(
            reads: options.reads, isOpen: extent != nil, isDown: health.isDown(now), isBroken: health.trouble?.kind == .broken,
            trouble: health.trouble?.message ?? "", cut: cut, lag: since == 0 ? 0 : now - min(since, now), sequence: extent?.head.sequence ?? 0,
            files: numbers.count, bytes: numbers.reduce(0) { $0 + UInt64(FileSize.of(folder.path(of: $1)) ?? 0) })
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
