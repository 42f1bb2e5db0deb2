import CofferStore
import Dispatch

// Changes and deletes, on the change queue.
extension APIKeyService {
    /// - Parameters:
    ///   - expected: the revision that the caller saw; another one in the store is `conflict`. `nil`: whatever it is.
    ///   - isAllowed: asked about the key as it is before the change, when the change is made.
    /// - Throws: `notFound`, `conflict`, `invalidArgument` naming the field, `denied`, `locked`, …
    public func update(
        _ number: UInt64, _ change: APIKeyChange, expected: UInt64?, by principal: String,
        where isAllowed: @escaping Permission<APIKey> = { _ in true }
    ) async throws(AccountError) -> APIKeyView {
        try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            guard let account = registry.account(number), let entry = account.current else { throw .noSuchKey }
            try AccountError.require(isAllowed, entry.key)
            if let expected, expected != entry.key.revision {
                throw AccountError(.conflict, "revision", "the API key was changed meanwhile")
            }
            var record = entry.record
            try change.apply(to: &record.key)
            record.key.updated = context.now
            let document = Mutation.putDocument(
                .apiKeys, try .number(number), record.encoded(), expected: .exactly(entry.key.revision))
            if change.quota != nil || change.unlimited != nil {
                try setBudget(account, change, with: document, by: principal)
            } else {
                try context.commit([document], by: principal)
            }
            guard let view = account.view(at: context.now) else { throw .noSuchKey }
            return view
        }
    }

    /// What memory took is told first, and an open block given back, all in one batch: what is set is then all that is left.
    private func setBudget(
        _ account: APIKeyAccount, _ change: APIKeyChange, with document: Mutation, by principal: String
    ) throws(AccountError) {
        let budget = try DocumentName.budget(account.number)
        let taken = waitForBlock(account)
        var steps: [Mutation] = [document]
        if taken.block > 0 {
            steps.append(.budget(.renewBlock(budget: budget, consumed: taken.consumed, wanted: 0, limits: taken.limits)))
        }
        if taken.sending > 0 {
            steps.append(.budget(.spend(budget: budget, amount: taken.sending, accessed: taken.accessed, limits: taken.limits)))
        }
        steps.append(.budget(.set(budget, unlimited: change.unlimited, remaining: change.quota, used: nil)))
        do throws(AccountError) {
            try context.commit(steps, by: principal)
        } catch {
            end(taken, account, told: false)
            throw error
        }
        end(taken, account, told: true)
    }

    private struct Taken: Sendable {
        var block: Int64 = 0
        var consumed: Int64 = 0
        var sending: Int64 = 0
        var accessed: UInt64 = 0
        var limits: WindowLimits
    }

    /// Keeps verify away from the block until ``end(_:_:told:)``. Waits for a renewal that is under way; the change queue may.
    private func waitForBlock(_ account: APIKeyAccount) -> Taken {
        while true {
            let ended = DispatchSemaphore(value: 0)
            let taken: Taken? = account.lock.locked {
                guard !account.isRenewing else {
                    account.waiters.append { ended.signal() }
                    return nil
                }
                account.isRenewing = true
                var taken = Taken(limits: account.spentLimits)
                if account.budget.unlimited {
                    if let sending = account.beginSending() {
                        taken.sending = sending.amount
                        taken.accessed = sending.accessed
                    }
                } else if account.ownsBlock {
                    taken.block = account.budget.block
                    taken.consumed = account.spent
                }
                return taken
            }
            if let taken { return taken }
            ended.wait()
        }
    }

    private func end(_ taken: Taken, _ account: APIKeyAccount, told: Bool) {
        let waiters = account.lock.locked {
            account.settleSending(taken.sending, told: told)
            if told { account.spent -= min(taken.consumed, account.spent) }
            account.isRenewing = false
            defer { account.waiters = [] }
            return account.waiters
        }
        for waiter in waiters { waiter() }
    }

    /// Unknown numbers are skipped; the others go in one batch, with everything that belongs to them.
    /// - Parameter isAllowed: asked about each key as it is when it goes; one that is not allowed keeps them all.
    /// - Returns: how many there were. No verify that begins behind the answer passes.
    public func delete(
        _ numbers: [UInt64], by principal: String, where isAllowed: @escaping Permission<APIKey> = { _ in true }
    ) async throws(AccountError) -> Int {
        try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            for number in numbers { if let entry = registry.account(number)?.current { try AccountError.require(isAllowed, entry.key) } }
            let known = Set(numbers).filter { registry.account($0) != nil }.sorted()
            guard !known.isEmpty else { return 0 }
            try context.commit(try mutationsDeleting(known), by: principal)
            return known.count
        }
    }
}
