import CofferAccounts
import CofferStore
import CofferWire

/// `user`: who may log in at a door. The secret is the password.
struct UserRecords: RecordKind {
    let accounts: Accounts
    let store: Store
    let noun = "user"

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        guard let name = try fields.documentName("name") else { throw Failure(.invalidArgument, "the field 'name' is missing") }
        let home = try home(caller, &fields)
        try caller.require(.user, .create, of: home, name.bytes)
        var draft = UserDraft(name: name)
        draft.home = home
        if let role = try role(&fields) { draft.role = role }
        if let text = fields.text("display_name") { draft.displayName = try label(text, "display_name") }
        if let email = fields.text("email") { draft.email = email }
        if let group = fields.text("group") { draft.group = group }
        let wallet = try fields.units("wallet")
        try fields.finish(.user)
        try requireRank(caller, draft.role)
        let ready = draft
        let user = try await accountCall { () async throws(AccountError) in
            try await accounts.users.create(ready, password: secret, by: caller.selector)
        }
        if let wallet { try await set(wallet, of: user, caller) }
        return (try await record(user), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        var tenant: TenantID?
        if let name = filter.text("tenant") { tenant = try TenantNames(accounts).number(name, caller) }
        let containing = filter.text("contains") ?? ""
        try filter.finish(.user)
        var after = UInt64(0)
        if !query.after.isEmpty {
            guard let number = UInt64(query.after) else { throw Failure(.invalidArgument, "the cursor is not one that this list gave") }
            after = number
        }
        // Of those only that the caller may see.
        let total = accounts.users.list(tenant: tenant, containing: containing, after: 0, limit: Int.max)
            .count { caller.allows(.user, .list, of: $0.home, $0.name.bytes) }
        var result = RecordPageResult(total: total)
        var bytes = 0
        reading: while true {
            let page = accounts.users.list(tenant: tenant, containing: containing, after: after, limit: query.limit)
            for user in page {
                after = user.number
                guard caller.allows(.user, .list, of: user.home, user.name.bytes) else { continue }
                let record = try await record(user)
                bytes += RecordRules.size(record)
                result.records.append(record)
                if result.records.count == query.limit || !RecordRules.fits(bytes) {
                    result.next = "\(user.number)"
                    break reading
                }
            }
            if page.count < query.limit { break }
        }
        return result
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { try await record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        var user = try find(caller, .put, id)
        var change = UserChange()
        if let name = try fields.documentName("name") {
            try caller.require(.user, .put, of: user.home, name.bytes)
            change.name = name
        }
        change.role = try role(&fields)
        if let text = fields.text("display_name") { change.displayName = try label(text, "display_name") }
        change.email = fields.text("email")
        change.group = fields.text("group")
        change.isEnabled = try fields.bool("enabled")
        let wallet = try fields.units("wallet")
        try fields.finish(.user)
        // Who may not make an administrator may not change one, or take over a password of one.
        try requireRank(caller, user.role.rawValue >= (change.role ?? user.role).rawValue ? user.role : change.role ?? user.role)
        let (number, ready) = (user.number, change)
        if change != UserChange() || expected != nil {
            user = try await accountCall { () async throws(AccountError) in
                try await accounts.users.update(number, ready, expected: expected, by: caller.selector)
            }
        }
        if let secret {
            try await accountCall { () async throws(AccountError) in
                try await accounts.users.setPassword(number, secret, by: caller.selector)
            }
        }
        if let wallet { try await set(wallet, of: user, caller) }
        return try await record(accounts.users.find(number) ?? user)
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var users: [User] = []
        for id in ids {
            let user = try find(caller, .delete, id)
            try requireRank(caller, user.role)
            users.append(user)
        }
        for user in users {
            try await accountCall { () async throws(AccountError) in try await accounts.users.delete(user.number, by: caller.selector) }
        }
        return users.count
    }

    // MARK: Parts

    /// A user's name, or `#` and a number.
    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> User {
        var user = accounts.users.find(name: Array(id.utf8))
        if user == nil, id.hasPrefix("#"), let number = UInt64(id.dropFirst()) { user = accounts.users.find(number) }
        guard let user else {
            throw caller.allows(.user, .info, of: caller.tenant ?? .main, Array(id.utf8)) ? Failure(.notFound, "there is no user of this name") : .denied
        }
        try caller.require(.user, action, of: user.home, user.name.bytes)
        return user
    }

    private func home(_ caller: Caller, _ fields: inout RecordFields) throws(Failure) -> TenantID {
        if let name = fields.text("home") { return try TenantNames(accounts).number(name, caller) }
        guard let tenant = caller.tenant else { throw .denied }
        return tenant
    }

    private func role(_ fields: inout RecordFields) throws(Failure) -> Role? {
        guard let word = fields.text("role") else { return nil }
        guard let role = Role(word: word) else { throw Failure(.invalidArgument, "'role' must be root, admin or common") }
        return role
    }

    /// Rights over users do not reach those who administer: only administrators do.
    private func requireRank(_ caller: Caller, _ role: Role) throws(Failure) {
        guard role == .common || caller.rights.isAdministrator else { throw .denied }
    }

    private func label(_ text: String, _ field: String) throws(Failure) -> Label {
        do throws(AccountError) { return try Label(text) } catch { throw Failure(.invalidArgument, "'\(field)': \(error.message)") }
    }

    /// A wallet bounds all API keys of a user together; without one they are bounded by their own quotas only.
    private func set(_ wallet: Int64?, of user: User, _ caller: Caller) async throws(Failure) {
        try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.setWallet(of: user.number, units: wallet, by: caller.selector)
        }
    }

    private func record(_ user: User) async throws(Failure) -> Record {
        var builder = RecordBuilder()
        builder.text("name", user.name.description)
        builder.number("number", user.number)
        builder.text("display_name", user.displayName.text)
        builder.text("email", user.email)
        builder.text("role", user.role.word)
        builder.bool("enabled", user.isEnabled)
        builder.text("home", TenantNames(accounts).name(user.home))
        builder.text("group", user.group)
        builder.number("newapi_id", user.newapiID)
        builder.text("ragflow_id", user.ragflowID)
        builder.bool("must_set_password", user.mustSetPassword)
        let wallet = accounts.apiKeys.wallet(of: user.number)
        builder.text("wallet", wallet.map { $0.unlimited ? "unlimited" : "\($0.remaining)" } ?? "unlimited")
        builder.number("wallet_used", wallet?.used ?? 0)
        builder.time("created", user.created)
        builder.time("updated", user.updated)
        return builder.record(noun, id: user.name.description, revision: user.revision)
    }
}

/// Tenants by name, for fields that name one.
struct TenantNames {
    private let accounts: Accounts

    init(_ accounts: Accounts) { self.accounts = accounts }

    func name(_ number: TenantID) -> String { accounts.tenants.find(number)?.name.description ?? "" }

    func number(_ name: String, _ caller: Caller) throws(Failure) -> TenantID {
        if let tenant = accounts.tenants.find(name: Array(name.utf8)) { return tenant.number }
        throw caller.allows(.tenant, .info, of: .main, Array(name.utf8)) ? Failure(.notFound, "there is no tenant '\(Name.printable(name.utf8))'") : .denied
    }
}
