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
        // A token of an administrator is an administrator's right.
        guard user.role == .common || caller.rights.isAdministrator else { throw .denied }
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
                by: caller.selector)
        }
        return (record(issued, user), token)
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        let user = try user(caller, .info, try filter.required("user"))
        try filter.finish(.user)
        let tokens = accounts.tokens.list(user: user.number).sorted { $0.number < $1.number }
        var result = RecordPageResult(total: tokens.count)
        let after = UInt64(query.after) ?? 0
        for token in tokens where token.number > after {
            if result.records.count == query.limit {
                result.next = result.records.last?.id ?? ""
                break
            }
            result.records.append(record(token, user))
        }
        return result
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
        for id in ids { numbers.append(try find(caller, .put, id).0.number) }
        for number in numbers {
            try await accountCall { () async throws(AccountError) in try await accounts.tokens.revoke(number, by: caller.selector) }
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
        guard let number = UInt64(id), let token = accounts.tokens.find(number), token.kind == .personal,
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
