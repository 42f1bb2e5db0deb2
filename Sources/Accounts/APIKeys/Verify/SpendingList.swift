import Synchronization

/// Unlimited accounts that spent something the store does not know yet. A chain through the accounts: entering one allocates nothing.
final class SpendingList: @unchecked Sendable {
    private let lock = ShardLock()
    /// Under the lock, like `next` of each account.
    private var first: APIKeyAccount?

    /// The caller saw to it, under the account's lock, that it is entered once (`isListed`).
    @inline(__always)
    func add(_ account: APIKeyAccount) {
        lock.locked {
            account.next = first
            first = account
        }
    }

    /// Takes all out; each may be entered again at once.
    func take() -> [APIKeyAccount] {
        var taken: [APIKeyAccount] = []
        lock.locked {
            while let account = first {
                first = account.next
                account.next = nil
                taken.append(account)
            }
        }
        for account in taken { account.lock.locked { account.isListed = false } }
        return taken
    }

    func clear() { _ = take() }
}
