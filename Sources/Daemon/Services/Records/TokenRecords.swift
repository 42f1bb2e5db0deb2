import CofferAccounts
import CofferStore
import CofferWire

/// `token`: personal access tokens of the admin API. Rights are those on the user that a token speaks for.
struct TokenRecords: RecordKind {
    let accounts: Accounts
    let noun = "token"

    /// Letters and digits behind the prefix: 256 bits and more.
    private static let characters = 43

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        var fields = fields
        let user = try user(caller, .put, try fields.required("user"))
        let isAllowed = UserRecords.permission(caller, .put)
        guard isAllowed(user) else { throw .denied }
        let text = fields.text("name") ?? ""
        let name: Label
        do throws(AccountError) { name = try Label(text) } catch { throw Failure(.invalidArgument, "'name': \(error.message)") }
        let expires = try fields.moment("expires") ?? 0
        try fields.finish(.user)
        try RecordRules.refuse(secret)
        let token = TokenService.random(prefix: "cpat_", characters: Self.characters)
        let issued = try await accountCall { () async throws(AccountError) in
            try await accounts.tokens.issue(
                token, user: user.number, kind: .personal, name: name, expires: expires, replacing: false,
                by: caller.selector, where: isAllowed)
        }
        return (record(issued, user), token)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        let user = try user(caller, .info, try filter.required("user"))
        try filter.finish(.user)
        let after = try RecordRules.numberOfCursor(query.after)
        let tokens = accounts.tokens.list(user: user.number).sorted { $0.number < $1.number }
        let behind = Array(tokens.drop { $0.number <= after })
        return RecordRules.page(behind, total: tokens.count, query) { record($0, user) }
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record {
        let (token, user) = try find(caller, .info, id)
        return record(token, user)
    }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        throw Failure(.invalidArgument, "a token is revoked and made anew, not changed")
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        var numbers: [UInt64] = []
        let isAllowed = UserRecords.permission(caller, .put)
        for id in ids {
            let (token, user) = try find(caller, .put, id)
            guard isAllowed(user) else { throw .denied }
            numbers.append(token.number)
        }
        for number in numbers {
            try await accountCall { () async throws(AccountError) in
                try await accounts.tokens.revoke(number, by: caller.selector, where: isAllowed)
            }
        }
        return numbers.count
    }

    private func user(_ caller: Caller, _ action: Action, _ name: String) throws(Failure) -> User {
        guard let user = accounts.users.find(name: Array(name.utf8)) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no user of this name") : .denied
        }
        try caller.require(.user, action, of: user.home, user.name.bytes)
        return user
    }

    private func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> (AccessToken, User) {
        guard let number = RecordRules.number(id), let token = accounts.tokens.find(number), token.kind == .personal,
            let user = accounts.users.find(token.user)
        else { throw caller.rights.isAdministrator ? Failure(.notFound, "there is no token of this number") : .denied }
        try caller.require(.user, action, of: user.home, user.name.bytes)
        return (token, user)
    }

    private func record(_ token: AccessToken, _ user: User) -> Record {
        var builder = RecordBuilder()
        builder.number("number", token.number)
        builder.text("user", user.name.description)
        builder.text("name", token.name.text)
        builder.time("created", token.created)
        builder.time("expires", token.expires)
        builder.time("last_used", token.lastUsed)
        return builder.record(noun, id: "\(token.number)", revision: 0)
    }
}
