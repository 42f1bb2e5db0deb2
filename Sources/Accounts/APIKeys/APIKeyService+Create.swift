import CofferStore

// New keys. On the change queue: what is checked against memory cannot move before the commit.
extension APIKeyService {
    /// - Returns: the key, and its readable form without `sk-`; this is the only time that it is given without ``reveal(_:)``.
    /// - Throws: `invalidArgument` naming the field, `notFound` (tenant or owner), `alreadyExists`, `tooMany`, `locked`, …
    public func create(
        _ draft: APIKeyDraft, by principal: String
    ) async throws(AccountError) -> (view: APIKeyView, readable: SecretBuffer) {
        let readable = draft.readable ?? ReadableForm.random(draft.form)
        var draft = draft
        draft.readable = readable
        guard let view = try await createAll([draft], by: principal).first else {
            throw AccountError(.failed, "", "the new API key is gone already")
        }
        return (view, readable)
    }

    /// All of them, or none, in one batch. Import may bring readable forms and betas; what is missing is made.
    public func createAll(_ drafts: [APIKeyDraft], by principal: String) async throws(AccountError) -> [APIKeyView] {
        try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            var plan = try APIKeyPlan(self)
            for draft in drafts { try plan.add(draft) }
            if plan.numbers.isEmpty { return [] }
            try context.commit(try plan.mutations(), by: principal)
            let now = context.now
            return plan.numbers.compactMap { registry.account($0)?.view(at: now) }
        }
    }
}
