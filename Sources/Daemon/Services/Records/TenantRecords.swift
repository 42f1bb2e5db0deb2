import CofferAccounts
import CofferStore
import CofferWire

/// `tenant`: whose users and API keys these are.
struct TenantRecords: RecordKind {
    let accounts: Accounts
    let noun = "tenant"

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        guard let name = try fields.documentName("name", where: { caller.allows(.tenant, .create, of: .main, $0) }) else {
            throw Failure(.invalidArgument, "the field 'name' is missing")
        }
        let reveal = try fields.bool("reveal") ?? true
        try fields.finish(.tenant)
        try RecordRules.refuse(secret)
        let tenant = try await accountCall { () async throws(AccountError) in
            try await accounts.tenants.create(name: name, allowsReveal: reveal, by: caller.selector)
        }
        return (record(tenant), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        try query.filter.finish(.tenant)
        let visible = accounts.tenants.list().filter { caller.allows(.tenant, .list, of: .main, $0.name.bytes) }
            .sorted { $0.name < $1.name }
        return try RecordRules.page(visible, query, key: \.name.description, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let tenant = try find(caller, .put, id)
        let name = try fields.documentName("name", where: { caller.allows(.tenant, .put, of: .main, $0) })
        let reveal = try fields.bool("reveal")
        try fields.finish(.tenant)
        try RecordRules.refuse(secret)
        return record(try await accountCall { () async throws(AccountError) in
            try await accounts.tenants.update(tenant.number, name: name, allowsReveal: reveal, expected: expected, by: caller.selector) {
                caller.allows(.tenant, .put, of: .main, $0.name.bytes)
            }
        })
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var tenants: [Tenant] = []
        for id in ids { tenants.append(try find(caller, .delete, id)) }
        for tenant in tenants {
            try await accountCall { () async throws(AccountError) in
                try await accounts.tenants.delete(tenant.number, by: caller.selector) {
                    caller.allows(.tenant, .delete, of: .main, $0.name.bytes)
                }
            }
        }
        return tenants.count
    }

    private func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Tenant {
        let name = Array(id.utf8)
        try caller.require(.tenant, action, of: .main, name)
        guard let tenant = accounts.tenants.find(name: name) else {
            throw caller.allows(.tenant, .info, of: .main, name) ? Failure(.notFound, "there is no tenant of this name") : .denied
        }
        return tenant
    }

    private func record(_ tenant: Tenant) -> Record {
        var builder = RecordBuilder()
        builder.text("name", tenant.name.description)
        builder.number("number", tenant.number)
        builder.bool("reveal", tenant.allowsReveal)
        builder.time("created", tenant.created)
        builder.number("members", accounts.tenants.members(of: tenant.number).count)
        builder.number("apikeys", accounts.apiKeys.list(.init(tenant: tenant.number), order: .oldestFirst, skip: 0, limit: 0).total)
        return builder.record(noun, id: tenant.name.description, revision: tenant.revision)
    }
}
