/// The batches of one transaction, applied one behind the other.
struct CommitGroup: ~Copyable {
    private var transaction: SealedTransaction
    private var executor: BatchExecutor
    private let options: Store.Options
    private let usage: Environment.Usage
    /// What the last commit left for use again; only asked for near the quota.
    private var free: UInt64?
    private var estimated: UInt64 = 0
    private(set) var changes: [Change] = []
    private(set) var outcomes: [(Writer.Job, Result<Receipt, StoreError>)] = []
    /// Whether there is anything to commit.
    private(set) var changed = false
    /// What a witness is told; empty where there is none.
    private(set) var witnessed: [WitnessedCommit] = []
    private let isWitnessed: Bool

    init(
        _ transaction: consuming SealedTransaction, directory: SharedDirectory, options: Store.Options, usage: Environment.Usage, isWitnessed: Bool
    ) {
        self.transaction = transaction
        executor = BatchExecutor(directory: directory)
        self.options = options
        self.usage = usage
        self.isWitnessed = isWitnessed
    }

    var head: Head { transaction.head }
    var seals: UInt64 { transaction.seals }
    var indexChanges: [IndexChange] { executor.indexChanges }
    var directoryAfter: NameDirectory? { executor.editor.flatMap { $0.changed ? $0.directory : nil } }

    /// Plans and writes one batch. A refusal is an outcome; what is thrown ends the transaction.
    mutating func add(_ job: Writer.Job) throws(StoreError) {
        let moment = ChangeMoment(
            now: options.clock(), revision: transaction.head.revision + 1, incarnation: transaction.head.incarnation,
            principal: job.batch.principal)
        let plan: BatchPlan
        do throws(StoreError) {
            if let receipt = try Idempotency.recall(job.batch, in: transaction) {
                return outcomes.append((job, .success(receipt)))
            }
            plan = try BatchPlanner.plan(job.batch, moment: moment, in: transaction)
            if !job.batch.dryRun { try checkQuota(plan) }
        } catch {
            return outcomes.append((job, .failure(error)))
        }
        var receipt = Receipt(revision: transaction.head.revision, results: plan.results, budgets: plan.budgets.outcomes)
        if job.batch.dryRun { return outcomes.append((job, .success(receipt))) }
        if !plan.isEmpty {
            try executor.execute(plan, moment: moment, in: &transaction)
            transaction.head.revision = moment.revision
            receipt.revision = moment.revision
            try ChangeLog.append(plan.changes, revision: moment.revision, keeping: options.logRevisions, to: &transaction)
            if isWitnessed { witnessed.append(WitnessedCommit(plan, moment)) }
            changes += plan.changes
            changed = true
        }
        if job.batch.idempotencyKey != nil {
            try Idempotency.remember(receipt, of: job.batch, in: &transaction)
            changed = true
        }
        outcomes.append((job, .success(receipt)))
    }

    static let witnessKey: [UInt8] = [0]

    /// Asks the witness, and keeps what it gave.
    mutating func ask(_ witness: any CommitWitness) throws(StoreError) {
        guard let head = try witness.willCommit(witnessed) else { return }
        try transaction.put(.auditHead, Self.witnessKey, head)
    }

    /// Seals the pages of names that changed.
    mutating func flushNames() throws(StoreError) { try executor.editor?.flush(to: &transaction) }

    /// Seals the head.
    mutating func finish(now: UInt64) throws(StoreError) {
        transaction.head.time = now
        try transaction.put(.head, Head.key, transaction.head.encoded())
    }

    // MARK: Quota

    /// The file may grow to its quota; some room is kept back for deletes and repair (formats.md 9).
    private mutating func checkQuota(_ plan: BatchPlan) throws(StoreError) {
        guard !plan.onlyRemoves, !plan.isEmpty else { return }
        let needed = estimated + plan.estimatedBytes
        if !transaction.transaction.environment.hasRoom(for: needed) {
            // What was deleted before lies within the file.
            guard try freeBytes() >= needed else { throw StoreError(.full, "the disk of the store is full") }
        }
        guard options.quotaBytes > 0 else {
            estimated += plan.estimatedBytes
            return
        }
        let quota = UInt64(options.quotaBytes)
        let kept = min(max(quota / 50, 1 << 20), 64 << 20)
        let wanted = estimated + plan.estimatedBytes
        guard usage.fileBytes + wanted + kept > quota else {
            estimated = wanted
            return
        }
        let free = try freeBytes()
        guard usage.fileBytes + wanted + kept <= quota + free else {
            throw StoreError(.full, "the store has reached its quota of \(quota >> 20) MiB")
        }
        estimated = wanted
    }

    private mutating func freeBytes() throws(StoreError) -> UInt64 {
        if let free { return free }
        let environment = transaction.transaction.environment
        let reading = try Transaction.begin(environment, readOnly: true)
        defer { reading.abort() }
        let bytes = environment.freePages(in: reading.handle) * UInt64(Environment.pageSize)
        free = bytes
        return bytes
    }
}

extension WitnessedCommit {
    init(_ plan: BatchPlan, _ moment: ChangeMoment) {
        self.init(revision: moment.revision, time: moment.now, principal: moment.principal, changes: plan.changes, values: [:])
        guard plan.names.contains(where: { !$0.effects.writes.isEmpty }) else { return }
        let places = Dictionary(plan.names.indices.map { (plan.names[$0].new.name.bytes, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, change) in plan.changes.enumerated() where change.table == .secrets && change.operation == .put {
            guard let place = places[change.name], let write = plan.names[place].effects.writes[change.version] else { continue }
            values[index] = write.value
        }
    }
}
