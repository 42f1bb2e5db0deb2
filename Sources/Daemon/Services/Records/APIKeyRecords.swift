import CofferAccounts
import CofferStore
import CofferWire

/// `apikey`: keys that Coffer issues. The name that policy matches is the key's own, in its tenant.
struct APIKeyRecords: RecordKind {
    let accounts: Accounts
    let noun = "apikey"

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let text = fields.text("name") ?? ""
        var owner: User?
        if let name = fields.text("owner"), !name.isEmpty { owner = try self.owner(caller, name) }
        let tenant = try tenant(caller, &fields, owner)
        try caller.require(.apikey, .create, of: tenant, Array(text.utf8))
        let name = try label(text)
        var form = APIKey.Form.coffer
        if let word = fields.text("form") {
            guard let found = APIKey.Form(word: word) else { throw Failure(.invalidArgument, "'form' must be coffer, sk or ragflow") }
            form = found
        }
        var draft = APIKeyDraft(tenant: tenant, owner: owner?.number ?? 0, form: form, name: name)
        let change = try change(&fields, windows: .none)
        try fields.finish(.apikey)
        try RecordRules.refuse(secret)
        guard change.unlimited != nil || change.quota != nil else {
            throw Failure(.invalidArgument, "say 'quota' or 'unlimited': an API key is never unlimited by accident")
        }
        draft.apply(change)
        let ready = draft
        let (view, readable) = try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.create(ready, by: caller.selector)
        }
        return (record(view), form == .sk ? Self.withPrefix(readable) : readable)
    }

    /// Clients present keys of this form with `sk-` in front.
    static func withPrefix(_ readable: SecretBuffer) -> SecretBuffer {
        SecretBuffer(count: readable.count + 3) { output in
            output.copyBytes(from: "sk-".utf8)
            UnsafeMutableRawBufferPointer(rebasing: output[3...]).copyMemory(from: readable.bytes)
        }
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        let filter = try self.filter(caller, query.filter)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.apikey, .list) else { return RecordPageResult() }
        // Only what the caller may see is counted; one more than asked for tells whether there is a next page.
        let (total, views) = accounts.apiKeys.page(filter, after: after, limit: query.limit + 1) { key in
            caller.allows(.apikey, .list, of: key.tenant, key.name.bytes)
        }
        return RecordRules.page(views, total: total, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let view = try find(caller, .put, id)
        let name = fields.text("name")
        // Renaming must not carry a key out of, or into, the reach of other rules.
        if let name { try caller.require(.apikey, .put, of: view.key.tenant, Array(name.utf8)) }
        var change = try change(&fields, windows: view.key.windows)
        if let name { change.name = try label(name) }
        switch fields.text("status") {
        case nil: break
        case "enabled": change.status = .enabled
        case "disabled": change.status = .disabled
        default: throw Failure(.invalidArgument, "'status' must be enabled or disabled")
        }
        try fields.finish(.apikey)
        try RecordRules.refuse(secret)
        let ready = change
        return record(try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.update(view.key.number, ready, expected: expected, by: caller.selector) { key in
                caller.allows(.apikey, .put, of: key.tenant, key.name.bytes)
            }
        })
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var numbers: [UInt64] = []
        for id in ids { numbers.append(try find(caller, .delete, id).key.number) }
        let all = numbers
        return try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.delete(all, by: caller.selector) { key in
                caller.allows(.apikey, .delete, of: key.tenant, key.name.bytes)
            }
        }
    }

    // MARK: Parts

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> APIKeyView {
        guard let number = RecordRules.number(id), let view = accounts.apiKeys.find(number) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no API key of this number") : .denied
        }
        try caller.require(.apikey, action, of: view.key.tenant, view.key.name.bytes)
        return view
    }

    private func owner(_ caller: Caller, _ name: String) throws(Failure) -> User {
        guard let user = accounts.users.find(name: Array(name.utf8)), caller.allows(.user, .info, of: user.home, user.name.bytes) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no user '\(Name.printable(name.utf8))'") : .denied
        }
        return user
    }

    private func tenant(_ caller: Caller, _ fields: inout RecordFields, _ owner: User?) throws(Failure) -> TenantID {
        if let name = fields.text("tenant") { return try TenantNames(accounts).number(name, caller) }
        if let owner { return owner.home }
        guard let tenant = caller.tenant else { throw .denied }
        return tenant
    }

    private func filter(_ caller: Caller, _ fields: RecordFields) throws(Failure) -> APIKeyService.Filter {
        var fields = fields
        var filter = APIKeyService.Filter()
        if let name = fields.text("tenant") { filter.tenant = try TenantNames(accounts).filter(name, caller) }
        if let name = fields.text("owner") { filter.owner = name.isEmpty ? 0 : try owner(caller, name).number }
        if let word = fields.text("form") {
            guard let form = APIKey.Form(word: word) else { throw Failure(.invalidArgument, "'form' must be coffer, sk or ragflow") }
            filter.form = form
        }
        if let word = fields.text("status") {
            guard let status = APIKey.Status(word: word) else {
                throw Failure(.invalidArgument, "'status' must be enabled, disabled, expired or exhausted")
            }
            filter.status = status
        }
        filter.nameContains = fields.text("contains")
        filter.group = fields.text("group")
        filter.tag = fields.text("tag")
        try fields.finish(.apikey)
        return filter
    }

    /// What can be given at creation and later alike.
    private func change(_ fields: inout RecordFields, windows: Windows) throws(Failure) -> APIKeyChange {
        var change = APIKeyChange()
        change.expires = try fields.expiry("expires")
        change.unlimited = try fields.bool("unlimited")
        change.quota = try fields.number("quota", 0...StoreLimits.quota)
        change.modelLimitsEnabled = try fields.bool("model_limits")
        change.models = fields.lines("models")
        // Naming models means that only they are allowed.
        if change.models != nil, change.modelLimitsEnabled == nil { change.modelLimitsEnabled = change.models?.isEmpty == false }
        if let text = fields.text("addresses") {
            do throws(AccountError) { change.addresses = try AddressList(text) } catch { throw Failure(error) }
        }
        change.group = fields.text("group")
        change.tags = fields.lines("tags")
        change.windows = try self.windows(&fields, of: windows)
        return change
    }

    /// - Returns: `nil` where no window is named.
    private func windows(_ fields: inout RecordFields, of present: Windows) throws(Failure) -> Windows? {
        var windows = present
        if let value = try fields.number("requests_per_minute", 0...1_000_000_000) { windows.requestsPerMinute = UInt32(value) }
        if let value = try fields.number("tokens_per_day", 0...StoreLimits.quota) { windows.tokensPerDay = value }
        if let value = try fields.number("tokens_per_month", 0...StoreLimits.quota) { windows.tokensPerMonth = value }
        if let value = fields.text("time_zone") { windows.timeZone = value }
        if let value = try fields.number("in_flight", 0...1_000_000_000) { windows.inFlight = UInt32(value) }
        return windows == present ? nil : windows
    }

    private func label(_ text: String) throws(Failure) -> Label {
        do throws(AccountError) { return try Label(text) } catch { throw Failure(.invalidArgument, "'name': \(error.message)") }
    }

    func record(_ view: APIKeyView) -> Record {
        let (key, state) = (view.key, view.state)
        var builder = RecordBuilder()
        builder.number("number", key.number)
        builder.text("name", key.name.text)
        builder.text("tenant", TenantNames(accounts).name(key.tenant))
        builder.text("owner", key.owner == 0 ? "" : accounts.users.find(key.owner)?.name.description ?? "")
        builder.text("form", key.form.word)
        builder.text("status", key.status.word)
        builder.text("expires", key.expires == -1 ? "never" : "\(key.expires)")
        builder.bool("unlimited", state.unlimited)
        builder.number("quota", state.remaining)
        builder.number("used", state.used)
        builder.number("reserved", state.reserved)
        builder.number("forfeited", state.forfeited)
        builder.bool("model_limits", key.modelLimitsEnabled)
        builder.lines("models", key.models)
        builder.text("addresses", key.addresses.text)
        builder.text("group", key.group)
        builder.lines("tags", key.tags)
        builder.number("requests_per_minute", key.windows.requestsPerMinute)
        builder.number("tokens_per_day", key.windows.tokensPerDay)
        builder.number("tokens_per_month", key.windows.tokensPerMonth)
        builder.text("time_zone", key.windows.timeZone)
        builder.number("in_flight", key.windows.inFlight)
        builder.number("in_flight_now", state.inFlight)
        builder.number("day_used", state.dayUsed)
        builder.number("month_used", state.monthUsed)
        builder.time("created", key.created)
        builder.time("accessed", state.accessed)
        builder.time("updated", key.updated)
        builder.text("hint", key.hint)
        builder.bool("revealable", key.isRevealable)
        builder.number("newapi_id", key.newapiID)
        return builder.record(noun, id: "\(key.number)", revision: key.revision)
    }
}

extension APIKeyDraft {
    fileprivate mutating func apply(_ change: APIKeyChange) {
        if let value = change.expires { expires = value }
        if let value = change.unlimited { unlimited = value }
        if let value = change.quota { quota = value }
        if let value = change.modelLimitsEnabled { modelLimitsEnabled = value }
        if let value = change.models { models = value }
        if let value = change.addresses { addresses = value }
        if let value = change.group { group = value }
        if let value = change.tags { tags = value }
        if let value = change.windows { windows = value }
    }
}
