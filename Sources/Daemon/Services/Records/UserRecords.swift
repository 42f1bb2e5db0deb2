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
        let home = try home(caller, &fields)
        guard let name = try name(&fields, where: { caller.allows(.user, .create, of: home, $0) }) else {
            throw Failure(.invalidArgument, "the field 'name' is missing")
        }
        var draft = UserDraft(name: name)
        draft.home = home
        if let role = try role(&fields) { draft.role = role }
        if let text = fields.text("display_name") { draft.displayName = try label(text, "display_name") }
        if let email = fields.text("email") { draft.email = email }
        if let group = fields.text("group") { draft.group = group }
        let wallet = try fields.units("wallet")
        try fields.finish(.user)
        // Users who administer are made by administrators.
        guard draft.role == .common || caller.rights.isAdministrator else { throw .denied }
        let ready = draft
        let user = try await accountCall { () async throws(AccountError) in
            try await accounts.users.create(ready, password: secret, by: caller.selector)
        }
        if let wallet { try await set(wallet, of: user, caller, .create) }
        return (record(user), nil)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        var tenant: TenantID?
        if let name = filter.text("tenant") { tenant = try TenantNames(accounts).filter(name, caller) }
        let containing = filter.text("contains") ?? ""
        try filter.finish(.user)
        let after = try RecordRules.numberOfCursor(query.after)
        guard caller.rights.allowsAny(.user, .list) else { return RecordPageResult() }
        // Only what the caller may see is counted; one more than asked for tells whether there is a next page.
        let (total, users) = accounts.users.page(tenant: tenant, containing: containing, after: after, limit: query.limit + 1) { user in
            caller.allows(.user, .list, of: user.home, user.name.bytes)
        }
        return RecordRules.page(users, total: total, query, record: record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { record(try find(caller, .info, id)) }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        var user = try find(caller, .put, id)
        let (number, home) = (user.number, user.home)
        var change = UserChange()
        change.name = try name(&fields, where: { caller.allows(.user, .put, of: home, $0) })
        change.role = try role(&fields)
        if let text = fields.text("display_name") { change.displayName = try label(text, "display_name") }
        change.email = fields.text("email")
        change.group = fields.text("group")
        change.isEnabled = try fields.bool("enabled")
        let wallet = try fields.units("wallet")
        try fields.finish(.user)
        let isAllowed = Self.permission(caller, .put)
        guard isAllowed(user), change.role ?? .common == .common || caller.rights.isAdministrator else { throw .denied }
        let ready = change
        if change != UserChange() || secret != nil || expected != nil {
            user = try await accountCall { () async throws(AccountError) in
                try await accounts.users.update(
                    number, ready, password: secret, expected: expected, by: caller.selector, where: isAllowed)
            }
        }
        if let wallet { try await set(wallet, of: user, caller, .put) }
        return record(accounts.users.find(number) ?? user)
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var users: [User] = []
        let isAllowed = Self.permission(caller, .delete)
        for id in ids {
            let user = try find(caller, .delete, id)
            guard isAllowed(user) else { throw .denied }
            users.append(user)
        }
        for user in users {
            try await accountCall { () async throws(AccountError) in
                try await accounts.users.delete(user.number, by: caller.selector, where: isAllowed)
            }
        }
        return users.count
    }

    // MARK: Parts

    /// A user's name, or `#` and a number.
    func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> User {
        var user = accounts.users.find(name: Array(id.utf8))
        if user == nil, let number = Self.number(id) { user = accounts.users.find(number) }
        if let user, caller.allows(.user, action, of: user.home, user.name.bytes) { return user }
        // A user of another tenant, whose name is taken for all, gets the answer that nobody of this name would get here.
        let home = caller.tenant ?? .main
        try caller.require(.user, action, of: home, Array(id.utf8))
        try caller.require(.user, .info, of: home, Array(id.utf8))
        throw Failure(.notFound, "there is no user of this name")
    }

    /// Rights over users do not reach those who administer: only administrators do.
    static func permission(_ caller: Caller, _ action: Action) -> Permission<User> {
        { user in
            caller.allows(.user, action, of: user.home, user.name.bytes) && (user.role == .common || caller.rights.isAdministrator)
        }
    }

    /// The number in `#7`.
    private static func number(_ id: String) -> UInt64? { id.hasPrefix("#") ? RecordRules.number(id.dropFirst()) : nil }

    private func name(_ fields: inout RecordFields, where isAllowed: ([UInt8]) -> Bool) throws(Failure) -> DocumentName? {
        guard let name = try fields.documentName("name", where: isAllowed) else { return nil }
        guard Self.number(name.description) == nil else {
            throw Failure(.invalidName, "'name': '#' and a number stand for the user of this number")
        }
        return name
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

    private func label(_ text: String, _ field: String) throws(Failure) -> Label {
        do throws(AccountError) { return try Label(text) } catch { throw Failure(.invalidArgument, "'\(field)': \(error.message)") }
    }

    /// A wallet bounds all API keys of a user together; without one they are bounded by their own quotas only.
    private func set(_ wallet: Int64?, of user: User, _ caller: Caller, _ action: Action) async throws(Failure) {
        try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.setWallet(
                of: user.number, units: wallet, by: caller.selector, where: Self.permission(caller, action))
        }
    }

    private func record(_ user: User) -> Record {
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

    /// The tenant that a filter names: only one that the caller may know of, or that the connection is in.
    func filter(_ name: String, _ caller: Caller) throws(Failure) -> TenantID {
        let found = accounts.tenants.find(name: Array(name.utf8))?.number
        if let found, found == caller.tenant { return found }
        try caller.require(.tenant, .info, of: .main, Array(name.utf8))
        guard let found else { throw Failure(.notFound, "there is no tenant '\(Name.printable(name.utf8))'") }
        return found
    }

    /// The tenant in which something is made. Rights there are judged next: without them it looks as if it were not there.
    func number(_ name: String, _ caller: Caller) throws(Failure) -> TenantID {
        if let tenant = accounts.tenants.find(name: Array(name.utf8)) { return tenant.number }
        throw caller.allows(.tenant, .info, of: .main, Array(name.utf8)) ? Failure(.notFound, "there is no tenant '\(Name.printable(name.utf8))'") : .denied
    }
}
