import CofferAccounts
import CofferCredentials
import CofferStore
import CofferUpstream
import CofferWire

/// `credential`: an identity at an upstream. The secret is a JSON object: its login, its tokens, its proxy.
struct CredentialRecords: RecordKind {
    let credentials: Credentials
    let clock: @Sendable () -> UInt64
    let noun = "credential"

    private var service: CredentialService { credentials.credentials }

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let tenant = try subjects.tenant(caller)
        guard let name = try subjects.name(&fields, where: { caller.allows(.credential, .create, of: tenant, $0) }) else {
            throw Failure(.invalidArgument, "the field 'name' is missing")
        }
        var draft = CredentialDraft(tenant: tenant, name: name, provider: try fields.required("provider"))
        let change = try change(&fields)
        draft.expiries = change.expiries
        try fields.finish(.credential)
        let (tokens, secrets) = try SecretFields(secret).sorted(for: credentials.providers.find(draft.provider))
        draft.tokens = tokens.compactMapValues { $0 }
        draft.secrets = secrets.compactMapValues { $0 }
        draft.apply(change)
        let ready = draft
        let made = try await credentialCall { () async throws(CredentialError) in try await service.create(ready, by: caller.selector) }
        return (record(made), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        let tenant = try subjects.tenant(caller)
        let isWanted = try filter(query.filter)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.credential, .list) else { return RecordPageResult() }
        let all = service.list(tenant: tenant) { caller.allows(.credential, .list, of: tenant, $0.name.bytes) && isWanted($0) }
        return RecordRules.page(Array(all.drop { $0.number <= after }), total: all.count, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let present = try find(caller, .put, id)
        let isAllowed = Self.permission(caller, .put)
        // Renaming must not carry it out of, or into, the reach of other rules.
        let name = try subjects.name(&fields, where: { caller.allows(.credential, .put, of: present.tenant, $0) })
        let provider = fields.text("provider")
        var change = try change(&fields)
        change.name = name
        change.provider = provider
        try fields.finish(.credential)
        (change.tokens, change.secrets) = try SecretFields(secret).sorted(for: credentials.providers.find(provider ?? present.provider))
        let ready = change
        return record(try await credentialCall { () async throws(CredentialError) in
            try await service.update(present.number, ready, expected: expected, by: caller.selector, where: isAllowed)
        })
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

    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Credential {
        try subjects.find(
            caller, .credential, action, id, byName: service.find(tenant:name:), byNumber: service.find, place: { ($0.tenant, $0.name) })
    }

    static func permission(_ caller: Caller, _ action: Action) -> Permission<Credential> {
        { caller.allows(.credential, action, of: $0.tenant, $0.name.bytes) }
    }

    /// What can be given at creation and later alike.
    private func change(_ fields: inout RecordFields) throws(Failure) -> CredentialChange {
        var change = CredentialChange()
        change.email = fields.text("email")
        change.clientID = fields.text("client_id")
        change.tags = fields.lines("tags")
        change.memo = fields.text("memo")
        change.isEnabled = try fields.bool("enabled")
        change.parameters = try fields.map("parameters") ?? [:]
        change.attributes = try fields.map("attributes") ?? [:]
        change.expiries = try fields.moments("expiries")
        return change
    }

    private func filter(_ fields: RecordFields) throws(Failure) -> (Credential) -> Bool {
        var fields = fields
        let provider = fields.text("provider")
        let tag = fields.text("tag").map { Array($0.utf8) }
        let state = fields.text("state")
        let contains = fields.text("contains").map { Array($0.utf8) }
        let isEnabled = try fields.bool("enabled")
        try fields.finish(.credential)
        if let state, !Self.states.contains(state) {
            throw Failure(.invalidArgument, "'state' must be one of \(Self.states.joined(separator: ", "))")
        }
        let now = clock()
        return { credential in
            if let provider, credential.provider != provider { return false }
            if let isEnabled, credential.isEnabled != isEnabled { return false }
            if let tag, !credential.tags.contains(where: { $0.utf8.elementsEqual(tag) }) { return false }
            if let contains, !contains.isEmpty, !credential.name.bytes.contains(contains) { return false }
            if let state, word(credential, now) != state { return false }
            return true
        }
    }

    static let states = [
        "fresh", "due", "claimed", "dialled", "cooling", "needs-person", "dead", "suspect", "disabled", "empty",
    ]

    /// As ``Credential/word(now:lead:)``, with the provider's own lead.
    func word(_ credential: Credential, _ now: UInt64) -> String {
        credential.word(now: now, lead: credentials.providers.find(credential.provider)?.lead ?? 0)
    }

    func record(_ credential: Credential) -> Record {
        let state = credential.state
        var builder = RecordBuilder()
        builder.text("name", credential.name.description)
        builder.number("number", credential.number)
        builder.text("provider", credential.provider)
        builder.text("email", credential.email)
        builder.text("client_id", credential.clientID)
        builder.lines("tags", credential.tags)
        builder.text("memo", credential.memo)
        builder.bool("enabled", credential.isEnabled)
        builder.map("parameters", credential.parameters)
        builder.map("attributes", credential.shownAttributes)
        builder.lines("secrets", credential.secretNames)
        builder.text("proxy", credential.proxyHint)
        builder.lines("tokens", credential.tokens.map { "\($0.kind) \($0.expires) \($0.obtained)" })
        builder.number("access_expires", credential.fact("access")?.expires ?? 0)
        builder.number("token_revision", service.tokenRevision(credential.number))
        builder.text("state", word(credential, clock()))
        builder.text("phase", state.phase.word)
        builder.time("since", state.since)
        builder.time("until", state.until)
        builder.text("reason", state.reason)
        builder.number("failures", state.failures)
        builder.time("last_refresh", state.lastRefresh)
        let next = credentials.schedules.nextRefresh(of: credential.number)
        builder.time("next_refresh", next.due ?? 0)
        builder.text("next_refresh_why", next.why)
        builder.time("last_check", state.lastCheck)
        builder.time("suspect_since", state.suspectSince)
        builder.text("result", state.result)
        builder.time("result_time", state.resultTime)
        builder.lines("history", state.history.map { change in
            "\(change.time) \(change.from.word) \(change.to.word) \(Name.printable(change.why.utf8))"
        })
        builder.time("created", credential.created)
        builder.time("updated", credential.updated)
        return builder.record(noun, id: credential.name.description, revision: credential.revision)
    }
}

/// How things of a tenant that have a name and a number are named in an id.
enum CredentialID {
    /// The number in `#7`.
    static func number(_ id: String) -> UInt64? { id.hasPrefix("#") ? RecordRules.number(id.dropFirst()) : nil }

    /// - Throws: `invalidName` for a name that would be taken for a number.
    static func refuseNumber(_ name: DocumentName) throws(Failure) {
        guard number(name.description) == nil else {
            throw Failure(.invalidName, "'name': '#' and a number stand for the one of this number")
        }
    }
}

extension Credential: Numbered {}

extension CredentialDraft {
    fileprivate mutating func apply(_ change: CredentialChange) {
        if let value = change.email { email = value }
        if let value = change.clientID { clientID = value }
        if let value = change.tags { tags = value }
        if let value = change.memo { memo = value }
        if let value = change.isEnabled { isEnabled = value }
        parameters = change.parameters.compactMapValues { $0 }
        attributes = change.attributes.compactMapValues { $0 }
    }
}

extension Array where Element == UInt8 {
    /// Whether `part` stands somewhere in it, byte for byte.
    fileprivate func contains(_ part: [UInt8]) -> Bool { firstRange(of: part) != nil }
}
