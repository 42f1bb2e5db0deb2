/// What the budget steps of a batch come to: read from the transaction when first needed, changed by the rules, written by the executor.
struct BudgetPlan {
    /// `value` as it is to be; `nil`: absent.
    struct Planned<Value> {
        var value: Value?
        var changed = false
    }

    struct PlannedReservation {
        var stored: StoredReservation
        /// Where it lies in the store; `nil`: nowhere yet.
        var place: [UInt8]?
        var changed = false
    }

    private(set) var budgets: [DocumentName: Planned<StoredBudget>] = [:]
    private(set) var reservations: [ReservationID: PlannedReservation] = [:]
    /// By LMDB key; without a value: to be deleted.
    private(set) var lines: [[UInt8]: Planned<StoredUsageLine>] = [:]
    /// Reservations that end, in order.
    private(set) var finished: [ReservationID] = []
    private(set) var counters: Planned<BudgetCounters>?
    /// One for each step.
    var outcomes: [BudgetOutcome] = []
    /// Of the present step: the budgets that it changes.
    var touched: [(name: DocumentName, operation: Change.Operation)] = []
    /// Whether no step needs more room than it gives back.
    var onlyRemoves = true

    var isEmpty: Bool {
        !budgets.values.contains { $0.changed } && !reservations.values.contains { $0.changed }
    }

    /// About how many bytes of the file it takes, for the quota.
    var estimatedBytes: UInt64 {
        var bytes = UInt64(budgets.count + reservations.count + finished.count) * 1_024
        for line in lines.values { bytes += UInt64(line.value?.line.count ?? 0) + 1_024 }
        return bytes
    }

    // MARK: Budgets

    mutating func budget(_ name: DocumentName, in transaction: borrowing SealedTransaction) throws(StoreError) -> StoredBudget? {
        if let planned = budgets[name] { return planned.value }
        var stored: StoredBudget?
        if let bytes = try transaction.open(.budgets, BudgetKeys.budget(name, keys: transaction.keys)) {
            let found = try StoredBudget(decoding: bytes)
            guard found.name == name else { throw StoreError(.damaged, "a budget's record is about another name") }
            stored = found
        }
        budgets[name] = Planned(value: stored)
        return stored
    }

    mutating func write(_ budget: StoredBudget) {
        budgets[budget.name] = Planned(value: budget, changed: true)
        touched.append((budget.name, .put))
    }

    mutating func remove(_ budget: StoredBudget, in transaction: borrowing SealedTransaction) {
        budgets[budget.name] = Planned(value: nil, changed: true)
        touched.append((budget.name, .destroy))
        for slot in 0..<min(budget.budget.lines, UInt64(StoreLimits.usageLines)) {
            lines[BudgetKeys.usageLine(budget.name, number: slot, keys: transaction.keys)] = Planned(value: nil, changed: true)
        }
    }

    // MARK: Reservations

    mutating func reservation(_ id: ReservationID, in transaction: borrowing SealedTransaction) throws(StoreError) -> StoredReservation? {
        if let planned = reservations[id] { return planned.stored }
        for open in [true, false] {
            let place = BudgetKeys.reservation(id, open: open, keys: transaction.keys)
            guard let bytes = try transaction.open(.reservations, place) else { continue }
            let stored = try StoredReservation(decoding: bytes)
            guard stored.id == id, (stored.reservation.state == .open) == open else {
                throw StoreError(.damaged, "a reservation's record is about another one")
            }
            reservations[id] = PlannedReservation(stored: stored, place: place)
            return stored
        }
        return nil
    }

    /// A new one, or one whose state changed.
    mutating func write(_ stored: StoredReservation, in transaction: borrowing SealedTransaction) throws(StoreError) {
        reservations[stored.id] = PlannedReservation(stored: stored, place: reservations[stored.id]?.place, changed: true)
        guard stored.reservation.state != .open else { return }
        finished.append(stored.id)
        // Read now: what writes a plan does not read.
        try loadCounters(in: transaction)
    }

    // MARK: Lines and counters

    /// Adds a usage line; an empty one is none.
    mutating func add(line: [UInt8], to stored: inout StoredBudget, now: UInt64, in transaction: borrowing SealedTransaction) {
        guard !line.isEmpty else { return }
        let number = stored.budget.lines
        stored.budget.lines += 1
        lines[BudgetKeys.usageLine(stored.name, number: number, keys: transaction.keys)] = Planned(
            value: StoredUsageLine(budget: stored.name, number: number, time: now, line: line), changed: true)
    }

    /// - Returns: what tells a new budget from others of its name.
    mutating func nextSerial(in transaction: borrowing SealedTransaction) throws(StoreError) -> UInt64 {
        var present = try loadCounters(in: transaction)
        present.budgetsMade += 1
        counters = Planned(value: present, changed: true)
        return present.budgetsMade
    }

    @discardableResult
    private mutating func loadCounters(in transaction: borrowing SealedTransaction) throws(StoreError) -> BudgetCounters {
        if let present = counters?.value { return present }
        var loaded = BudgetCounters()
        if let bytes = try transaction.open(.reservations, BudgetKeys.counters) { loaded = try BudgetCounters(decoding: bytes) }
        counters = Planned(value: loaded)
        return loaded
    }
}
