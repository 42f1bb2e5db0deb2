import CofferAccounts
import CofferStore
import CofferWire

/// `member`: a user in a tenant. Rights are those on the tenant.
struct MemberRecords: RecordKind {
    let accounts: Accounts
    let noun = "member"

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let (tenant, user) = try both(caller, .put, try fields.required("tenant"), try fields.required("user"))
        let word = try fields.required("role")
        guard let role = MembershipRole(rawValue: word) else {
            throw Failure(.invalidArgument, "'role' must be owner, admin, normal or invite")
        }
        try fields.finish(.tenant)
        try RecordRules.refuse(secret)
        let membership = try await accountCall { () async throws(AccountError) in
            try await accounts.tenants.add(tenant: tenant.number, user: user.number, role: role, by: caller.selector) {
                caller.allows(.tenant, .put, of: .main, $0.name.bytes)
            }
        }
        guard let record = record(membership) else { throw Failure(.notFound, "the member is gone already") }
        return (record, nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        let members: [Membership]
        if let tenant = filter.text("tenant") {
            try caller.require(.tenant, .info, of: .main, Array(tenant.utf8))
            guard let found = accounts.tenants.find(name: Array(tenant.utf8)) else {
                throw Failure(.notFound, "there is no tenant of this name")
            }
            members = accounts.tenants.members(of: found.number)
        } else {
            let name = try filter.required("user")
            guard let user = accounts.users.find(name: Array(name.utf8)), caller.allows(.user, .info, of: user.home, user.name.bytes) else {
                throw caller.rights.isAdministrator ? Failure(.notFound, "there is no user of this name") : .denied
            }
            members = accounts.tenants.memberships(of: user.number)
        }
        try filter.finish(.tenant)
        let visible = members.filter { isVisible($0, to: caller) }.compactMap(record)
            .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        return try RecordRules.page(visible, query, key: \.id) { $0 }
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record {
        let membership = try find(caller, .info, id)
        guard let record = record(membership) else { throw Failure(.notFound, "there is no such member") }
        return record
    }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        throw Failure(.invalidArgument, "a membership is removed and added, not changed")
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var members: [Membership] = []
        for id in ids { members.append(try find(caller, .put, id)) }
        for member in members {
            try await accountCall { () async throws(AccountError) in
                try await accounts.tenants.remove(tenant: member.tenant, user: member.user, by: caller.selector) {
                    caller.allows(.tenant, .put, of: .main, $0.name.bytes)
                }
            }
        }
        return members.count
    }

    private func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Membership {
        // Both names may have slashes: the split that fits what there is. Where two do, none is guessed.
        var found: [Membership] = []
        for index in id.utf8.indices where id.utf8[index] == UInt8(ascii: "/") {
            guard let tenant = accounts.tenants.find(name: Array(id.utf8[..<index])),
                let user = accounts.users.find(name: Array(id.utf8[id.utf8.index(after: index)...])),
                caller.allows(.tenant, action, of: .main, tenant.name.bytes),
                let member = accounts.tenants.memberships(of: user.number).first(where: { $0.tenant == tenant.number })
            else { continue }
            found.append(member)
        }
        guard found.count < 2 else {
            throw Failure(.conflict, "this id means more than one member: rename a tenant or a user with '/' in its name first")
        }
        if let member = found.first { return member }
        throw caller.rights.isAdministrator ? Failure(.notFound, "there is no such member; an id is TENANT/USER") : .denied
    }

    private func both(_ caller: Caller, _ action: Action, _ tenant: String, _ user: String) throws(Failure) -> (Tenant, User) {
        try caller.require(.tenant, action, of: .main, Array(tenant.utf8))
        guard let found = accounts.tenants.find(name: Array(tenant.utf8)) else {
            throw caller.allows(.tenant, .info, of: .main, Array(tenant.utf8)) ? Failure(.notFound, "there is no tenant of this name") : .denied
        }
        guard let member = accounts.users.find(name: Array(user.utf8)), caller.allows(.user, .info, of: member.home, member.name.bytes) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no user of this name") : .denied
        }
        return (found, member)
    }

    private func isVisible(_ member: Membership, to caller: Caller) -> Bool {
        accounts.tenants.find(member.tenant).map { caller.allows(.tenant, .info, of: .main, $0.name.bytes) } ?? false
    }

    private func record(_ membership: Membership) -> Record? {
        guard let tenant = accounts.tenants.find(membership.tenant), let user = accounts.users.find(membership.user) else { return nil }
        var builder = RecordBuilder()
        builder.text("tenant", tenant.name.description)
        builder.text("user", user.name.description)
        builder.text("role", membership.role.rawValue)
        builder.time("created", membership.created)
        return builder.record(noun, id: "\(tenant.name.description)/\(user.name.description)", revision: 0)
    }
}
