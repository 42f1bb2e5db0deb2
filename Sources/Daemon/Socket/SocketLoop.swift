import Atomics
import CLinux
import CofferAudit
import CofferStore
import CofferWire
import Glibc

/// One event loop: a thread, an epoll, the connections that were given to it, and a reader of the store. Everything but what says
/// otherwise is used on its thread only.
final class SocketLoop: @unchecked Sendable {
    let services: Services
    let store: Store
    let policies: PolicyService
    let inbox: LoopInbox
    let epoll: Int32
    let clock: @Sendable () -> UInt64
    let reader: StoreReader
    let getsAhead = GetsAhead()
    /// Counts the reads of this loop.
    let recorder: ReadRecorder
    /// Callers that are connected: one process is one, however many connections it has.
    private var callers: [Principal: (who: AuditWho, connections: Int)] = [:]
    /// Unix milliseconds, read once for each turn.
    private(set) var now: UInt64
    private(set) var isUnlocked = false
    private(set) var lockFailure = Failure.locked
    private(set) var isDraining = false
    var watches = WatchIndex<WatchStream>()
    var tokenWatches: [TokenWatchStream] = []
    /// Read by the writer's thread: it wakes only loops that somebody watches from.
    let watchCount = ManagedAtomic<Int>(0)
    /// Since the meter was told: requests of the socket's own callers, and refusals.
    var requests: UInt64 = 0
    var refusals: UInt64 = 0
    /// For the test of the allocation gate (formats.md 18).
    let plantsAllocation: Bool

    private var connections = ConnectionTable()
    private var frameMemory = FrameMemory()
    /// Connections whose frame waits for memory.
    private var waitingForMemory: Set<ConnectionID> = []
    private var nextSerial: UInt64 = 0
    private var touched: [Connection] = []
    /// The same while they are seen to: the two change places, so that neither allocates.
    private var settling: [Connection] = []
    private var deadlines = DeadlineHeap()
    /// At so many deadlines the finished ones are forgotten.
    private var deadlinesKept = SocketLoop.fewDeadlines
    private static let fewDeadlines = 1_024
    /// When connections are looked at for what they are late with; 0: none is timed.
    private var nextSweep: UInt64 = 0
    private var isStopping = false
    private var readerBegan = false
    private(set) var incarnation: [UInt8] = Array(repeating: 0, count: 16)

    private static let sweepInterval: UInt64 = 1_000
    private static let inboxToken = UInt64.max
    private static let eventCapacity = 256

    init(services: Services, clock: @escaping @Sendable () -> UInt64) throws {
        self.services = services
        store = services.store
        policies = services.policies
        self.clock = clock
        now = clock()
        inbox = try LoopInbox()
        epoll = coffer_epoll_create()
        guard epoll >= 0 else { throw SocketError.system("cannot make an epoll", -epoll) }
        guard coffer_epoll_add(epoll, inbox.wakeDescriptor, UInt32(COFFER_READABLE), Self.inboxToken) == 0 else {
            throw SocketError.system("cannot watch the loop's eventfd", errno)
        }
        reader = try services.store.makeReader()
        recorder = try services.trail.log.makeRecorder()
        plantsAllocation = getenv("COFFER_PLANT_ALLOCATION") != nil
    }

    // MARK: Turning

    /// Runs until ``stop()``; the calling thread is the loop's.
    func run() {
        let events = UnsafeMutablePointer<coffer_event>.allocate(capacity: Self.eventCapacity)
        defer { events.deallocate() }
        while !isStopping {
            let count = coffer_epoll_wait(epoll, events, Int32(Self.eventCapacity), timeout())
            now = clock()
            if count < 0 { break }
            for index in 0..<Int(count) { handle(events[index]) }
            settle()
            if nextSweep != 0 && now >= nextSweep { sweep() }
            expireDeadlines()
            settle()
            endReading()
            tellMeter()
            let due = recorder.due(now)
            if due != 0 && now >= due { recorder.handOver() }
        }
        for connection in connections.all { connection.close() }
        endReading()
        recorder.handOverLast()
    }

    private func tellMeter() {
        guard requests != 0 || refusals != 0 else { return }
        services.meter.add(requests: requests, refused: refusals)
        (requests, refusals) = (0, 0)
    }

    private func handle(_ event: coffer_event) {
        guard event.token != Self.inboxToken else { return takeInbox() }
        guard let connection = connections[Int32(truncatingIfNeeded: event.token)] else { return }
        if event.flags & UInt32(COFFER_WRITABLE) != 0 { connection.writable() }
        if event.flags & UInt32(COFFER_READABLE) != 0 { return connection.readable() }
        if event.flags & UInt32(COFFER_HANGUP) != 0 { connection.close() }
    }

    private func takeInbox() {
        for item in inbox.take() {
            switch item {
            case .job(let job): job(self)
            case .changes(let changes):
                // A watch may end while others are told.
                for watch in watches.concerned(by: changes) { watch.committed(changes) }
                guard !tokenWatches.isEmpty, changes.contains(where: { $0.table != .secrets }) else { continue }
                for watch in tokenWatches { watch.committed(changes) }
            }
        }
    }

    /// Milliseconds until something is due; -1: nothing is.
    private func timeout() -> Int32 {
        var due = nextSweep
        if let first = deadlines.first, due == 0 || first < due { due = first }
        let reads = recorder.due(now)
        if reads != 0, due == 0 || reads < due { due = reads }
        guard due != 0 else { return -1 }
        return Int32(clamping: due > now ? due - now : 0)
    }

    // MARK: Reading the store

    /// Makes the reader as new as every answer that was given (formats.md 17).
    @inline(__always)
    func refreshReader() {
        if store.isMoving {
            isUnlocked = false
            lockFailure = Failure(StoreError(.busy, "a restored store is taking its place: try again in a moment"))
            return
        }
        do throws(StoreError) {
            try reader.refresh()
            if !isUnlocked { learnWhereTheStoreStands() }
            readerBegan = true
        } catch {
            isUnlocked = false
            readerBegan = false
            lockFailure = error.code == .locked ? .locked : Failure(error)
        }
    }

    private func learnWhereTheStoreStands() {
        isUnlocked = true
        incarnation = store.incarnation
    }

    private func endReading() {
        guard readerBegan else { return }
        reader.end()
        readerBegan = false
    }

    var position: Position { Position(incarnation: Bytes16(store.incarnation) ?? .zero, revision: store.revision) }

    // MARK: Callers

    /// The caller as the audit log has it, entered for one connection more.
    func who(_ principal: Principal) -> AuditWho {
        if let known = callers[principal] {
            callers[principal] = (known.who, known.connections + 1)
            return known.who
        }
        let who = AuditWho(
            selector: principal.selector, uid: principal.uid, pid: principal.pid, door: principal.door, address: principal.address,
            selectors: principal.selectors)
        callers[principal] = (who, 1)
        return who
    }

    private func forget(_ principal: Principal) {
        guard let known = callers[principal] else { return }
        callers[principal] = known.connections > 1 ? (known.who, known.connections - 1) : nil
    }

    // MARK: Connections

    /// Takes an accepted socket over. Called on the loop's thread.
    func adopt(_ descriptor: Int32, _ peer: PeerIdentity) {
        nextSerial += 1
        let connection = Connection(id: ConnectionID(descriptor: descriptor, serial: nextSerial), loop: self, peer: peer, now: now)
        connections[descriptor] = connection
        guard coffer_epoll_add(epoll, descriptor, UInt32(COFFER_READABLE), UInt64(UInt32(bitPattern: descriptor))) == 0 else {
            return connection.close()
        }
        if isDraining { return connection.fail(.draining) }
        watchTimes(of: connection)
    }

    func connection(_ id: ConnectionID) -> Connection? {
        guard let connection = connections[id.descriptor], connection.id == id, !connection.isClosed else { return nil }
        return connection
    }

    func remove(_ connection: Connection) {
        connections[connection.id.descriptor] = nil
        forget(connection.enteredAs)
        close(connection.id.descriptor)
        services.connections.ended(uid: connection.uid)
    }

    /// The connection has something to send, or room for more: seen to before the loop waits again.
    func touch(_ connection: Connection) {
        guard !connection.isTouched else { return }
        connection.isTouched = true
        touched.append(connection)
    }

    private func settle() {
        while !touched.isEmpty {
            swap(&touched, &settling)
            for connection in settling {
                connection.isTouched = false
                guard !connection.isClosed else { continue }
                connection.process()
                connection.pump()
            }
            settling.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Memory of frames

    /// - Returns: false where the frame must wait; the connection is touched when it may try again.
    func takeMemory(_ bytes: Int, _ connection: Connection) -> Bool {
        if bytes == 0 || frameMemory.take(bytes, uid: connection.uid) { return true }
        waitingForMemory.insert(connection.id)
        return false
    }

    func giveMemory(_ bytes: Int, _ connection: Connection) {
        guard bytes > 0 else { return }
        frameMemory.give(bytes, uid: connection.uid)
        let waiting = waitingForMemory
        waitingForMemory = []
        // Those for whom there still is none wait again.
        for id in waiting { if let connection = self.connection(id) { touch(connection) } }
    }

    // MARK: Time

    @inline(__always)
    func watchTimes(of connection: Connection) {
        if nextSweep == 0 && connection.isTimed { nextSweep = now + Self.sweepInterval }
    }

    private func sweep() {
        nextSweep = 0
        for connection in connections.all where connection.isTimed {
            connection.checkTimes(now)
            if !connection.isClosed { watchTimes(of: connection) }
        }
    }

    func schedule(deadline: UInt64, _ handle: RequestHandle) {
        if deadlines.count >= deadlinesKept {
            deadlines.keep { request(of: $0) != nil }
            deadlinesKept = max(Self.fewDeadlines, deadlines.count * 2)
        }
        deadlines.insert(deadline, handle)
    }

    private func request(of handle: RequestHandle) -> PendingRequest? {
        guard let request = connection(handle.connection)?.unfinished[handle.id], ObjectIdentifier(request) == handle.identity else { return nil }
        return request
    }

    private func expireDeadlines() {
        while let handle = deadlines.popDue(now) {
            guard let connection = connection(handle.connection), let request = request(of: handle) else { continue }
            connection.finish(request, Failure(
                .deadlineExceeded, "the request's deadline has passed", retry: .now, outcome: request.isWithWriter ? .unknown : .none))
            touch(connection)
        }
    }

    // MARK: Watches, lock, end

    func addWatch() { watchCount.wrappingIncrement(ordering: .acquiringAndReleasing) }
    func removeWatch() { watchCount.wrappingDecrement(ordering: .acquiringAndReleasing) }

    /// The store was locked or unlocked: the keys go now, and with them every unfinished request.
    func lockChanged(locked: Bool) {
        endReading()
        reader.applyPending()
        isUnlocked = false
        guard locked else { return refreshReader() }
        recorder.handOverLast()
        lockFailure = .locked
        for connection in connections.all {
            for request in connection.unfinished.values where !Self.survivesLock(request.operation) {
                // What the writer has may still be committed in front of the lock.
                connection.finish(request, Failure(.locked, Failure.locked.message, outcome: request.isWithWriter ? .unknown : .none))
            }
            touch(connection)
        }
    }

    /// A restored generation took the store's place: what is under way goes on in it, watches begin anew (formats.md 4).
    func restored() {
        endReading()
        reader.applyPending()
        isUnlocked = false
        refreshReader()
        for watch in watches.all { watch.startOver() }
        for watch in tokenWatches { watch.startOver() }
    }

    /// The thread of a restore learns of a lock from the store.
    private static func survivesLock(_ operation: UInt16) -> Bool {
        [Operation.lock, .unlock, .status, .doctor, .restore].contains { $0.rawValue == operation }
    }

    /// New requests are no longer begun; what is unfinished may finish, watches end.
    func drain() {
        isDraining = true
        for connection in connections.all {
            for request in connection.unfinished.values where [Operation.watch, .tokenWatch].contains(where: { $0.rawValue == request.operation }) {
                connection.finish(request, .draining)
            }
            if connection.unfinished.isEmpty { connection.fail(.draining) } else { connection.flush() }
        }
    }

    /// Ends connections whose requests have finished since ``drain()``.
    func drainFurther() -> Bool {
        for connection in connections.all where connection.unfinished.isEmpty { connection.fail(.draining) }
        return connections.isEmpty
    }

    func stop() { isStopping = true }

    // MARK: The allocation gate's planted fault

    @inline(never)
    func plant() {
        let fault = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
        fault.storeBytes(of: now, as: UInt64.self)
        fault.deallocate()
    }
}
