import CofferStore

/// What memory took of a budget when the store was locked: numbers only, so that the next unlocking need not call it a crash.
struct CarriedSpending: Sendable {
    /// 0: no block was open.
    var block: Int64
    var spent: Int64
    var day: UInt32
    var month: UInt32
    var accessed: UInt64
}

// A lock takes the keys away, not what was spent with them.
extension APIKeyService {
    /// Behind the commits that were answered: those that were not are refused, and changed nothing.
    func carry() {
        guard registry.isOpen else { return }
        var all: [UInt64: CarriedSpending] = [:]
        for account in registry.accounts {
            let carried: CarriedSpending? = account.lock.locked {
                let block = account.ownsBlock ? account.budget.block : 0
                let spent = account.spent.clampedAdding(account.sending)
                guard block > 0 || spent > 0 else { return nil }
                return CarriedSpending(
                    block: block, spent: spent, day: account.spentDay, month: account.spentMonth, accessed: account.accessed)
            }
            if let carried { all[account.number] = carried }
        }
        set(carried: all)
    }

    /// Goes on where the lock came in between. A block that the store does not know is none; what was spent of it stays with the store.
    func resume(_ number: UInt64, _ carried: CarriedSpending) {
        guard let account = registry.account(number) else { return }
        let isSpending = account.lock.locked {
            let isTheSame = account.budget.unlimited ? carried.block == 0 : carried.block > 0 && account.budget.block == carried.block
            guard isTheSame else { return false }
            account.ownsBlock = carried.block > 0
            account.spent = carried.spent
            account.spentDay = carried.day
            account.spentMonth = carried.month
            account.accessed = carried.accessed
            account.isListed = account.budget.unlimited && carried.spent > 0
            return account.isListed
        }
        if isSpending { spending.add(account) }
    }
}
