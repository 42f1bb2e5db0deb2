import CofferStore

// What happens by itself: usage of unlimited keys is told to the store, reservations end.
extension APIKeyService {
    /// Reservations that one batch ends.
    private static let endsPerBatch = 1_000

    /// Nothing of its own: the accounts' ticker calls ``tick(now:)``.
    func start() {}

    /// One beat. Blocks for commits; not on the writer's thread.
    func tick(now: UInt64) {
        guard registry.isOpen else { return }
        flush(spending.take(), now: now)
        expireReservations(now: now)
    }

    /// Gives blocks back and tells what was spent, before the store closes. Blocks for commits.
    func stop() {
        guard registry.isOpen else { return }
        let accounts = registry.accounts
        flush(accounts, now: context.now)
        giveBack(accounts)
        _ = spending.take()
    }

    /// - Parameter accounts: may hold some that have nothing to tell.
    private func flush(_ accounts: [APIKeyAccount], now: UInt64) {
        for part in accounts.parts(of: Self.batchSize) {
            var told: [(APIKeyAccount, Int64)] = []
            var steps: [Mutation] = []
            for account in part {
                guard let step = account.lock.locked({ account.beginSending() }), let budget = try? DocumentName.budget(account.number)
                else { continue }
                told.append((account, step.amount))
                steps.append(.budget(.spend(budget: budget, amount: step.amount, accessed: step.accessed, limits: step.limits)))
            }
            guard !steps.isEmpty else { continue }
            let isTold = (try? context.store.commit(Batch(principal: Self.principal, mutations: steps))) != nil
            if isTold || told.count == 1 {
                for (account, amount) in told { endSending(account, amount, told: isTold) }
            } else {
                // One of them cannot be told (its key was deleted at this moment): the others must not wait for it.
                for ((account, amount), step) in zip(told, steps) {
                    let isTold = (try? context.store.commit(Batch(principal: Self.principal, mutations: [step]))) != nil
                    endSending(account, amount, told: isTold)
                }
            }
        }
    }

    private func giveBack(_ accounts: [APIKeyAccount]) {
        for part in accounts.parts(of: Self.batchSize) {
            var steps: [Mutation] = []
            var given: [APIKeyAccount] = []
            for account in part {
                let block: (Int64, WindowLimits)? = account.lock.locked {
                    guard account.ownsBlock, account.budget.block > 0, !account.isRenewing else { return nil }
                    account.isRenewing = true
                    return (account.spent, account.spentLimits)
                }
                guard let block, let budget = try? DocumentName.budget(account.number) else { continue }
                given.append(account)
                steps.append(.budget(.renewBlock(budget: budget, consumed: block.0, wanted: 0, limits: block.1)))
            }
            guard !steps.isEmpty else { continue }
            _ = try? context.store.commit(Batch(principal: Self.principal, mutations: steps))
            for account in given {
                let waiters = account.lock.locked {
                    account.spent = 0
                    account.ownsBlock = false
                    account.isRenewing = false
                    defer { account.waiters = [] }
                    return account.waiters
                }
                for waiter in waiters { waiter() }
            }
        }
    }

    private func expireReservations(now: UInt64) {
        while true {
            let ended = reservations.takeEnded(at: now, limit: Self.endsPerBatch)
            guard !ended.isEmpty else { return }
            let steps: [Mutation] = ended.compactMap { identity in
                (try? DocumentName.budget(identity.key)).map { .budget(.expire(budget: $0, requestID: identity.requestID)) }
            }
            do throws(StoreError) {
                _ = try context.store.commit(Batch(principal: Self.principal, mutations: steps))
            } catch {
                // The next beat tries again.
                for identity in ended { reservations.add(identity.key, identity.requestID, expires: now) }
                return
            }
        }
    }
}

extension APIKeyAccount {
    struct Sending: Sendable {
        var amount: Int64
        var accessed: UInt64
        var limits: WindowLimits
    }

    /// What an unlimited budget has to tell; it counts as `sending` until ``settleSending(_:told:)``. Under the lock.
    func beginSending() -> Sending? {
        // What a budget spent of a block before it became unlimited goes back with the block.
        guard entry != nil, budget.unlimited, !ownsBlock || budget.block == 0, spent > 0, sending == 0 else { return nil }
        // One step carries no more; the rest goes with the next.
        sending = min(spent, APIKeyLimits.quota)
        spent -= sending
        return Sending(amount: sending, accessed: accessed, limits: spentLimits)
    }

    /// Under the lock.
    func settleSending(_ amount: Int64, told: Bool) {
        guard amount > 0 else { return }
        sending = max(sending - amount, 0)
        if !told { spent = spent.clampedAdding(amount) }
    }
}

extension Array {
    func parts(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
