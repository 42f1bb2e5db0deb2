// Budgets, reservations and usage lines.
extension BackupExport {
    func writeQuotas() throws(StoreError) {
        try writeCounters()
        try transaction.scan(.budgets) { (key, record) throws(StoreError) in
            try open(record, .budgets, key, to: opened)
            try count(.budgets)
            let stored = try StoredBudget(reading: opened.bytes)
            guard key.elementsEqual(BudgetKeys.budget(stored.name, keys: keys)) else {
                throw StoreError(.damaged, "a budget's record is about another name")
            }
            try named("budget '\(stored.name.description)'") { () throws(LineFault) in try lines.budget(opened.bytes) }
            try output.endLine(.budgets)
            return true
        }
        try writeReservations()
        try transaction.scan(.usageLines) { (key, record) throws(StoreError) in
            try open(record, .usageLines, key, to: opened)
            try count(.usageLines)
            let stored = try StoredUsageLine(reading: opened.bytes)
            guard key.elementsEqual(BudgetKeys.usageLine(stored.budget, number: stored.number, keys: keys)) else {
                throw StoreError(.damaged, "a usage line is about another budget")
            }
            try named("a usage line of '\(stored.budget.description)'") { () throws(LineFault) in try lines.usageLine(opened.bytes) }
            try output.endLine(.usageLines)
            return true
        }
    }

    private func writeCounters() throws(StoreError) {
        guard let record = try transaction.get(.reservations, BudgetKeys.counters) else { return }
        try BudgetKeys.counters.withBytes { (key) throws(StoreError) in try open(record, .reservations, key, to: opened) }
        try count(.reservations)
        try named("the counters of the reservations") { () throws(LineFault) in try lines.counters(opened.bytes) }
        try output.endLine(.counters)
    }

    /// The open ones, then those that ended, by the records of their order.
    private func writeReservations() throws(StoreError) {
        try transaction.scan(.reservations, from: BudgetKeys.openReservations) { (key, record) throws(StoreError) in
            guard BudgetKeys.isOpenReservation(key) else { return false }
            try writeReservation(record, key, finished: nil)
            return true
        }
        try transaction.scan(.reservations, from: BudgetKeys.order(0)) { (key, record) throws(StoreError) in
            guard let number = BudgetKeys.finishedNumber(key) else { return false }
            try open(record, .reservations, key, to: openedValue)
            try count(.reservations)
            let place = Array(openedValue.bytes)
            guard let finished = try transaction.get(.reservations, place) else {
                throw StoreError(.damaged, "a reservation that ended is missing")
            }
            try place.withBytes { (place) throws(StoreError) in try writeReservation(finished, place, finished: number) }
            return true
        }
    }

    private func writeReservation(
        _ record: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, finished: UInt64?
    ) throws(StoreError) {
        try open(record, .reservations, key, to: opened)
        try count(.reservations)
        let stored = try StoredReservation(reading: opened.bytes)
        guard key.elementsEqual(BudgetKeys.reservation(stored.id, open: finished == nil, keys: keys)),
            (stored.reservation.state == .open) == (finished == nil)
        else { throw StoreError(.damaged, "a reservation's record is about another one") }
        try named("a reservation of '\(stored.reservation.budget.description)'") { () throws(LineFault) in
            try lines.reservation(opened.bytes, finished: finished)
        }
        try output.endLine(.reservations)
    }
}
