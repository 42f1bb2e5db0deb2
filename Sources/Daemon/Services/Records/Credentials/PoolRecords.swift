import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// `pool`: a named group of credentials; asking it gives one live token. The secret is a JSON object with the pool's own token.
struct PoolRecords: RecordKind {
    let credentials: Credentials
    let lookup: CredentialRecords
    let noun = "pool"

    private var service: PoolService { credentials.pools }

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let tenant = try subjects.tenant(caller)
        guard let name = try subjects.name(&fields, where: { caller.allows(.pool, .create, of: tenant, $0) }) else {
            throw Failure(.invalidArgument, "the field 'name' is missing")
        }
        var draft = PoolDraft(tenant: tenant, name: name)
        if let value = fields.text("provider") { draft.provider = value }
        if let value = fields.text("memo") { draft.memo = value }
        draft.attributes = try fields.map("attributes")?.compactMapValues { $0 } ?? [:]
        for member in fields.lines("members") ?? [] {
            draft.members.append(PoolMember(credential: try lookup.find(caller, .token, member).number))
        }
        draft.ownExpires = try fields.moment("own_expires") ?? 0
        try fields.finish(.pool)
        draft.ownToken = try ownToken(secret) ?? nil
        let ready = draft
        return (record(try await credentialCall { () async throws(CredentialError) in try await service.create(ready, by: caller.selector) }), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        let tenant = try subjects.tenant(caller)
        var filter = query.filter
        let contains = filter.text("contains").map { Array($0.utf8) }
        let credential = filter.text("credential")
        try filter.finish(.pool)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.pool, .list) else { return RecordPageResult() }
        var numbers: Set<UInt64>?
        if let credential { numbers = Set(service.pools(with: try lookup.find(caller, .info, credential).number)) }
        let all = service.list(tenant: tenant) { pool in
            caller.allows(.pool, .list, of: tenant, pool.name.bytes) && numbers?.contains(pool.number) != false
                && (contains?.isEmpty != false || pool.name.bytes.firstRange(of: contains ?? []) != nil)
        }
        return RecordRules.page(Array(all.drop { $0.number <= after }), total: all.count, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let present = try find(caller, .put, id)
        var change = PoolChange()
        change.name = try subjects.name(&fields, where: { caller.allows(.pool, .put, of: present.tenant, $0) })
        change.provider = fields.text("provider")
        change.memo = fields.text("memo")
        change.attributes = try fields.map("attributes") ?? [:]
        let expires = try fields.moment("own_expires") ?? 0
        try fields.finish(.pool)
        let own = try ownToken(secret)
        let ready = change
        let isAllowed = Self.permission(caller, .put)
        var pool = try await credentialCall { () async throws(CredentialError) in
            try await service.update(present.number, ready, expected: expected, by: caller.selector, where: isAllowed)
        }
        if let own {
            try await credentialCall { () async throws(CredentialError) in
                try await service.setOwnToken(present.number, own, expires: expires, by: caller.selector, where: isAllowed)
            }
            pool = service.find(present.number) ?? pool
        }
        return record(pool)
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var numbers: [UInt64] = []
        for id in ids { numbers.append(try find(caller, .delete, id).number) }
        let all = numbers
        return try await credentialCall { () async throws(CredentialError) in
            try await service.delete(all, by: caller.selector, where: Self.permission(caller, .delete))
        }
    }

    // MARK: Parts

    private var subjects: TenantSubjects { TenantSubjects(credentials: credentials) }

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Pool {
        try subjects.find(
            caller, .pool, action, id, byName: service.find(tenant:name:), byNumber: service.find, place: { ($0.tenant, $0.name) })
    }

    static func permission(_ caller: Caller, _ action: Action) -> Permission<Pool> {
        { caller.allows(.pool, action, of: $0.tenant, $0.name.bytes) }
    }

    /// `{"pool": "pk-…"}`
    private func ownToken(_ secret: SecretBuffer?) throws(Failure) -> SecretBuffer?? {
        var given = try SecretFields(secret)
        let own = given.take(Pool.ownKind)
        try given.finish(.pool)
        return own
    }

    /// One word for how it stands: `live`, `no-live-member`, or `empty`.
    static func word(_ members: [PoolMemberView], own: PoolMemberView?) -> String {
        if members.contains(where: { $0.takesPart && $0.state == .live }) || own?.state == .live { return "live" }
        return members.isEmpty && own == nil ? "empty" : "no-live-member"
    }

    static func word(_ pool: Pool, _ service: PoolService) -> String {
        word((try? service.members(of: pool.number)) ?? [], own: (try? service.ownView(of: pool.number)) ?? nil)
    }

    func record(_ pool: Pool) -> Record {
        let members = (try? service.members(of: pool.number)) ?? []
        let own = (try? service.ownView(of: pool.number)) ?? nil
        var builder = RecordBuilder()
        builder.text("name", pool.name.description)
        builder.number("number", pool.number)
        builder.text("provider", pool.provider)
        builder.text("memo", pool.memo)
        builder.map("attributes", pool.attributes)
        builder.text("state", Self.word(members, own: own))
        builder.number("members", pool.members.count)
        builder.number("live", members.count { $0.takesPart && $0.state == .live })
        builder.number("in_flight", members.reduce(0) { $0 + UInt64($1.inFlight) })
        builder.bool("own_token", pool.ownToken != nil)
        builder.time("own_expires", pool.ownToken?.expires ?? 0)
        builder.text("own_state", own?.state.word ?? "")
        builder.text("own_reason", own?.reason ?? "")
        builder.time("created", pool.created)
        builder.time("updated", pool.updated)
        return builder.record(noun, id: pool.name.description, revision: pool.revision)
    }
}

extension Pool: Numbered {}
