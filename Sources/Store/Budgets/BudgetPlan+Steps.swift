// Judges the budget steps of a batch, each against what the earlier ones left.
extension BudgetPlan {
    /// Plans one step; ``touched`` then has the budgets that it changes.
    /// - Throws: why it is refused. The whole plan is given up then.
    mutating func add(
        _ step: BudgetStep, moment: ChangeMoment, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Receipt.Effect {
        touched = []
        guard step.line.count <= StoreLimits.usageLine else {
            throw StoreError(.invalidArgument, "a usage line has at most \(StoreLimits.usageLine) bytes")
        }
        let (effect, outcome) = try judge(step, now: moment.now, in: transaction)
        outcomes.append(outcome)
        if !step.onlyRemoves { onlyRemoves = false }
        return effect
    }

    private typealias Judged = (Receipt.Effect, BudgetOutcome)

    private mutating func judge(_ step: BudgetStep, now: UInt64, in transaction: borrowing SealedTransaction) throws(StoreError) -> Judged {
        switch step {
        case .set(let name, let unlimited, let remaining, let used, let accessed):
            return try set(name, unlimited: unlimited, remaining: remaining, used: used, accessed: accessed, in: transaction)
        case .remove(let name):
            let stored = try known(name, in: transaction)
            remove(stored, in: transaction)
            return (.changed, BudgetOutcome(budget: stored.budget))
        case .reserve(let request): return try reserve(request, now: now, in: transaction)
        case .settle(let budget, let requestID, let amount, let line):
            try amount.checkQuota()
            return try settle(.init(budget: budget, requestID: requestID), amount, line, now: now, in: transaction)
        case .release(let budget, let requestID):
            return try release(.init(budget: budget, requestID: requestID), now: now, in: transaction)
        case .expire(let budget, let requestID):
            return try expire(.init(budget: budget, requestID: requestID), now: now, in: transaction)
        case .charge(let budget, let wallet, let amount, let limits, let line):
            return try charge(budget, wallet, amount, limits, line, now: now, in: transaction)
        case .renewBlock(let name, let consumed, let wanted, let limits):
            return try renewBlock(name, consumed: consumed, wanted: wanted, limits, now: now, in: transaction)
        case .spend(let name, let amount, let accessed, let limits):
            return try spend(name, amount, accessed: accessed, limits, in: transaction)
        case .forfeitBlock(let name):
            var stored = try known(name, in: transaction)
            let lost = try stored.budget.forfeitBlock()
            if lost > 0 { write(stored) }
            return (lost > 0 ? .changed : .unchanged, BudgetOutcome(amount: lost, budget: stored.budget))
        }
    }

    private mutating func known(_ name: DocumentName, in transaction: borrowing SealedTransaction) throws(StoreError) -> StoredBudget {
        guard let stored = try budget(name, in: transaction) else {
            throw StoreError(.notFound, "there is no budget '\(name.description)'")
        }
        return stored
    }

    private mutating func set(
        _ name: DocumentName, unlimited: Bool?, remaining: Int64?, used: Int64?, accessed: UInt64?,
        in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Judged {
        let old = try budget(name, in: transaction)
        var new: StoredBudget
        if let old {
            new = old
        } else {
            guard let unlimited, let remaining else {
                throw StoreError(.invalidArgument, "a new budget needs to know what remains and whether it is unlimited")
            }
            new = StoredBudget(
                name: name, serial: try nextSerial(in: transaction), budget: Budget(unlimited: unlimited, remaining: remaining))
        }
        try new.budget.set(unlimited: unlimited, remaining: remaining, used: used)
        if let accessed { new.budget.accessed = accessed }
        guard new != old else { return (.unchanged, BudgetOutcome(budget: new.budget)) }
        write(new)
        return (old == nil ? .created : .changed, BudgetOutcome(budget: new.budget))
    }

    // MARK: Taking

    /// The order of the verdicts is decisions 12's.
    private func check(
        _ budget: Budget, _ wallet: Budget?, _ amount: Int64, _ limits: WindowLimits, opening: Bool
    ) throws(StoreError) {
        guard budget.affords(amount) else { throw StoreError(.budgetExhausted, "the budget has too little left") }
        if let wallet, !wallet.affords(amount) { throw StoreError(.walletExhausted, "the wallet has too little left") }
        // What is charged at once is never in flight.
        if opening, limits.inFlight > 0, budget.openReservations >= limits.inFlight {
            throw StoreError(.inFlightExhausted, "\(budget.openReservations) reservations are open already")
        }
        try budget.checkWindows(amount, limits)
    }

    private mutating func wallet(
        _ name: DocumentName?, of budget: DocumentName, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> StoredBudget? {
        guard let name else { return nil }
        guard name != budget else { throw StoreError(.invalidArgument, "a budget cannot be its own wallet") }
        return try known(name, in: transaction)
    }

    private mutating func reserve(
        _ request: ReservationRequest, now: UInt64, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Judged {
        try request.amount.checkQuota()
        try request.limits.check()
        let id = ReservationID(budget: request.budget, requestID: request.requestID)
        if let before = try reservation(id, in: transaction) {
            guard before.reservation.amount == request.amount, before.reservation.wallet == request.wallet else {
                throw StoreError(.conflict, "the request id was used for another reservation before")
            }
            return (.unchanged, try repeated(before, amount: request.amount, in: transaction))
        }
        guard request.expires > now else { throw StoreError(.invalidArgument, "the reservation's expiry lies in the past") }
        var budget = try known(request.budget, in: transaction)
        var wallet = try wallet(request.wallet, of: request.budget, in: transaction)
        try check(budget.budget, wallet?.budget, request.amount, request.limits, opening: true)
        try budget.budget.reserve(request.amount, request.limits)
        try wallet?.budget.reserve(request.amount, request.limits)
        write(budget)
        if let wallet { write(wallet) }
        let made = StoredReservation(Reservation(request, now: now), budgetSerial: budget.serial, walletSerial: wallet?.serial ?? 0)
        try write(made, in: transaction)
        return (.changed, BudgetOutcome(amount: request.amount, state: .open, expires: request.expires, budget: budget.budget))
    }

    private mutating func charge(
        _ name: DocumentName, _ walletName: DocumentName?, _ amount: Int64, _ limits: WindowLimits, _ line: [UInt8], now: UInt64,
        in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Judged {
        try amount.checkQuota()
        try limits.check()
        var budget = try known(name, in: transaction)
        var wallet = try wallet(walletName, of: name, in: transaction)
        try check(budget.budget, wallet?.budget, amount, limits, opening: false)
        try budget.budget.charge(amount, limits)
        try wallet?.budget.charge(amount, limits)
        budget.budget.accessed = now
        wallet?.budget.accessed = now
        add(line: line, to: &budget, now: now, in: transaction)
        write(budget)
        if let wallet { write(wallet) }
        return (.changed, BudgetOutcome(amount: amount, budget: budget.budget))
    }

    // MARK: What the daemon's memory spends (formats.md 11)

    private mutating func renewBlock(
        _ name: DocumentName, consumed: Int64, wanted: Int64, _ limits: WindowLimits, now: UInt64,
        in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Judged {
        try consumed.checkQuota()
        try wanted.checkQuota()
        try limits.check()
        let old = try known(name, in: transaction)
        var new = old
        let block = try new.budget.renewBlock(consumed: consumed, wanted: wanted, limits)
        if consumed > 0 { new.budget.accessed = now }
        if new != old { write(new) }
        return (new != old ? .changed : .unchanged, BudgetOutcome(amount: block, budget: new.budget))
    }

    private mutating func spend(
        _ name: DocumentName, _ amount: Int64, accessed: UInt64, _ limits: WindowLimits, in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> Judged {
        try amount.checkQuota()
        try limits.check()
        let old = try known(name, in: transaction)
        var new = old
        let taken = new.budget.available(of: amount)
        try new.budget.charge(taken, limits)
        new.budget.accessed = max(new.budget.accessed, accessed)
        if new != old { write(new) }
        return (
            new != old ? .changed : .unchanged, BudgetOutcome(amount: taken, shortfall: amount - taken, budget: new.budget)
        )
    }
}
