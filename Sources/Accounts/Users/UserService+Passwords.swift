import CofferStore

// Passwords: setting, importing, checking.
extension UserService {
    /// Ends the user's sessions in the same batch.
    /// - Throws: `invalidArgument` (1 to 1,024 bytes), `notFound`, `busy`, `locked`, …
    public func setPassword(_ number: UInt64, _ password: SecretBuffer, by principal: String) async throws(AccountError) {
        try context.directory.requireReady()
        _ = try context.directory.existingUser(number)
        let hash = try await passwords.document(password)
        let context = context
        try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            var user = try context.directory.existingUser(number)
            user.mustSetPassword = false
            let mutations = try [Self.put(user, now: context.now)] + Self.mutationsSetting(hash, of: number, in: context.directory)
            try context.commit(mutations, by: principal)
        }
    }

    /// Sessions that the old password opened end with it. On the change queue.
    static func mutationsSetting(_ hash: SecretBuffer, of number: UInt64, in directory: Directory) throws(AccountError) -> [Mutation] {
        let password = Mutation.putDocument(.passwords, try .number(number), hash, expected: .any)
        return [password] + (try TokenService.mutationsRevoking(user: number, kinds: .sessions, in: directory))
    }

    /// A hash that import brings. It is checked at the next login and replaced then; one that cannot be checked here is not kept, and the
    /// user must set a password (decisions 23).
    /// - Returns: the user; `mustSetPassword` says whether the hash was kept.
    /// - Throws: `notFound`, `locked`, …
    @discardableResult
    public func setForeignPassword(
        _ number: UInt64, scheme: ForeignPasswordScheme, hash: String, by principal: String
    ) async throws(AccountError) -> User {
        let isKept = ForeignPassword.canVerify(scheme, hash)
        let stored = StoredPassword(scheme: scheme == .bcrypt ? .bcrypt : .werkzeug, hash: SecretBuffer(Array(hash.utf8)))
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            var user = try context.directory.existingUser(number)
            user.mustSetPassword = !isKept
            var mutations = [try Self.put(user, now: context.now)]
            let name = try DocumentName.number(number)
            if isKept {
                mutations.append(.putDocument(.passwords, name, stored.encoded(), expected: .any))
            } else if try context.document(.passwords, name) != nil {
                mutations.append(.deleteDocument(.passwords, name, expected: .any))
            }
            try context.commit(mutations, by: principal)
            return try context.directory.existingUser(number)
        }
    }

    /// Waits its turn behind a short queue. An unknown user (`nil`), one without a password and a wrong password take as long.
    /// - Returns: the user as it is after the check.
    /// - Throws: `loginFailed`; `denied` for a disabled user with the right password; `busy`, `locked`, `failed`.
    public func check(password: SecretBuffer, of user: User?) async throws(AccountError) -> User {
        try context.directory.requireReady()
        let right = try await passwords.check(password, of: user?.number)
        // It may have gone while its password was checked.
        guard let user, let present = context.directory.user(user.number) else { throw PasswordService.loginFailed }
        guard present.isEnabled else { throw AccountError(.denied, "user", "the user is disabled") }
        if let replacement = right.replacement { await replace(replacement, of: present.number, checked: right.revision) }
        return present
    }

    /// Keeps a better hash of the same password. Where that fails, or the password was changed meanwhile, the next login tries again.
    private func replace(_ hash: SecretBuffer, of number: UInt64, checked revision: UInt64) async {
        let context = context
        _ = try? await context.queue.run { () throws(AccountError) in
            try context.commit(
                [.putDocument(.passwords, try .number(number), hash, expected: .exactly(revision))], by: "coffer")
        }
    }
}
