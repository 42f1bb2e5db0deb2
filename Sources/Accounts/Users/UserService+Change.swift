import CofferStore

// Changes of users, and their end.
extension UserService {
    /// - Parameters:
    ///   - password: a new one, set in the same batch; it ends the user's sessions.
    ///   - expected: the revision that the caller saw; `nil`: any.
    ///   - isAllowed: asked about the user as it is before the change, and again when the change is made.
    /// - Throws: `notFound`, `invalidArgument`, `alreadyExists`, `conflict` (changed meanwhile; or the last enabled root user),
    ///   `denied`, `busy`, `locked`, …
    public func update(
        _ number: UInt64, _ change: UserChange, password: SecretBuffer? = nil, expected: UInt64?, by principal: String,
        where isAllowed: @escaping Permission<User> = { _ in true }
    ) async throws(AccountError) -> User {
        if let email = change.email { try NameRules.check(email: email) }
        if let group = change.group { try NameRules.check(group: group) }
        var hash: SecretBuffer?
        if let password {
            // No hash for nobody, nor for who may not.
            try context.directory.requireReady()
            try AccountError.require(isAllowed, context.directory.existingUser(number))
            hash = try await passwords.document(password)
        }
        let context = context
        return try await context.queue.run { [hash] () throws(AccountError) in
            let directory = context.directory
            try directory.requireReady()
            let old = try directory.existingUser(number)
            try AccountError.require(isAllowed, old)
            try AccountError.require(expected, is: old.revision)
            var new = old
            if let name = change.name, name != old.name {
                try Self.requireFree(name: name, in: directory)
                new.name = name
            }
            if let email = change.email, Array(email.utf8) != Array(old.email.utf8) {
                // Its own address in other letters is free.
                if NameRules.folded(email.utf8) != NameRules.folded(old.email.utf8) { try Self.requireFree(email: email, in: directory) }
                new.email = email
            }
            new.displayName = change.displayName ?? old.displayName
            new.role = change.role ?? old.role
            new.isEnabled = change.isEnabled ?? old.isEnabled
            new.group = change.group ?? old.group
            if hash != nil { new.mustSetPassword = false }
            guard new != old || hash != nil else { return old }
            if !new.isEnabledRoot { try Self.requireOtherRoot(than: old, in: directory) }
            var mutations = [try Self.put(new, now: context.now)]
            if let hash { mutations += try Self.mutationsSetting(hash, of: number, in: directory) }
            try context.commit(mutations, by: principal)
            return try directory.existingUser(number)
        }
    }

    /// The user's tokens, memberships, wallet, password and API keys go in the same batch. The home tenant stays.
    /// - Parameter isAllowed: asked about the user as it is when it goes.
    /// - Throws: `notFound`, `conflict` for the last enabled root user, `denied`, `locked`, …
    public func delete(
        _ number: UInt64, by principal: String, where isAllowed: @escaping Permission<User> = { _ in true }
    ) async throws(AccountError) {
        let context = context
        let apiKeys = apiKeys
        try await context.queue.run { () throws(AccountError) in
            let directory = context.directory
            try directory.requireReady()
            let user = try directory.existingUser(number)
            try AccountError.require(isAllowed, user)
            try Self.requireOtherRoot(than: user, in: directory)
            let (tokens, tenants) = directory.read { state in
                ((state.tokensOfUser[number] ?? []).sorted(), (state.tenantsOfUser[number] ?? []).sorted())
            }
            var mutations: [Mutation] = []
            for token in tokens { mutations.append(.deleteDocument(.accessTokens, try .number(token), expected: .any)) }
            for tenant in tenants {
                let key = MembershipKey(tenant: tenant, user: number)
                mutations.append(.deleteDocument(.memberships, try .membership(key), expected: .any))
            }
            mutations += try apiKeys.mutationsDeleting(apiKeys.numbers(owner: number))
            if try context.document(.passwords, try .number(number)) != nil {
                mutations.append(.deleteDocument(.passwords, try .number(number), expected: .any))
            }
            let wallet = try DocumentName.wallet(number)
            let hasWallet = try AccountError.translating { () throws(StoreError) in
                try context.store.withWorker { (worker) throws(StoreError) in try worker.reader.budget(wallet) != nil }
            }
            // Behind the keys whose budgets it paid for.
            if hasWallet { mutations.append(.budget(.remove(wallet))) }
            mutations.append(.deleteDocument(.users, try .number(number), expected: .exactly(user.revision)))
            try context.commit(mutations, by: principal)
        }
    }

    /// A store may have no root user at all, but the last enabled one does not go by accident.
    private static func requireOtherRoot(than user: User, in directory: Directory) throws(AccountError) {
        guard user.isEnabledRoot else { return }
        guard directory.read({ state in state.users.values.contains { $0.isEnabledRoot && $0.number != user.number } }) else {
            throw AccountError(.conflict, "role", "it is the last enabled root user: it cannot be deleted, disabled or demoted")
        }
    }

    /// A user that is there already, written anew.
    static func put(_ user: User, now: UInt64) throws(AccountError) -> Mutation {
        var user = user
        user.updated = now
        return .putDocument(.users, try .number(user.number), AccountDocuments.encode(user), expected: .exactly(user.revision))
    }
}

extension User {
    fileprivate var isEnabledRoot: Bool { isEnabled && role == .root }
}
