// Documents of the small tables, and quotas.
extension RestoreIntake {
    func take(_ document: BackupDocument) throws(StoreError) {
        guard !isOnlyNames else { return try requireSameTenant(document) }
        try check?.check(document)
        let key = Document.key(document.table, document.name, keys: builder.keys)
        guard let before, case .adding = ground else {
            guard try !builder.contains(Table(document.table), key) else {
                throw Self.doubled("'\(document.name.description)' of \(Table(document.table).name)")
            }
            return try put(document, key)
        }
        if let present = try before.document(document.table, document.name.bytes) {
            try requireSame(document, present)
            return try keep(document, present, key)
        }
        guard try !builder.contains(Table(document.table), key) else {
            throw Self.doubled("'\(document.name.description)' of \(Table(document.table).name)")
        }
        // It would stand beside a thing that it does not belong to.
        if let owner = RestoreRules.owner(of: document.name.bytes, in: document.table),
            try before.document(owner.table, owner.name) != nil { return keep(Table(document.table), document.name.bytes) }
        try requireNew(document)
        try put(document, key)
    }

    private func put(_ document: BackupDocument, _ key: [UInt8]) throws(StoreError) {
        let written = before == nil ? document.revision : revision
        try builder.put(Table(document.table), key, Document.compose(document.bytes.bytes, name: document.name, revision: written))
        withExtendedLifetime(document.bytes) {}
    }

    private func keep(_ document: BackupDocument, _ present: SecretBuffer, _ key: [UInt8]) throws(StoreError) {
        defer { withExtendedLifetime((document.bytes, present)) {} }
        guard !present.isEqual(to: document.bytes.bytes) else { return }
        guard document.table == .sequences else { return keep(Table(document.table), document.name.bytes) }
        // Numbers go on above what both sides gave.
        if try RestoreRules.lastNumber(of: document.bytes) > RestoreRules.lastNumber(of: present) { try put(document, key) }
    }

    // MARK: Two stores that are not the same

    private func identity(_ document: BackupDocument) throws(StoreError) -> RestoreRules.Identity? {
        try RestoreRules.identity(of: document.bytes, document.name, in: document.table)
    }

    /// Secrets go by their tenant's number: it must mean the same tenant on both sides.
    private func requireSameTenant(_ document: BackupDocument) throws(StoreError) {
        guard document.table == .tenants, let wanted = try identity(document), tenants.contains(wanted.number) else { return }
        guard let present = try before?.document(.tenants, document.name.bytes) else {
            throw StoreError(.conflict, "the secrets belong to tenant \(wanted.number) of the backup, which the store does not have")
        }
        try requireSame(document, present)
    }

    /// Two stores number their things for themselves, and so do two copies of one that both went on. What hangs on a number would come to
    /// somebody else's thing.
    private func requireSame(_ document: BackupDocument, _ present: SecretBuffer) throws(StoreError) {
        guard let wanted = try identity(document), let own = try RestoreRules.identity(of: present, document.name, in: document.table),
            !RestoreRules.isSame(own, wanted, in: document.table, ofOneStore: header?.storeID == storeID)
        else { return }
        let (theirs, ours) = (Name.printable(wanted.name.name), Name.printable(own.name.name))
        let what = "number \(wanted.number) of \(Table(document.table).name)"
        throw StoreError(
            .conflict,
            theirs == ours
                ? "\(what) is another '\(theirs)' in the backup than in the store, made at another time: merging would mix the two"
                : "\(what) is '\(theirs)' in the backup and '\(ours)' in the store: merging would mix the two")
    }

    /// Names are given once, whatever the number.
    private func requireNew(_ document: BackupDocument) throws(StoreError) {
        guard RestoreRules.hasNames(document.table), let wanted = try identity(document), let before else { return }
        if identities[document.table] == nil {
            var found: [RestoreRules.NameInTenant: UInt64] = [:]
            try before.transaction.scan(Table(document.table)) { (key, record) throws(StoreError) in
                let opened = try Document.decompose(Record.open(record, table: Table(document.table), key: key, keys: before.keys))
                if let own = try RestoreRules.identity(of: opened.bytes, opened.name, in: document.table) { found[own.name] = own.number }
                return true
            }
            identities[document.table] = found
        }
        if let other = identities[document.table]?[wanted.name] {
            throw StoreError(
                .conflict,
                "'\(Name.printable(wanted.name.name))' of \(Table(document.table).name) has number \(wanted.number) in the backup and "
                    + "\(other) in the store: merging would make two of one name")
        }
    }

    // MARK: Quotas

    func take(_ counters: BudgetCounters) throws(StoreError) {
        guard !isOnlyNames else { return }
        guard counters.oldestFinished <= counters.nextFinished, counters.nextFinished < 1 << 62, counters.budgetsMade < 1 << 62 else {
            throw StoreError(.damaged, "the counters of the backup's reservations do not fit")
        }
        guard let before, case .adding = ground else { return self.counters = counters }
        var own = try presentCounters(before)
        own.budgetsMade = max(own.budgetsMade, counters.budgetsMade)
        self.counters = own
    }

    private func presentCounters(_ content: StoreContent) throws(StoreError) -> BudgetCounters {
        try content.open(.reservations, BudgetKeys.counters).map { (bytes) throws(StoreError) in try BudgetCounters(decoding: bytes) }
            ?? BudgetCounters()
    }

    func take(_ budget: StoredBudget) throws(StoreError) {
        guard !isOnlyNames else { return }
        let key = BudgetKeys.budget(budget.name, keys: builder.keys)
        if let present = try before?.open(.budgets, key) {
            if present != budget.encoded() { keep(.budgets, budget.name.bytes) }
            return
        }
        guard try !builder.contains(.budgets, key) else { throw Self.doubled("the budget '\(budget.name.description)'") }
        if let before, let owner = RestoreRules.owner(ofBudget: budget.name.bytes), try before.document(owner.table, owner.name) != nil {
            return keep(.budgets, budget.name.bytes)
        }
        try builder.put(.budgets, key, budget.encoded())
    }

    /// Whether a budget came from the backup: its reservations and lines come along.
    private func isNew(_ budget: DocumentName) throws(StoreError) -> Bool {
        let key = BudgetKeys.budget(budget, keys: builder.keys)
        guard let before else { return true }
        if try before.contains(.budgets, key) { return false }
        return try builder.contains(.budgets, key)
    }

    func take(_ stored: StoredReservation, finished: UInt64?) throws(StoreError) {
        guard !isOnlyNames, try isNew(stored.reservation.budget) else { return }
        let key = BudgetKeys.reservation(stored.id, open: finished == nil, keys: builder.keys)
        guard try !builder.contains(.reservations, key) else {
            throw Self.doubled("a reservation of '\(stored.reservation.budget.description)'")
        }
        try builder.put(.reservations, key, stored.encoded())
        guard let finished else { return }
        let counters = self.counters ?? BudgetCounters()
        if before == nil {
            guard finished >= counters.oldestFinished, finished < counters.nextFinished,
                try !builder.contains(.reservations, BudgetKeys.order(finished))
            else {
                throw StoreError(.damaged, "a reservation of the backup has a number that is not its own")
            }
            try builder.put(.reservations, BudgetKeys.order(finished), key)
        } else {
            try builder.put(.reservations, BudgetKeys.order(counters.nextFinished), key)
            self.counters = counters
            self.counters?.nextFinished += 1
            try forgetOldest()
        }
    }

    private func forgetOldest() throws(StoreError) {
        guard let counters, counters.nextFinished - counters.oldestFinished > StoreLimits.finishedReservations else { return }
        let oldest = BudgetKeys.order(counters.oldestFinished)
        if let place = try builder.open(.reservations, oldest) { try builder.delete(.reservations, place) }
        try builder.delete(.reservations, oldest)
        self.counters?.oldestFinished += 1
    }

    func take(_ line: StoredUsageLine) throws(StoreError) {
        guard !isOnlyNames, try isNew(line.budget) else { return }
        let key = BudgetKeys.usageLine(line.budget, number: line.number, keys: builder.keys)
        guard try !builder.contains(.usageLines, key) else { throw Self.doubled("a usage line of '\(line.budget.description)'") }
        try builder.put(.usageLines, key, line.encoded())
    }

    /// What is left to be written once all lines came.
    func writeCounters() throws(StoreError) {
        guard let counters else { return }
        try builder.put(.reservations, BudgetKeys.counters, counters.encoded())
    }
}
