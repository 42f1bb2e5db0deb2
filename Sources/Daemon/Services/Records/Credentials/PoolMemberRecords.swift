import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// `poolmember`: a credential in a pool. Rights are those on the pool; who brings a credential in needs the right to its token, which the pool
/// hands out from then on.
struct PoolMemberRecords: RecordKind {
    let credentials: Credentials
    let pools: PoolRecords
    let lookup: CredentialRecords
    let noun = "poolmember"

    private var service: PoolService { credentials.pools }

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let pool = try pools.find(caller, .put, try fields.required("pool"))
        let credential = try lookup.find(caller, .token, try fields.required("credential"))
        let member = try member(&fields, PoolMember(credential: credential.number))
        try fields.finish(.pool)
        try RecordRules.refuse(secret)
        guard !pool.members.contains(where: { $0.credential == credential.number }) else {
            throw Failure(.conflict, "the credential is a member of this pool already")
        }
        return (try await put(caller, pool, member, expected: nil), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        let pool = try pools.find(caller, .info, try filter.required("pool"))
        let state = filter.text("state")
        try filter.finish(.pool)
        if let state, !PoolMemberState.allCases.contains(where: { $0.word == state }) {
            throw Failure(.invalidArgument, "'state' must be one of \(PoolMemberState.allCases.map(\.word).joined(separator: ", "))")
        }
        let after = try RecordRules.numberOfCursor(query.after)
        let views = try members(of: pool).filter { state == nil || $0.state.word == state }.sorted { $0.credential < $1.credential }
        return RecordRules.page(Array(views.drop { $0.credential <= after }), total: views.count, query) { record($0, of: pool) }
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record {
        let (pool, view) = try find(caller, .info, id)
        return record(view, of: pool)
    }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let (pool, view) = try find(caller, .put, id)
        let member = try member(
            &fields, PoolMember(credential: view.credential, weight: view.weight, inFlightLimit: view.inFlightLimit))
        try fields.finish(.pool)
        try RecordRules.refuse(secret)
        return try await put(caller, pool, member, expected: expected)
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var leaving: [UInt64: (pool: Pool, members: [UInt64])] = [:]
        for id in ids {
            let (pool, view) = try find(caller, .put, id)
            leaving[pool.number, default: (pool, [])].members.append(view.credential)
        }
        for (pool, members) in leaving.values.sorted(by: { $0.pool.number < $1.pool.number }) {
            var change = PoolChange()
            change.removing = members
            let ready = change
            _ = try await credentialCall { () async throws(CredentialError) in
                try await service.update(pool.number, ready, by: caller.selector, where: PoolRecords.permission(caller, .put))
            }
        }
        return ids.count
    }

    // MARK: Parts

    /// `POOL/CREDENTIAL`. Both names may have slashes: the split that fits what there is. Where two do, none is guessed. `#` and a number
    /// is a credential too: one that was deleted has no name any more.
    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> (Pool, PoolMemberView) {
        guard let tenant = caller.tenant else { throw .denied }
        do throws(CredentialError) { try credentials.requireReady() } catch { throw Failure(error) }
        var found: [(Pool, UInt64)] = []
        for index in id.utf8.indices where id.utf8[index] == UInt8(ascii: "/") {
            guard let pool = service.find(tenant: tenant, name: Array(id.utf8[..<index])),
                caller.allows(.pool, action, of: tenant, pool.name.bytes),
                let number = number(String(id.utf8[id.utf8.index(after: index)...]) ?? "", tenant),
                pool.members.contains(where: { $0.credential == number })
            else { continue }
            found.append((pool, number))
        }
        guard found.count < 2 else {
            throw Failure(.conflict, "this id means more than one member: rename a pool or a credential with '/' in its name first")
        }
        guard let (pool, number) = found.first, let view = try members(of: pool).first(where: { $0.credential == number }) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no such member; an id is POOL/CREDENTIAL") : .denied
        }
        return (pool, view)
    }

    private func number(_ credential: String, _ tenant: TenantID) -> UInt64? {
        credentials.credentials.find(tenant: tenant, name: Array(credential.utf8))?.number ?? CredentialID.number(credential)
    }

    private func members(of pool: Pool) throws(Failure) -> [PoolMemberView] {
        do throws(CredentialError) { return try service.members(of: pool.number) } catch { throw Failure(error) }
    }

    private func member(_ fields: inout RecordFields, _ present: PoolMember) throws(Failure) -> PoolMember {
        var member = present
        if let value = try fields.number("weight", 1...1_000) { member.weight = UInt16(clamping: value) }
        if let value = try fields.number("in_flight_limit", 0...1_000_000_000) { member.inFlightLimit = UInt32(clamping: value) }
        return member
    }

    private func put(_ caller: Caller, _ pool: Pool, _ member: PoolMember, expected: UInt64?) async throws(Failure) -> Record {
        var change = PoolChange()
        change.adding = [member]
        let ready = change
        let changed = try await credentialCall { () async throws(CredentialError) in
            try await service.update(
                pool.number, ready, expected: expected, by: caller.selector, where: PoolRecords.permission(caller, .put))
        }
        guard let view = try members(of: changed).first(where: { $0.credential == member.credential }) else {
            throw Failure(.notFound, "the member is gone already")
        }
        return record(view, of: changed)
    }

    /// Its revision is the pool's: settings of members are settings of the pool.
    private func record(_ view: PoolMemberView, of pool: Pool) -> Record {
        // A credential that was deleted stays a member until it is taken out, or comes back.
        let name = view.name?.description ?? "#\(view.credential)"
        var builder = RecordBuilder()
        builder.text("pool", pool.name.description)
        builder.text("credential", name)
        builder.number("number", view.credential)
        builder.number("weight", view.weight)
        builder.number("in_flight_limit", view.inFlightLimit)
        builder.number("in_flight", view.inFlight)
        builder.text("state", view.state.word)
        builder.time("since", view.since)
        builder.time("until", view.until)
        builder.bool("half_open", view.isHalfOpen)
        builder.text("reason", view.reason)
        builder.number("failures", view.failures)
        builder.text("verdict", view.verdict)
        builder.time("verdict_time", view.verdictTime)
        builder.bool("takes_part", view.takesPart)
        builder.text("credential_state", view.credentialWord)
        return builder.record(noun, id: "\(pool.name.description)/\(name)", revision: pool.revision)
    }
}

extension PoolMemberView: Numbered {
    var number: UInt64 { credential }
}
