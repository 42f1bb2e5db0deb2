import CSodium
import CofferStore

// New users.
extension UserService {
    /// - Parameter password: `nil`: the user must set one before logging in.
    /// - Throws: `invalidArgument`, `alreadyExists` (field `name`, `email`, `newapi_id` or `ragflow_id`), `notFound` (tenant), `busy`,
    ///   `locked`, …
    public func create(_ draft: UserDraft, password: SecretBuffer?, by principal: String) async throws(AccountError) -> User {
        try Self.check(draft)
        // A name that is taken needs no hash; the queue asks again.
        try Self.requireFree(draft, in: context.directory)
        var hash: SecretBuffer?
        if let password { hash = try await passwords.document(password) }
        let context = context
        return try await context.queue.run { [hash] () throws(AccountError) in
            try context.directory.requireReady()
            _ = try context.directory.existingTenant(draft.home)
            return try Self.commit(draft, hash: hash, before: [], after: [], context: context, by: principal)
        }
    }

    /// RAGFlow's registration: the user, a tenant that bears the user's id of 32 random hexadecimal digits, and the owner's membership, in
    /// one batch.
    /// - Throws: as ``create(_:password:by:)``.
    public func register(
        name: DocumentName, email: String, password: SecretBuffer, by principal: String
    ) async throws(AccountError) -> User {
        // It has no number of new-api's.
        var draft = UserDraft(name: name, email: email, newapiID: 0)
        draft.ragflowID = Self.randomRAGFlowID()
        if let label = try? Label(name.bytes) { draft.displayName = label }
        try Self.check(draft)
        try Self.requireFree(draft, in: context.directory)
        let hash = try await passwords.document(password)
        let context = context
        return try await context.queue.run { [draft] () throws(AccountError) in
            try context.directory.requireReady()
            var draft = draft
            let tenantName = try DocumentName.checked(draft.ragflowID)
            guard context.directory.read({ $0.tenantNames[tenantName.bytes] == nil }) else {
                throw AccountError(.alreadyExists, "ragflow_id", "there is a tenant of this id already")
            }
            let tenant = Tenant(
                number: try context.directory.next(.tenant), name: tenantName, allowsReveal: true, created: context.now, revision: 0)
            draft.home = tenant.number
            let user = try context.directory.next(.user)
            let membership = Membership(tenant: tenant.number, user: user, role: .owner, created: context.now)
            return try Self.commit(
                draft, hash: hash, before: [try Sequences.tenant.mutation(last: tenant.number), try .create(tenant)],
                after: [try .create(membership)], context: context, by: principal)
        }
    }

    /// On the change queue.
    private static func commit(
        _ draft: UserDraft, hash: SecretBuffer?, before: [Mutation], after: [Mutation], context: AccountContext, by principal: String
    ) throws(AccountError) -> User {
        let directory = context.directory
        try requireFree(draft, in: directory)
        let number = try directory.next(.user)
        var mutations = before + [try Sequences.user.mutation(last: number)]
        let newapiID: Int64
        if let given = draft.newapiID {
            newapiID = given
            // An imported number moves the sequence, never back.
            if given > 0, UInt64(given) > directory.last(.newapiUser) {
                mutations.append(try Sequences.newapiUser.mutation(last: UInt64(given)))
            }
        } else {
            let next = try directory.next(.newapiUser)
            newapiID = Int64(next)
            mutations.append(try Sequences.newapiUser.mutation(last: next))
        }
        let user = draft.user(number: number, newapiID: newapiID, hasPassword: hash != nil, now: context.now)
        mutations += try Self.mutations(creating: user, hash: hash)
        try context.commit(mutations + after, by: principal)
        return try directory.existingUser(number)
    }

    /// - Parameter hash: the document of the password.
    static func mutations(creating user: User, hash: SecretBuffer?) throws(AccountError) -> [Mutation] {
        var mutations = [try Mutation.create(user)]
        if let hash { mutations.append(.putDocument(.passwords, try .number(user.number), hash, expected: .exactly(0))) }
        return mutations
    }

    // MARK: Checks

    static func check(_ draft: UserDraft) throws(AccountError) {
        try NameRules.check(email: draft.email)
        try NameRules.check(group: draft.group)
        try NameRules.check(ragflowID: draft.ragflowID)
        if let id = draft.newapiID, id < 0 { throw AccountError(.invalidArgument, "newapi_id", "the number must not be below 0") }
    }

    static func requireFree(_ draft: UserDraft, in directory: Directory) throws(AccountError) {
        if let error = directory.read({ $0.conflict(with: draft) }) { throw error }
    }

    static func requireFree(name: DocumentName, in directory: Directory) throws(AccountError) {
        if let error = directory.read({ $0.conflict(userName: name) }) { throw error }
    }

    static func requireFree(email: String, in directory: Directory) throws(AccountError) {
        if let error = directory.read({ $0.conflict(email: email) }) { throw error }
    }

    private static func randomRAGFlowID() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        randombytes_buf(&bytes, bytes.count)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension UserDraft {
    /// The user that it becomes.
    func user(number: UInt64, newapiID: Int64, hasPassword: Bool, now: UInt64) -> User {
        User(
            number: number, name: name, displayName: displayName, email: email, role: role, isEnabled: isEnabled, home: home,
            group: group, newapiID: newapiID, ragflowID: ragflowID, mustSetPassword: !hasPassword, created: created ?? now, updated: now)
    }
}

extension DirectoryState {
    /// What of a new user is another's already; `nil`: nothing.
    func conflict(with draft: UserDraft) -> AccountError? {
        if let error = conflict(userName: draft.name) ?? conflict(email: draft.email) { return error }
        if let id = draft.newapiID, id != 0, newapiIDs[id] != nil {
            return AccountError(.alreadyExists, "newapi_id", "there is a user with this number already")
        }
        if !draft.ragflowID.isEmpty, ragflowIDs[draft.ragflowID] != nil {
            return AccountError(.alreadyExists, "ragflow_id", "there is a user with this id already")
        }
        return nil
    }

    func conflict(userName name: DocumentName) -> AccountError? {
        userNames[name.bytes] == nil ? nil : AccountError(.alreadyExists, "name", "there is a user of this name already")
    }

    func conflict(email: String) -> AccountError? {
        let folded = NameRules.folded(email.utf8)
        guard !folded.isEmpty, userEmails[folded] != nil else { return nil }
        return AccountError(.alreadyExists, "email", "there is a user with this e-mail address already")
    }
}
