import CofferStore

// The ends of a reservation.
extension APIKeyService {
    /// Charges what a request really cost, and gives back the rest of what was set aside.
    /// - Parameters:
    ///   - number: the key's. It may be deleted: then the reservation just ends.
    ///   - amount: quota units, 0 to 500,000,000,000,000.
    ///   - line: kept as the key's usage, the last 1,000 of each.
    ///   - completion: at once or on the store's writer thread; must not block. `notFound`: there is no such reservation; `conflict`: it
    ///     was settled with another amount, released, or has expired.
    public func settle(
        _ number: UInt64, requestID: [UInt8], amount: Int64, line: UsageLine?, by principal: String,
        completion: @escaping @Sendable (Result<SettleAnswer, AccountError>) -> Void
    ) {
        end(number, requestID, by: principal, completion) { (budget, requestID) throws(AccountError) in
            guard (0...APIKeyLimits.quota).contains(amount) else { throw .outOfRange("amount") }
            try line?.check()
            return .settle(budget: budget, requestID: requestID, amount: amount, line: line?.encoded() ?? [])
        }
    }

    /// Gives all of it back.
    /// - Parameter completion: as of ``settle(_:requestID:amount:line:by:completion:)``.
    public func release(
        _ number: UInt64, requestID: [UInt8], by principal: String,
        completion: @escaping @Sendable (Result<SettleAnswer, AccountError>) -> Void
    ) {
        end(number, requestID, by: principal, completion) { (budget, requestID) throws(AccountError) in
            .release(budget: budget, requestID: requestID)
        }
    }

    private func end(
        _ number: UInt64, _ bytes: [UInt8], by principal: String,
        _ completion: @escaping @Sendable (Result<SettleAnswer, AccountError>) -> Void,
        step: (DocumentName, DocumentName) throws(AccountError) -> BudgetStep
    ) {
        let requestID: DocumentName
        let mutation: Mutation
        let isRelease: Bool
        do throws(AccountError) {
            guard registry.isOpen else { throw .isLocked }
            requestID = try Self.requestID(bytes)
            let step = try step(try .budget(number), requestID)
            if case .release = step { isRelease = true } else { isRelease = false }
            mutation = .budget(step)
        } catch {
            return completion(.failure(error))
        }
        submit([mutation], by: principal) { [self] result in
            switch result {
            case .failure(let error):
                var failure = AccountError(error)
                if failure.code == .conflict || failure.code == .notFound { failure.field = "request_id" }
                completion(.failure(failure))
            case .success(let receipt):
                guard let outcome = receipt.budgets.first else {
                    return completion(.failure(AccountError(.failed, "", "the store gave no outcome of a reservation's end")))
                }
                reservations.remove(number, requestID)
                completion(.success(answer(number, outcome, isRelease: isRelease)))
            }
        }
    }

    private func answer(_ number: UInt64, _ outcome: BudgetOutcome, isRelease: Bool) -> SettleAnswer {
        let account = registry.account(number)
        let state = account.map { account in account.lock.locked { (account.remaining, account.budget.unlimited) } }
        return SettleAnswer(
            number: number, charged: isRelease ? 0 : outcome.amount, shortfall: outcome.shortfall,
            remaining: state?.0 ?? outcome.budget.remaining, unlimited: state?.1 ?? outcome.budget.unlimited, repeated: outcome.repeated)
    }
}
