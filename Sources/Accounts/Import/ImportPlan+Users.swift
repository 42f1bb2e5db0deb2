import CofferStore

// Users, with their passwords, wallets and new-api's access tokens.
extension ImportPlan {
    mutating func user(_ fields: inout ImportFields) throws(AccountError) -> ImportReport.Effect {
        var draft = UserDraft(name: try fields.name())
        draft.displayName = try fields.label("display_name")
        draft.email = fields.text("email") ?? ""
        draft.role = try fields.word("role", { Role(word: $0) }) ?? .common
        draft.isEnabled = try fields.bool("enabled") ?? true
        if let group = fields.text("group"), !group.isEmpty { draft.group = group }
        draft.newapiID = try fields.number("newapi_id", ImportFields.identifiers)
        draft.ragflowID = fields.text("ragflow_id") ?? ""
        draft.created = try fields.moment("created")
        let wallet = try wallet(&fields)
        let (hash, token) = (fields.secret("password_hash"), fields.secret("newapi_access_token"))
        try UserService.check(draft)
        if isThere(draft) {
            // Its tenant is there as well.
            _ = (fields.text("tenant_ref"), fields.text("home"))
            try fields.finish()
            return .unchanged
        }
        draft.home = try home(of: draft, &fields).number
        try fields.finish()
        if let error = find({ $0.conflict(with: draft) }) { throw error }
        let password = document(of: hash, of: draft)
        let user = draft.user(
            number: try next(.user), newapiID: try newapiID(of: draft), hasPassword: password != nil, now: now)
        var new = try UserService.mutations(creating: user, hash: password)
        if let wallet {
            new.append(.budget(.set(try .wallet(user.number), unlimited: false, remaining: wallet.left, used: wallet.used)))
        }
        let stored = try accessToken(token, of: user)
        if let stored { new.append(try .create(stored)) }
        steps += new
        take(user.number, of: .user)
        if user.newapiID > 0 { take(UInt64(user.newapiID), of: .newapiUser) }
        made.apply(.user(user.number, user))
        if let stored {
            take(stored.token.number, of: .token)
            made.apply(.token(stored.token.number, stored))
        }
        return .created
    }

    /// The same user of the same system by the same name. Without a number or id of another system the name says it alone.
    private func isThere(_ draft: UserDraft) -> Bool {
        guard let present = find({ $0.user(.name(draft.name.bytes)) }) else { return false }
        let newapiID = draft.newapiID ?? 0
        return (newapiID == 0 || newapiID == present.newapiID) && (draft.ragflowID.isEmpty || draft.ragflowID == present.ragflowID)
    }

    /// A RAGFlow user is at home in the tenant that bears the user's id; others where the row says, or in `main`.
    private func home(of draft: UserDraft, _ fields: inout ImportFields) throws(AccountError) -> Tenant {
        let named = try tenant(&fields, orBy: "home")
        let id = Array(draft.ragflowID.utf8)
        if let named {
            guard id.isEmpty || named.name.bytes == id else {
                throw AccountError(.invalidArgument, "tenant_ref", "a user of RAGFlow is at home in the tenant of the same id")
            }
            return named
        }
        if id.isEmpty { return try context.directory.existingTenant(.main) }
        return try existing(tenant: id, field: "ragflow_id")
    }

    private func newapiID(of draft: UserDraft) throws(AccountError) -> Int64 {
        if let brought = draft.newapiID { return brought }
        // RAGFlow's users have no number of new-api's, as those who register there.
        return draft.ragflowID.isEmpty ? Int64(clamping: try next(.newapiUser)) : 0
    }

    /// The document of a password that can be checked here; another one must be set anew (decisions 23).
    private mutating func document(of hash: SecretBuffer?, of draft: UserDraft) -> SecretBuffer? {
        guard let hash else {
            remark("it brings no password: the user must set one")
            return nil
        }
        let text = withExtendedLifetime(hash) { String(decoding: hash.bytes, as: UTF8.self) }
        let scheme: ForeignPasswordScheme = draft.ragflowID.isEmpty ? .bcrypt : .werkzeug
        guard ForeignPassword.canVerify(scheme, text) else {
            remark("its password cannot be checked here: the user must set another one")
            return nil
        }
        return StoredPassword(scheme: scheme == .bcrypt ? .bcrypt : .werkzeug, hash: hash).encoded()
    }

    // MARK: Wallet

    /// What is left and what was used, in quota units; `nil`: the user has none, and is bounded by the keys' quotas only.
    private func wallet(_ fields: inout ImportFields) throws(AccountError) -> (left: Int64, used: Int64)? {
        let used = try fields.number("wallet_used", 0...StoreLimits.quota)
        guard let text = fields.text("wallet"), text != "unlimited" else { return nil }
        guard let left = Int64(text), (0...StoreLimits.quota).contains(left) else {
            throw AccountError(.invalidArgument, "wallet", "it must be unlimited or lie between 0 and \(StoreLimits.quota)")
        }
        return (left, used ?? 0)
    }

    // MARK: Access token

    /// `nil`: there is none, or it cannot be taken over, and a remark says so.
    private mutating func accessToken(_ token: SecretBuffer?, of user: User) throws(AccountError) -> StoredToken? {
        guard let token else { return nil }
        defer { withExtendedLifetime(token) {} }
        guard TokenService.lengths.contains(token.count) else {
            remark("its access token is left out: it is too short or too long")
            return nil
        }
        for hash in hasher.hashes(token.bytes, .accessToken) where find({ $0.tokenHashes[hash] }) != nil {
            remark("its access token is left out: it is another user's already")
            return nil
        }
        return StoredToken(
            token: AccessToken(
                number: try next(.token), user: user.number, kind: .newapiAccess, name: .empty, created: now, expires: 0),
            hash: hasher.hash(token.bytes, .accessToken), writtenLastUsed: 0)
    }
}
