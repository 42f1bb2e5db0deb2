import CofferStore

/// What the services of the accounts share.
final class AccountContext: Sendable {
    let store: Store
    let options: AccountOptions
    /// What memory knows of tenants, users, memberships and tokens.
    let directory: Directory
    let queue: ChangeQueue

    init(store: Store, options: AccountOptions) {
        self.store = store
        self.options = options
        directory = Directory()
        queue = ChangeQueue()
    }

    /// Unix milliseconds.
    var now: UInt64 { options.clock() }

    /// Commits and waits: on the change queue only. Memory has followed when this returns.
    @discardableResult
    func commit(_ mutations: [Mutation], by principal: String) throws(AccountError) -> Receipt {
        try AccountError.translating { () throws(StoreError) in
            try store.commit(Batch(principal: principal, mutations: mutations))
        }
    }

    /// One document that is not kept in memory, read at the disk's pace: on the change queue or another thread that may block.
    func document(_ table: DocumentTable, _ name: DocumentName) throws(AccountError) -> SecretBuffer? {
        try AccountError.translating { () throws(StoreError) in
            try store.withWorker { (worker) throws(StoreError) in try worker.reader.document(table, name) }
        }
    }
}
