// Reading quotas. Between begin and end; all of it allocates.
extension StoreReader {
    private func open(_ table: Table, _ key: [UInt8], keys: KeySet) throws(StoreError) -> [UInt8]? {
        guard let record = try currentTransaction.get(table, key) else { return nil }
        return try key.withBytes { (key) throws(StoreError) in try Record.open(record, table: table, key: key, keys: keys) }
    }

    /// `nil`: there is none of this name.
    public func budget(_ name: DocumentName) throws(StoreError) -> Budget? {
        let keys = try unlockedKeys()
        guard let bytes = try open(.budgets, BudgetKeys.budget(name, keys: keys), keys: keys) else { return nil }
        let stored = try StoredBudget(decoding: bytes)
        guard stored.name == name else { throw StoreError(.damaged, "a budget's record is about another name") }
        return stored.budget
    }

    /// Visits all budgets, in no particular order.
    public func forEachBudget(_ body: (DocumentName, Budget) throws(StoreError) -> Void) throws(StoreError) {
        let keys = try unlockedKeys()
        try currentTransaction.scan(.budgets) { (key, record) throws(StoreError) in
            let stored = try StoredBudget(decoding: try Record.open(record, table: .budgets, key: key, keys: keys))
            guard key.elementsEqual(BudgetKeys.budget(stored.name, keys: keys)) else {
                throw StoreError(.damaged, "a budget's record is about another name")
            }
            try body(stored.name, stored.budget)
            return true
        }
    }

    /// An open reservation, or one of the 65,536 that ended last; `nil`: neither.
    public func reservation(budget: DocumentName, requestID: DocumentName) throws(StoreError) -> Reservation? {
        let keys = try unlockedKeys()
        let id = ReservationID(budget: budget, requestID: requestID)
        for isOpen in [true, false] {
            guard let bytes = try open(.reservations, BudgetKeys.reservation(id, open: isOpen, keys: keys), keys: keys) else { continue }
            let stored = try StoredReservation(decoding: bytes)
            guard stored.id == id else { throw StoreError(.damaged, "a reservation's record is about another one") }
            return stored.reservation
        }
        return nil
    }

    /// All that are open, also those whose time has passed, in no particular order.
    public func openReservations() throws(StoreError) -> [Reservation] {
        let keys = try unlockedKeys()
        var result: [Reservation] = []
        try currentTransaction.scan(.reservations, from: BudgetKeys.openReservations) { (key, record) throws(StoreError) in
            guard BudgetKeys.isOpenReservation(key) else { return false }
            let stored = try StoredReservation(decoding: try Record.open(record, table: .reservations, key: key, keys: keys))
            guard key.elementsEqual(BudgetKeys.reservation(stored.id, open: true, keys: keys)) else {
                throw StoreError(.damaged, "a reservation's record is about another one")
            }
            result.append(stored.reservation)
            return true
        }
        return result
    }

    /// At most `limit` usage lines of a budget, the newest first; none where there is no such budget. Times are Unix milliseconds.
    public func usageLines(_ budget: DocumentName, limit: Int) throws(StoreError) -> [(time: UInt64, line: [UInt8])] {
        let keys = try unlockedKeys()
        guard let present = try self.budget(budget) else { return [] }
        let count = min(UInt64(max(limit, 0)), present.lines, UInt64(StoreLimits.usageLines))
        var result: [(time: UInt64, line: [UInt8])] = []
        for back in 0..<count {
            let number = present.lines - 1 - back
            guard let bytes = try open(.usageLines, BudgetKeys.usageLine(budget, number: number, keys: keys), keys: keys) else {
                throw StoreError(.damaged, "a usage line is missing")
            }
            let stored = try StoredUsageLine(decoding: bytes)
            guard stored.budget == budget, stored.number == number else {
                throw StoreError(.damaged, "a usage line is about another budget")
            }
            result.append((stored.time, stored.line))
        }
        return result
    }
}
