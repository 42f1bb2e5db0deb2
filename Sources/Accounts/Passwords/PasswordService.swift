import CofferStore

/// Checks passwords and makes their hashes, on the password queue.
final class PasswordService: Sendable {
    private let context: AccountContext
    private let hasher: PasswordHasher
    let queue = PasswordQueue()

    init(context: AccountContext) {
        self.context = context
        hasher = PasswordHasher(memory: max(context.options.passwordMemory, 8 << 10))
    }

    /// A new hash, as its document.
    func document(_ password: SecretBuffer) async throws(AccountError) -> SecretBuffer {
        try PasswordHasher.check(password)
        let hasher = hasher
        return try await queue.run { () throws(AccountError) in
            StoredPassword(scheme: .argon2id, hash: try hasher.hash(password)).encoded()
        }
    }

    /// What a check found out besides "right": a hash to keep in place of the one that is there.
    struct Right: Sendable {
        var replacement: SecretBuffer?
        /// The revision of the document that was checked.
        var revision: UInt64
    }

    /// An unknown user and one without a password cost what a wrong password costs. (A foreign hash costs what its own scheme does, until
    /// the first login.)
    /// - Throws: `loginFailed`, `busy`, `locked`, `failed`.
    func check(_ password: SecretBuffer, of user: UInt64?) async throws(AccountError) -> Right {
        let context = context
        let hasher = hasher
        return try await queue.run { () throws(AccountError) in
            // 0 is nobody's number: the store is asked all the same.
            let name = try DocumentName.number(user ?? 0)
            let found = try AccountError.translating { () throws(StoreError) in
                try context.store.withWorker { (worker) throws(StoreError) -> FoundDocument? in
                    try worker.reader.documentWithRevision(.passwords, name).map { FoundDocument(bytes: $0.bytes, revision: $0.revision) }
                }
            }
            guard let found, PasswordHasher.lengths.contains(password.count) else {
                hasher.pretend(password)
                throw Self.loginFailed
            }
            let stored = try StoredPassword(decoding: found.bytes)
            if stored.scheme == .argon2id {
                guard try hasher.verify(password, against: stored.hash) else { throw Self.loginFailed }
                if !hasher.needsRehash(stored.hash) { return Right(replacement: nil, revision: found.revision) }
            } else {
                guard ForeignPassword.verify(password, against: stored) else { throw Self.loginFailed }
            }
            let replacement = StoredPassword(scheme: .argon2id, hash: try hasher.hash(password)).encoded()
            return Right(replacement: replacement, revision: found.revision)
        }
    }

    private struct FoundDocument: Sendable {
        var bytes: SecretBuffer
        var revision: UInt64
    }

    static let loginFailed = AccountError(.loginFailed, "", "the name or the password is wrong")
}
