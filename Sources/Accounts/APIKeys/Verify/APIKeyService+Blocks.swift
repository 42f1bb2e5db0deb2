import CofferStore

// What memory took or may take, and the store's side of it: blocks of limited keys, the running sum of unlimited ones.
extension APIKeyService {
    /// Tells the store what was taken of the block and asks for a new one. The caller has set `isRenewing`, under the account's lock.
    /// - Parameter done: what was granted; on the writer's thread, before those that waited.
    func renew(
        _ account: APIKeyAccount, consumed: Int64, wanted: Int64, limits: WindowLimits, done: @escaping @Sendable (Int64) -> Void
    ) {
        guard let budget = try? DocumentName.budget(account.number) else { return endRenewal(account, consumed: nil) { done(0) } }
        let step = BudgetStep.renewBlock(budget: budget, consumed: consumed, wanted: wanted, limits: blockLimits(account, limits))
        submit([.budget(step)]) { [self] result in
            guard case .success(let receipt) = result, let outcome = receipt.budgets.first else {
                return endRenewal(account, consumed: nil) { done(0) }
            }
            endRenewal(account, consumed: consumed) { done(wanted > 0 ? outcome.budget.block : 0) }
        }
    }

    /// What was taken yesterday counts there, whatever the limits are; a block of today holds no more than they still allow.
    private func blockLimits(_ account: APIKeyAccount, _ spent: WindowLimits) -> WindowLimits {
        guard let entry = account.current else { return spent }
        let present = APIKeyAccount.limits(entry, now: context.now, inFlight: false)
        let isOfToday = spent.dayPeriod == present.dayPeriod && spent.monthPeriod == present.monthPeriod
        return isOfToday || spent.dayPeriod == 0 ? present : spent
    }

    /// - Parameter consumed: what the store knows now; `nil`: the commit failed, nothing changed.
    private func endRenewal(_ account: APIKeyAccount, consumed: Int64?, first: () -> Void) {
        let waiters = account.lock.locked {
            if let consumed {
                account.spent -= consumed
                account.ownsBlock = true
            }
            account.isRenewing = false
            defer { account.waiters = [] }
            return account.waiters
        }
        first()
        for waiter in waiters { waiter() }
    }

    /// Gives the block back, so that the store has all that is left; `done` at once where there is none.
    func giveBack(_ account: APIKeyAccount, done: @escaping @Sendable () -> Void) {
        enum Plan: Sendable { case nothing, waiting, renew(Int64, WindowLimits) }
        let plan: Plan = account.lock.locked {
            if account.isRenewing {
                account.waiters.append { [self] in giveBack(account, done: done) }
                return .waiting
            }
            guard account.ownsBlock, account.budget.block > 0 else { return .nothing }
            account.isRenewing = true
            return .renew(account.spent, account.spentLimits)
        }
        switch plan {
        case .nothing: done()
        case .waiting: break
        case .renew(let consumed, let limits): renew(account, consumed: consumed, wanted: 0, limits: limits) { _ in done() }
        }
    }

    /// Before a commit that the store judges by day and month: tells it what memory took, where the windows would miss it, or where it
    /// is of a day before (a counter that has begun a new day cannot go back). `done` at once where there is nothing to tell.
    func tellSpent(_ account: APIKeyAccount, _ entry: APIKeyEntry, now: UInt64, done: @escaping @Sendable () -> Void) {
        enum Plan: Sendable { case nothing, giveBack, send(APIKeyAccount.Sending) }
        let periods = entry.clock.periods(at: now)
        let plan: Plan = account.lock.locked {
            guard account.spent > 0, entry.key.windows.limitsTokens || account.spentDay != periods.day else { return .nothing }
            guard account.budget.unlimited else { return .giveBack }
            return account.beginSending().map { .send($0) } ?? .nothing
        }
        switch plan {
        case .nothing: done()
        case .giveBack: giveBack(account, done: done)
        case .send(let sending):
            guard let budget = try? DocumentName.budget(account.number) else { return done() }
            let step = BudgetStep.spend(budget: budget, amount: sending.amount, accessed: sending.accessed, limits: sending.limits)
            submit([.budget(step)]) { [self] result in
                endSending(account, sending.amount, told: (try? result.get()) != nil)
                done()
            }
        }
    }

    /// What could not be told is told later.
    func endSending(_ account: APIKeyAccount, _ amount: Int64, told: Bool) {
        let again = account.lock.locked {
            account.settleSending(amount, told: told)
            guard account.spent > 0, account.entry != nil, !account.isListed else { return false }
            account.isListed = true
            return true
        }
        if again { spending.add(account) }
    }
}
