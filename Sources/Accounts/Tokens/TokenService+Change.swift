import CofferStore

// Issuing and revoking.
extension TokenService {
    /// - Parameters:
    ///   - token: the bytes to accept from now on, 16 to 4,096; the caller makes their form.
    ///   - expires: Unix milliseconds; 0: never.
    ///   - replacing: earlier ones of this user and kind die in the same batch.
    ///   - isAllowed: asked about the user as it is when the token is made.
    /// - Throws: `invalidArgument` (`token`, `expires`), `notFound`, `alreadyExists` (the same bytes are a token already), `denied`,
    ///   `locked`, …
    public func issue(
        _ token: SecretBuffer, user: UInt64, kind: AccessToken.Kind, name: Label, expires: UInt64, replacing: Bool, by principal: String,
        where isAllowed: @escaping Permission<User> = { _ in true }
    ) async throws(AccountError) -> AccessToken {
        guard Self.lengths.contains(token.count) else {
            throw AccountError(
                .invalidArgument, "token", "a token must have \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) bytes")
        }
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            let directory = context.directory
            try directory.requireReady()
            try AccountError.require(isAllowed, directory.existingUser(user))
            let now = context.now
            guard expires == 0 || expires > now else { throw AccountError(.invalidArgument, "expires", "the expiry lies in the past") }
            guard let hasher = directory.read({ $0.hasher }) else { throw .isLocked }
            defer { withExtendedLifetime(token) {} }
            let hashes = hasher.hashes(token.bytes, .accessToken)
            let dying = replacing ? directory.read { $0.tokens(of: user, kinds: [kind]) } : []
            let same = directory.read { state in hashes.compactMap { state.tokenHashes[$0] } }
            guard same.allSatisfy(dying.contains) else {
                throw AccountError(.alreadyExists, "token", "these bytes are an access token already")
            }
            let number = try directory.next(.token)
            let stored = StoredToken(
                token: AccessToken(number: number, user: user, kind: kind, name: name, created: now, expires: expires),
                hash: hasher.hash(token.bytes, .accessToken), writtenLastUsed: 0)
            let mutations: [Mutation] = try Self.mutationsRevoking(dying) + [
                try Sequences.token.mutation(last: number),
                try .create(stored),
            ]
            try context.commit(mutations, by: principal)
            return stored.token
        }
    }

    /// - Parameter isAllowed: asked about the token's user as it is when the token goes.
    /// - Throws: `notFound`, `denied`, `locked`, …
    public func revoke(
        _ number: UInt64, by principal: String, where isAllowed: @escaping Permission<User> = { _ in true }
    ) async throws(AccountError) {
        let context = context
        try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            guard let token = context.directory.read({ $0.tokens[number]?.token }) else {
                throw AccountError(.notFound, "token", "there is no such access token")
            }
            try AccountError.require(isAllowed, context.directory.existingUser(token.user))
            try context.commit(try Self.mutationsRevoking([number]), by: principal)
        }
    }

    /// - Returns: how many went; 0 is no error.
    @discardableResult
    public func revoke(user: UInt64, kinds: Set<AccessToken.Kind>, by principal: String) async throws(AccountError) -> Int {
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            let mutations = try Self.mutationsRevoking(user: user, kinds: kinds, in: context.directory)
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            return mutations.count
        }
    }

    /// On the change queue.
    static func mutationsRevoking(
        user: UInt64, kinds: Set<AccessToken.Kind>, in directory: Directory
    ) throws(AccountError) -> [Mutation] {
        try mutationsRevoking(directory.read { $0.tokens(of: user, kinds: kinds) })
    }

    private static func mutationsRevoking(_ numbers: [UInt64]) throws(AccountError) -> [Mutation] {
        var mutations: [Mutation] = []
        for number in numbers { mutations.append(.deleteDocument(.accessTokens, try .number(number), expected: .any)) }
        return mutations
    }

    // MARK: What happens by itself

    /// Between two writes of a token's last use.
    static let useInterval: UInt64 = 60_000

    /// Removes sessions that ended, and writes when tokens were last used. On the change queue; what fails is tried again.
    /// - Parameter interval: milliseconds since the last write of a token's use; 0 writes them all.
    func sweep(now: UInt64, interval: UInt64 = TokenService.useInterval) {
        let (ended, used) = context.directory.change { state in state.takeSweep(now: now, interval: interval) }
        guard !ended.isEmpty || !used.isEmpty else { return }
        do throws(AccountError) {
            var mutations = try Self.mutationsRevoking(ended)
            for stored in used {
                mutations.append(.putDocument(
                    .accessTokens, try .number(stored.token.number), AccountDocuments.encode(stored), expected: .any))
            }
            try context.commit(mutations, by: "coffer")
        } catch {
            context.directory.change { $0.nextSessionEnd = 0 }
        }
    }
}

extension Mutation {
    static func create(_ stored: StoredToken) throws(AccountError) -> Mutation {
        .putDocument(.accessTokens, try .number(stored.token.number), AccountDocuments.encode(stored), expected: .exactly(0))
    }
}

extension DirectoryState {
    /// The numbers of a user's tokens, ascending.
    func tokens(of user: UInt64, kinds: Set<AccessToken.Kind>) -> [UInt64] {
        (tokensOfUser[user] ?? []).filter { number in tokens[number].map { kinds.contains($0.token.kind) } ?? false }.sorted()
    }

    /// Sessions that ended, and tokens whose last use is to be written.
    mutating func takeSweep(now: UInt64, interval: UInt64) -> (ended: [UInt64], used: [StoredToken]) {
        var ended: [UInt64] = []
        if now >= nextSessionEnd {
            nextSessionEnd = .max
            for (number, stored) in tokens where stored.token.expires != 0 && Set.sessions.contains(stored.token.kind) {
                if stored.token.isExpired(at: now) {
                    ended.append(number)
                } else {
                    nextSessionEnd = min(nextSessionEnd, stored.token.expires)
                }
            }
        }
        let gone = Set(ended)
        let used = touched.compactMap { tokens[$0] }.filter { stored in
            !gone.contains(stored.token.number) && stored.token.lastUsed >= stored.writtenLastUsed
                && stored.token.lastUsed - stored.writtenLastUsed >= interval
        }
        return (ended.sorted(), used.sorted { $0.token.number < $1.token.number })
    }
}
