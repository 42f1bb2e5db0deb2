/// What a batch will write, decided before its first write (formats.md 8).
struct BatchPlan {
    struct PlannedName {
        var key: [UInt8]
        var valueHash: [UInt8]
        /// `nil`: the name was never seen.
        var old: NameRecord?
        var new: NameRecord
        var effects = ValueEffects()
        /// Whether what get answers with may have changed.
        var activeChanged = false
        var changed = false
    }

    struct PlannedDocument {
        var table: DocumentTable
        var name: DocumentName
        /// `nil`: deleted.
        var bytes: SecretBuffer?
    }

    var tenant: TenantID
    var names: [PlannedName] = []
    var documents: [PlannedDocument] = []
    var budgets = BudgetPlan()
    var changes: [Change] = []
    var results: [Receipt.Result] = []

    /// A reservation can end without a budget that changes.
    var isEmpty: Bool { changes.isEmpty && budgets.isEmpty }

    /// About how many bytes of the file it takes, for the quota.
    var estimatedBytes: UInt64 {
        var bytes: UInt64 = (64 << 10) + budgets.estimatedBytes
        for name in names {
            bytes += 1_024
            for write in name.effects.writes.values { bytes += UInt64(write.value.count) + 1_024 }
        }
        for document in documents { bytes += UInt64(document.bytes?.count ?? 0) + 1_024 }
        return bytes
    }

    /// Whether it takes up less than it gives back: such a batch may use the room that is kept for it.
    var onlyRemoves: Bool {
        names.allSatisfy { $0.effects.writes.isEmpty } && documents.allSatisfy { $0.bytes == nil } && budgets.onlyRemoves
    }
}

/// Judges a batch against the store as the transaction shows it. Reads, never writes.
struct BatchPlanner: ~Copyable {
    let moment: ChangeMoment
    var plan: BatchPlan
    private var places: [Name: Int] = [:]
    struct DocumentIdentity: Hashable {
        var table: DocumentTable
        var name: DocumentName
    }
    var documentPlaces: [DocumentIdentity: Int] = [:]

    static func plan(
        _ batch: Batch, moment: ChangeMoment, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> BatchPlan {
        guard batch.principal.utf8.count <= StoreLimits.principal else {
            throw StoreError(.invalidArgument, "the principal is longer than \(StoreLimits.principal) bytes")
        }
        guard batch.mutations.count <= StoreLimits.mutations else {
            throw StoreError(.invalidArgument, "the batch has more than \(StoreLimits.mutations) steps")
        }
        if let key = batch.idempotencyKey, key.count != 16 {
            throw StoreError(.invalidArgument, "an idempotency key has 16 bytes")
        }
        if batch.idempotencyKey != nil, batch.mutations.contains(where: { $0.isOfBudget }) {
            throw StoreError(.invalidArgument, "steps of a quota have request ids, not an idempotency key")
        }
        var planner = BatchPlanner(moment: moment, plan: BatchPlan(tenant: batch.tenant))
        planner.plan.results.reserveCapacity(batch.mutations.count)
        for (index, mutation) in batch.mutations.enumerated() {
            do throws(StoreError) {
                try planner.add(mutation, in: transaction)
            } catch {
                // Of several steps the message says which one it was.
                if batch.mutations.count == 1, !mutation.isOfImport { throw error }
                throw error.inStep(index + 1, mutation)
            }
        }
        if let last = planner.plan.changes.indices.last { planner.plan.changes[last].lastOfRevision = true }
        return planner.plan
    }

    private init(moment: ChangeMoment, plan: BatchPlan) {
        self.moment = moment
        self.plan = plan
    }

    private mutating func add(_ mutation: Mutation, in transaction: borrowing SealedTransaction) throws(StoreError) {
        switch mutation {
        case .put(let new): try put(new, in: transaction)
        case .bring(let new):
            if let version = try presentVersion(of: new, in: transaction) {
                plan.results.append(.init(effect: .unchanged, version: version))
            } else {
                try put(new, in: transaction)
            }
        case .activate(let name, let version, let expected):
            try change(name, .activate, version, in: transaction) { (record, _, moment) throws(StoreError) in
                try record.activate(version, expected: expected, moment: moment)
            }
        case .delete(let name, let version, let expected):
            try change(name, .delete, version, in: transaction) { (record, _, moment) throws(StoreError) in
                try record.delete(version, expected: expected, moment: moment)
            }
        case .undelete(let name, let version, let expected):
            try change(name, .undelete, version, in: transaction) { (record, effects, moment) throws(StoreError) in
                try record.undelete(version, expected: expected, moment: moment, effects: &effects)
            }
        case .destroy(let name, let version, let expected):
            try change(name, .destroy, version, in: transaction) { (record, effects, moment) throws(StoreError) in
                try record.destroy(version, expected: expected, moment: moment, effects: &effects)
            }
        case .update(let name, let settings, let expected):
            try settings.check()
            try change(name, .update, 0, in: transaction) { (record, effects, moment) throws(StoreError) in
                try record.update(settings, expected: expected, moment: moment, effects: &effects)
            }
        case .putDocument(let table, let name, let bytes, let expected):
            try changeDocument(table, name, bytes, expected: expected, in: transaction)
        case .deleteDocument(let table, let name, let expected):
            try changeDocument(table, name, nil, expected: expected, in: transaction)
        case .budget(let step):
            let effect = try plan.budgets.add(step, moment: moment, in: transaction)
            for touched in plan.budgets.touched { record(touched.operation, .budgets, touched.name) }
            plan.results.append(.init(effect: effect, version: 0))
        }
    }

    // MARK: Secrets

    private mutating func place(of name: Name, in transaction: borrowing SealedTransaction) throws(StoreError) -> Int {
        if let place = places[name] { return place }
        let key = transaction.keys.nameHash(.secrets, tenant: plan.tenant, name: name.bytes)
        var old: NameRecord?
        if let bytes = try transaction.open(.secrets, key) {
            let record = try NameRecord(decoding: bytes)
            guard record.name == name, record.tenant == plan.tenant else {
                throw StoreError(.damaged, "a name record is about another name")
            }
            old = record
        }
        plan.names.append(.init(
            key: key, valueHash: transaction.keys.nameHash(.values, tenant: plan.tenant, name: name.bytes), old: old,
            new: old ?? NameRecord(tenant: plan.tenant, name: name, now: moment.now)))
        places[name] = plan.names.count - 1
        return plan.names.count - 1
    }

    private mutating func put(_ new: NewVersion, in transaction: borrowing SealedTransaction) throws(StoreError) {
        try new.check(now: moment.now)
        let place = try place(of: new.name, in: transaction)
        let exists = plan.names[place].new.comparable != 0
        // Taken out and put back: two parts of one element cannot be changed at once.
        var effects = plan.names[place].effects
        plan.names[place].effects = ValueEffects()
        let version = try plan.names[place].new.put(new, moment: moment, effects: &effects)
        plan.names[place].effects = effects
        plan.names[place].changed = true
        if new.activate { plan.names[place].activeChanged = true }
        record(.put, new.name, version: version, activeChanged: new.activate)
        plan.results.append(.init(effect: exists ? .changed : .created, version: version))
    }

    private mutating func change(
        _ name: Name, _ operation: Change.Operation, _ version: UInt64, in transaction: borrowing SealedTransaction,
        _ rule: (inout NameRecord, inout ValueEffects, ChangeMoment) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let place = try place(of: name, in: transaction)
        // A name that was never seen has a record only in this plan: without versions it is absent.
        guard plan.names[place].old != nil || plan.names[place].changed else { throw NameRecord.absent }
        let before = plan.names[place].new.readableActive(at: moment.now)
        var effects = plan.names[place].effects
        var record = plan.names[place].new
        let changed = try rule(&record, &effects, moment)
        plan.names[place].new = record
        plan.names[place].effects = effects
        guard changed else { return plan.results.append(.init(effect: .unchanged, version: version)) }
        plan.names[place].changed = true
        let activeChanged = before != record.readableActive(at: moment.now) || effects.reseals.contains(record.active)
        if activeChanged { plan.names[place].activeChanged = true }
        self.record(operation, name, version: version, activeChanged: activeChanged)
        plan.results.append(.init(effect: .changed, version: version))
    }

    private mutating func record(_ operation: Change.Operation, _ name: Name, version: UInt64, activeChanged: Bool) {
        plan.changes.append(Change(
            revision: moment.revision, ordinal: UInt32(plan.changes.count), lastOfRevision: false, table: .secrets,
            tenant: plan.tenant, name: name.bytes, operation: operation, version: version, activeChanged: activeChanged))
    }

    /// The active version, where it has this value, content type and expiry already and no settings would change.
    private mutating func presentVersion(of new: NewVersion, in transaction: borrowing SealedTransaction) throws(StoreError) -> UInt64? {
        try new.check(now: moment.now)
        let place = try place(of: new.name, in: transaction)
        let name = plan.names[place]
        try NameRecord.check(new.expected, against: name.new.comparable, moment: moment)
        guard let active = name.new.readableActive(at: moment.now), Int(active.size) == new.value.count,
            active.expires == new.expires, active.contentType.utf8.elementsEqual(new.contentType.utf8)
        else { return nil }
        var settled = name.new
        settled.apply(new.settings)
        guard settled.encoded() == name.new.encoded() else { return nil }
        if let write = name.effects.writes[active.version] {
            return write.value.isEqual(to: new.value.bytes) ? active.version : nil
        }
        guard let plaintext = try transaction.open(.values, name.valueHash + active.version.bigEndianBytes) else {
            throw StoreError(.damaged, "the active value of a name is missing")
        }
        return plaintext.withUnsafeBytes { bytes in
            guard let trailer = ValueTrailer(bytes), trailer.valueLength == new.value.count else { return nil }
            return new.value.isEqual(to: UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength])) ? active.version : nil
        }
    }
}

extension StoreError {
    func inStep(_ number: Int, _ mutation: Mutation) -> StoreError {
        let name: String = switch mutation {
        case .put(let new), .bring(let new): new.name.description
        case .activate(let name, _, _), .delete(let name, _, _), .undelete(let name, _, _), .destroy(let name, _, _),
            .update(let name, _, _): name.description
        case .putDocument(_, let name, _, _), .deleteDocument(_, let name, _): name.description
        case .budget(let step): step.budget.description
        }
        return StoreError(code, "entry \(number), \(name): \(message)")
    }
}
