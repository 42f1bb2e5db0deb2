import CofferStore

// API keys.
extension ImportPlan {
    mutating func apiKey(_ fields: inout ImportFields) throws(AccountError) -> ImportReport.Effect {
        var draft = APIKeyDraft(form: try fields.word("form", { APIKey.Form(word: $0) }) ?? .coffer)
        draft.isOfImport = true
        // What somebody owns already is no matter of limits.
        draft.limit = .max
        let (tenant, owner) = try place(&fields, form: draft.form)
        draft.tenant = tenant.number
        draft.owner = owner?.number ?? 0
        draft.name = try fields.label("name")
        draft.status = try fields.word("status", { APIKey.Status(word: $0) }) ?? .enabled
        draft.expires = try fields.expiry("expires") ?? -1
        try quota(&fields, &draft)
        try limits(&fields, &draft)
        draft.group = fields.text("group") ?? ""
        draft.crossGroupRetry = try fields.bool("cross_group_retry") ?? false
        draft.autoGroups = fields.lines("auto_groups")
        draft.dialogID = fields.text("dialog_id")
        draft.source = fields.text("source")
        draft.created = try fields.moment("created")
        draft.updated = try fields.moment("updated") ?? 0
        draft.accessed = try fields.moment("accessed")
        draft.newapiID = try fields.number("newapi_id", ImportFields.identifiers)
        draft.beta = fields.secret("beta")
        guard let readable = fields.secret("key") else { throw AccountError(.invalidArgument, "key", "it is missing") }
        draft.readable = readable
        try fields.finish()
        if let holder = keys.holder(of: readable, .apiKey) {
            guard holder == APIKeyPlan.Holder(tenant: draft.tenant, owner: draft.owner) else {
                throw AccountError(.alreadyExists, "key", "it is another user's or tenant's already")
            }
            return .unchanged
        }
        draft.beta = usable(draft.beta)
        if let brought = draft.newapiID, brought > 0, !keys.isFree(newapiID: brought) {
            remark("another API key has the number \(brought) of new-api: this one gets a new one")
            draft.newapiID = nil
        }
        try keys.add(draft, in: tenant)
        return .created
    }

    /// Where it belongs, and to whom.
    private mutating func place(_ fields: inout ImportFields, form: APIKey.Form) throws(AccountError) -> (tenant: Tenant, owner: User?) {
        let owner = try user(&fields, orBy: "owner")
        let named = try tenant(&fields, orBy: "tenant")
        if let owner {
            guard let home = named ?? find({ $0.tenants[owner.home] }) else {
                throw AccountError(.notFound, "tenant", "its owner has no home tenant")
            }
            return (home, owner)
        }
        guard let named else { return (try context.directory.existingTenant(.main), nil) }
        return (named, form == .ragflow ? try ragflowOwner(of: named) : nil)
    }

    /// RAGFlow's keys act for the user whose id is the tenant's, and are listed for the tenant's owner (compat/ragflow.md 3, 4).
    private mutating func ragflowOwner(of tenant: Tenant) throws(AccountError) -> User? {
        let id = UserReference.ragflow(tenant.name.description)
        try requireNotRefused(id, field: "tenant_ref")
        if let user = find({ $0.user(id) }) { return user }
        // The membership may be of this import and its user of before.
        if let owner = find({ $0.owner(of: tenant.number) }) { return find { $0.users[owner] } }
        remark("its tenant has no owner: it is valid, but no user sees it")
        return nil
    }

    private func quota(_ fields: inout ImportFields, _ draft: inout APIKeyDraft) throws(AccountError) {
        let quota = try fields.number("quota", 0...StoreLimits.quota)
        let unlimited = try fields.bool("unlimited")
        guard quota != nil || unlimited == true else {
            throw AccountError(.invalidArgument, "quota", "it is missing: an API key is never unlimited by accident")
        }
        draft.quota = quota ?? 0
        draft.unlimited = unlimited ?? false
        draft.used = try fields.number("used", 0...StoreLimits.quota) ?? 0
    }

    private func limits(_ fields: inout ImportFields, _ draft: inout APIKeyDraft) throws(AccountError) {
        draft.models = fields.lines("models") ?? []
        draft.modelLimitsEnabled = try fields.bool("model_limits") ?? !draft.models.isEmpty
        if let text = fields.text("addresses") { draft.addresses = try AddressList(text) }
        draft.tags = fields.lines("tags") ?? []
        let counts: ClosedRange<Int64> = 0...1_000_000_000
        draft.windows.requestsPerMinute = UInt32(clamping: try fields.number("requests_per_minute", counts) ?? 0)
        draft.windows.inFlight = UInt32(clamping: try fields.number("in_flight", counts) ?? 0)
        draft.windows.tokensPerDay = try fields.number("tokens_per_day", 0...StoreLimits.quota) ?? 0
        draft.windows.tokensPerMonth = try fields.number("tokens_per_month", 0...StoreLimits.quota) ?? 0
        if let zone = fields.text("time_zone") { draft.windows.timeZone = zone }
    }

    /// A key is worth more than its beta, which RAGFlow makes anew where there is none, and does not keep apart from others.
    private mutating func usable(_ beta: SecretBuffer?) -> SecretBuffer? {
        guard let beta else { return nil }
        guard withExtendedLifetime(beta, { (try? ReadableForm.check(beta: beta.bytes)) != nil }) else {
            remark("its beta is left out: it is not 32 characters of base64url")
            return nil
        }
        guard keys.holder(of: beta, .beta) == nil else {
            remark("its beta is left out: it is another key's already")
            return nil
        }
        return beta
    }
}
