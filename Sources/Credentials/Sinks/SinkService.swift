import CofferAccounts
import CofferStore
import Synchronization

/// Files that are rendered from the store, and what is called when they have changed.
public final class SinkService: CredentialFollowing, Sendable {
    /// Whom changes are recorded for.
    static let principal = "coffer:sink"

    let context: CredentialContext
    let timer = BeatTimer(label: "coffer.sinks", gap: 100)
    let desk = Mutex(SinkDesk())
    private let memory = Mutex(NumberedRecords<Sink>())
    private let renderers = Mutex<[String: any SinkRenderer]>([:])
    /// Which credentials a pool has.
    let members: @Sendable (TenantID, String) -> Set<UInt64>?

    /// - Parameter members: the credentials of the pool of this name; `nil`: there is none.
    init(context: CredentialContext, members: @escaping @Sendable (TenantID, String) -> Set<UInt64>?) {
        self.context = context
        self.members = members
    }

    // MARK: Reading, from memory

    public func find(_ number: UInt64) -> Sink? { memory.withLock { $0.records[number] } }
    public func find(tenant: TenantID, name: [UInt8]) -> Sink? { memory.withLock { $0.find(tenant: tenant, name: name) } }

    /// Ascending by number.
    /// - Parameter tenant: `nil`: of all tenants.
    public func list(tenant: TenantID? = nil, where isWanted: (Sink) -> Bool = { _ in true }) -> [Sink] {
        memory.withLock { $0.all }.filter { (tenant == nil || $0.tenant == tenant) && isWanted($0) }
    }

    public var count: Int { memory.withLock { $0.records.count } }

    // MARK: Renderers of doors

    /// Makes the content `renderer:NAME` possible. Before ``start()``; a second one of the same name takes the first one's place.
    public func register(_ renderer: any SinkRenderer) { renderers.withLock { $0[renderer.name] = renderer } }

    func renderer(_ name: String) -> (any SinkRenderer)? { renderers.withLock { $0[name] } }

    // MARK: What happens by itself

    public func start() {
        desk.withLock { $0.isStopped = false }
        timer.start { [weak self] in self?.beat() }
    }

    /// Waits for the file that is being written. Actions that wait are taken up after the next start.
    public func stop() {
        let waiters = desk.withLock { desk in
            desk.isStopped = true
            return desk.takeAllWaiters()
        }
        timer.stop()
        for waiter in waiters { waiter(.failure(CredentialError(.failed, "", "the daemon stops"))) }
    }

    /// Something that a sink shows has changed outside of credentials and pools, or a verdict wants its action: renders it soon, and runs
    /// its action even where the file is the same.
    public func trigger(_ number: UInt64) {
        let now = context.now
        desk.withLock { desk in
            desk.work[number, default: SinkWork()].debounce.change(at: now)
            desk.work[number, default: SinkWork()].wantsAction = true
        }
        timer.nudge()
    }

    /// The credentials that a sink shows, ascending by number: enabled, not dead, and covered by its target.
    public func shown(by sink: Sink) -> [Credential] {
        let members = sink.target.pool.isEmpty ? nil : self.members(sink.tenant, sink.target.pool)
        return context.directory.read { memory in memory.order.compactMap { memory.credentials[$0] } }
            .filter { Self.isShown($0, by: sink, members) }
    }

    static func isShown(_ credential: Credential, by sink: Sink, _ members: Set<UInt64>?) -> Bool {
        credential.tenant == sink.tenant && credential.deleted == 0 && credential.isEnabled && credential.state.phase != .dead
            && sink.target.covers(credential, members: members)
    }

    /// - Throws: `invalidArgument` with `path`.
    func file(of sink: Sink) throws(CredentialError) -> SinkFile {
        try SinkFile(sink.path, outside: context.store.path, sparing: context.options.ownFiles)
    }

    // MARK: Following the store

    func load(reader: StoreReader) throws(StoreError) {
        var loaded = NumberedRecords<Sink>()
        try loaded.load(.sinks, reader: reader)
        let records = loaded
        memory.withLock { $0 = records }
        // What changed while nothing was rendered is not known: all are looked at.
        desk.withLock { $0.changes.isEverything = true }
        timer.nudge()
    }

    /// Notes only what has changed: what follows from it is a beat's work.
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {
        var touched: Set<UInt64> = []
        if changes.contains(where: { $0.table == .sinks }) {
            // Nobody else writes this memory: the follower's turn is held.
            var changed = memory.withLock { $0 }
            touched = try changed.follow(changes, .sinks, reader: reader)
            let records = changed
            memory.withLock { $0 = records }
        }
        let settings = touched
        let isNew = desk.withLock { desk in
            desk.changes.note(changes)
            desk.changes.sinks.formUnion(settings)
            return !desk.changes.isEmpty
        }
        if isNew { timer.nudge() }
    }

    func forget() {
        memory.withLock { $0 = NumberedRecords() }
        let waiters = desk.withLock { desk in
            let waiters = desk.takeAllWaiters()
            desk.forget()
            return waiters
        }
        for waiter in waiters { waiter(.failure(.isLocked)) }
    }
}
