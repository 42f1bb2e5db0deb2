import CofferStore

extension Accounts {
    /// Brings tenants, users, memberships and API keys of another system, all in one batch (decisions 23).
    ///
    /// What is there already stays as it is, so that the same rows can be brought again. A row that cannot come is refused with a note,
    /// together with the rows that depend on it; the others come.
    /// - Parameter dryRun: everything is judged, by the store too, and nothing written. The report is the same, but for its revision.
    /// - Throws: `locked`, `storeFull`, … and then nothing was changed.
    public func bring(_ rows: [ImportRow], dryRun: Bool, by principal: String) async throws(AccountError) -> ImportReport {
        let apiKeys = apiKeys
        let context = apiKeys.context
        return try await context.queue.run { () throws(AccountError) in
            try apiKeys.requireOpen()
            let plan = try ImportPlan(rows, apiKeys)
            let mutations = try plan.mutations()
            guard !mutations.isEmpty else { return plan.report(revision: context.store.revision) }
            let receipt = try AccountError.translating { () throws(StoreError) in
                try context.store.commit(Batch(principal: principal, dryRun: dryRun, mutations: mutations))
            }
            return plan.report(revision: receipt.revision)
        }
    }
}
