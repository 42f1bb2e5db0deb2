// How a reservation ends.
extension BudgetPlan {
    typealias Closed = (Receipt.Effect, BudgetOutcome)

    private mutating func known(_ id: ReservationID, in transaction: borrowing SealedTransaction) throws(StoreError) -> StoredReservation {
        guard let stored = try reservation(id, in: transaction) else {
            throw StoreError(.notFound, "there is no reservation '\(id.requestID.description)' of this budget")
        }
        return stored
    }

    mutating func settle(
        _ id: ReservationID, _ amount: Int64, _ line: [UInt8], now: UInt64, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Closed {
        let stored = try known(id, in: transaction)
        let reservation = stored.reservation
        switch reservation.state {
        case .open: break
        case .settled:
            guard reservation.charged + reservation.shortfall == amount else {
                throw StoreError(.conflict, "the reservation was settled with another amount before")
            }
            return (.unchanged, try repeated(stored, amount: reservation.charged, in: transaction))
        case .released, .expired: throw StoreError(.conflict, "the reservation was \(reservation.state) before; nothing was charged")
        }
        // Also behind its expiry, until that is noticed: the work was done.
        return (.changed, try close(stored, as: .settled, amount, line, now: now, in: transaction))
    }

    mutating func release(_ id: ReservationID, now: UInt64, in transaction: borrowing SealedTransaction) throws(StoreError) -> Closed {
        let stored = try known(id, in: transaction)
        switch stored.reservation.state {
        case .open: return (.changed, try close(stored, as: .released, now: now, in: transaction))
        case .released, .expired: return (.unchanged, try repeated(stored, amount: stored.reservation.amount, in: transaction))
        case .settled: throw StoreError(.conflict, "the reservation was settled before")
        }
    }

    mutating func expire(_ id: ReservationID, now: UInt64, in transaction: borrowing SealedTransaction) throws(StoreError) -> Closed {
        guard let stored = try reservation(id, in: transaction) else {
            return (.unchanged, BudgetOutcome(budget: try budget(id.budget, in: transaction)?.budget ?? Self.gone))
        }
        guard stored.reservation.state == .open, stored.reservation.expires <= now else {
            return (.unchanged, try repeated(stored, amount: 0, isRepeated: stored.reservation.state == .expired, in: transaction))
        }
        return (.changed, try close(stored, as: .expired, now: now, in: transaction))
    }

    /// The answer to a request id that was answered before.
    mutating func repeated(
        _ stored: StoredReservation, amount: Int64, isRepeated: Bool = true, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> BudgetOutcome {
        let reservation = stored.reservation
        return BudgetOutcome(
            amount: amount, shortfall: reservation.shortfall, state: reservation.state, repeated: isRepeated, expires: reservation.expires,
            budget: try owner(reservation.budget, stored.budgetSerial, in: transaction)?.budget ?? Self.gone)
    }

    private static let gone = Budget(unlimited: false, remaining: 0)

    /// The budget that a reservation was taken from; `nil`: it was removed, whatever has its name now.
    private mutating func owner(
        _ name: DocumentName?, _ serial: UInt64, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> StoredBudget? {
        guard let name, let stored = try budget(name, in: transaction), stored.serial == serial else { return nil }
        return stored
    }

    private mutating func close(
        _ stored: StoredReservation, as state: Reservation.State, _ amount: Int64 = 0, _ line: [UInt8] = [], now: UInt64,
        in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> BudgetOutcome {
        var stored = stored
        let open = stored.reservation
        var budget = try owner(open.budget, stored.budgetSerial, in: transaction)
        var wallet = try owner(open.wallet, stored.walletSerial, in: transaction)
        let charged = Self.charge(amount, reserved: open.amount, from: [budget?.budget, wallet?.budget].compactMap { $0 })
        try budget?.budget.close(open, charged: charged)
        try wallet?.budget.close(open, charged: charged)
        if state != .expired {
            budget?.budget.accessed = now
            wallet?.budget.accessed = now
        }
        if var present = budget {
            add(line: line, to: &present, now: now, in: transaction)
            write(present)
            budget = present
        }
        if let wallet { write(wallet) }
        stored.reservation.state = state
        stored.reservation.charged = charged
        stored.reservation.shortfall = amount - charged
        try write(stored, in: transaction)
        return BudgetOutcome(
            amount: state == .settled ? charged : open.amount, shortfall: amount - charged, state: state, expires: open.expires,
            budget: budget?.budget ?? Self.gone)
    }

    /// What a reservation's budgets pay of `amount`: all pay the same. Beyond what is reserved that is what the poorest has left.
    private static func charge(_ amount: Int64, reserved: Int64, from budgets: [Budget]) -> Int64 {
        guard !budgets.isEmpty else { return 0 }
        guard amount > reserved else { return amount }
        return reserved + budgets.reduce(amount - reserved) { min($0, $1.available(of: amount - reserved)) }
    }
}
