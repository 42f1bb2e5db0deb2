import CofferStore

/// Who may log in. Reads come from memory, on any thread, at once; a locked store has nobody.
public final class UserService: Sendable {
    let context: AccountContext
    let apiKeys: APIKeyService
    let passwords: PasswordService

    init(context: AccountContext, apiKeys: APIKeyService) {
        self.context = context
        self.apiKeys = apiKeys
        passwords = PasswordService(context: context)
    }

    public func find(_ number: UInt64) -> User? { context.directory.user(number) }

    public func find(name: [UInt8]) -> User? {
        context.directory.read { state in state.userNames[name].flatMap { state.users[$0] } }
    }

    /// Without regard to ASCII case.
    public func find(email: String) -> User? {
        let folded = NameRules.folded(email.utf8)
        return context.directory.read { state in state.userEmails[folded].flatMap { state.users[$0] } }
    }

    public func find(newapiID: Int64) -> User? {
        context.directory.read { state in state.newapiIDs[newapiID].flatMap { state.users[$0] } }
    }

    public func find(ragflowID: String) -> User? {
        context.directory.read { state in state.ragflowIDs[ragflowID].flatMap { state.users[$0] } }
    }

    public var count: Int { context.directory.read { $0.users.count } }

    /// Users by number.
    /// - Parameters:
    ///   - tenant: only those whose home it is; `nil`: all.
    ///   - containing: found in name, display name or e-mail address, without regard to ASCII case; "": all.
    ///   - after: only those with a larger number.
    public func list(tenant: TenantID?, containing: String, after: UInt64, limit: Int) -> [User] {
        let text = NameRules.folded(containing.utf8)
        var result: [User] = []
        var last = after
        // A piece at a time: who logs in meanwhile does not wait for the whole list.
        while result.count < limit {
            let piece = context.directory.read { $0.users(after: last, limit: Self.piece) }
            guard let end = piece.last else { break }
            last = end.number
            let fitting = piece.lazy.filter { user in (tenant == nil || user.home == tenant) && user.contains(folded: text) }
            result += fitting.prefix(limit - result.count)
        }
        return result
    }

    /// A page of those that `isAllowed` is true for, by number, and how many of them there are in all.
    /// - Parameters:
    ///   - tenant: only those whose home it is; `nil`: all.
    ///   - containing: found in name, display name or e-mail address, without regard to ASCII case; "": all.
    ///   - after: only those with a larger number are in the page; the total counts all.
    public func page(
        tenant: TenantID?, containing: String, after: UInt64, limit: Int, where isAllowed: Permission<User>
    ) -> (total: Int, users: [User]) {
        let text = NameRules.folded(containing.utf8)
        var result: (total: Int, users: [User]) = (0, [])
        var last = UInt64(0)
        // A million users are gone through, but never held.
        while true {
            let piece = context.directory.read { $0.users(after: last, limit: Self.piece) }
            guard let end = piece.last else { return result }
            last = end.number
            for user in piece where (tenant == nil || user.home == tenant) && user.contains(folded: text) && isAllowed(user) {
                result.total += 1
                if user.number > after, result.users.count < limit { result.users.append(user) }
            }
        }
    }

    private static let piece = 512
}

extension DirectoryState {
    /// By number.
    fileprivate func users(after number: UInt64, limit: Int) -> [User] {
        guard number < .max else { return [] }
        return userNumbers[userNumbers.lowerBound(of: number + 1)...].prefix(limit).compactMap { users[$0] }
    }
}

extension User {
    fileprivate func contains(folded text: [UInt8]) -> Bool {
        if text.isEmpty { return true }
        return [name.bytes, displayName.bytes, Array(email.utf8)].contains { NameRules.folded($0).contains(text) }
    }
}
