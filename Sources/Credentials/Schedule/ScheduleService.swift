import CofferAccounts
import CofferStore
import Synchronization

/// What happens without being asked: refreshes before expiry, always and without a record, and schedules that were made.
public final class ScheduleService: CredentialFollowing, Sendable {
    /// Whom changes are recorded for.
    static let principal = "coffer:schedule"

    let context: CredentialContext
    let credentials: CredentialService
    let sinks: SinkService
    let acting: any ScheduleActing
    let timer = BeatTimer(label: "coffer.schedules", gap: 1_000)
    let desk = Mutex(ScheduleDesk())
    private let memory = Mutex(NumberedRecords<Schedule>())
    private let jobs = Mutex<[String: any ScheduleJob]>([:])

    init(context: CredentialContext, credentials: CredentialService, sinks: SinkService, acting: any ScheduleActing) {
        self.context = context
        self.credentials = credentials
        self.sinks = sinks
        self.acting = acting
    }

    // MARK: Reading, from memory

    public func find(_ number: UInt64) -> Schedule? { memory.withLock { $0.records[number] } }
    public func find(tenant: TenantID, name: [UInt8]) -> Schedule? { memory.withLock { $0.find(tenant: tenant, name: name) } }

    /// Ascending by number.
    /// - Parameter tenant: `nil`: of all tenants.
    public func list(tenant: TenantID? = nil, where isWanted: (Schedule) -> Bool = { _ in true }) -> [Schedule] {
        memory.withLock { $0.all }.filter { (tenant == nil || $0.tenant == tenant) && isWanted($0) }
    }

    public var count: Int { memory.withLock { $0.records.count } }

    /// When a credential is refreshed by itself, and why, or why not.
    public func nextRefresh(of number: UInt64) -> NextRefresh {
        guard let credential = context.directory.credential(number) else { return NextRefresh(due: nil, why: "there is no such credential") }
        let provider = credentials.providers.find(credential.provider)
        let now = context.now
        return desk.withLock { desk in
            if desk.running[number] != nil { return NextRefresh(due: now, why: "it is being refreshed") }
            var next = desk.timing.next(of: credential, provider: provider, now: now)
            // Later than by its expiry: after a failure, or after a time in which nothing ran.
            if let due = next.due, let planned = desk.plan.entry(of: number)?.due, planned > due { next.due = planned }
            return next
        }
    }

    /// What the rule "before expiry" has in front of it.
    public var outlook: RefreshOutlook {
        desk.withLock { desk in
            let next = desk.plan.next()
            return RefreshOutlook(count: desk.plan.count, running: desk.running.count, next: next.map { ($0.number, $0.due) })
        }
    }

    // MARK: Jobs of doors

    /// Makes the action `job:NAME` possible. Before ``start()``; a second one of the same name takes the first one's place.
    public func register(_ job: any ScheduleJob) { jobs.withLock { $0[job.name] = job } }

    func job(_ name: String) -> (any ScheduleJob)? { jobs.withLock { $0[name] } }

    // MARK: What happens by itself

    public func start() {
        desk.withLock { $0.isStopped = false }
        timer.start { [weak self] in self?.beat() }
    }

    /// Nothing begins any more; what was begun comes to its end by itself, and is taken up after the next start where it does not.
    public func stop() {
        desk.withLock { $0.isStopped = true }
        timer.stop()
    }

    // MARK: Following the store

    func load(reader: StoreReader) throws(StoreError) {
        var loaded = NumberedRecords<Schedule>()
        try loaded.load(.schedules, reader: reader)
        let records = loaded
        memory.withLock { $0 = records }
        desk.withLock { $0.reload() }
        timer.nudge()
    }

    /// Notes only what has changed: what follows from it is a beat's work.
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {
        if changes.contains(where: { $0.table == .schedules }) {
            // Nobody else writes this memory: the follower's turn is held.
            var changed = memory.withLock { $0 }
            _ = try changed.follow(changes, .schedules, reader: reader)
            let records = changed
            memory.withLock { $0 = records }
        }
        let numbers = changes.compactMap(Self.credential)
        let hasProviders = changes.contains { $0.table == .providers }
        desk.withLock { desk in
            desk.touched.formUnion(numbers)
            if hasProviders { desk.needsPlan = true }
        }
        timer.nudge()
    }

    func forget() {
        memory.withLock { $0 = NumberedRecords() }
        desk.withLock { $0.forget() }
    }

    private static func credential(_ change: Change) -> UInt64? {
        switch change.table {
        case .credentials, .credentialStates: try? CredentialNames.number(change.name)
        case .credentialTokens: try? CredentialNames.token(change.name).number
        default: nil
        }
    }
}
