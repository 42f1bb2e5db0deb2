import CofferAccounts
import CofferStore
import CofferUpstream

extension Credentials {
    /// Gets a pool's own token from its upstream.
    /// - Parameters:
    ///   - keeps: the token that it has is told to the upstream, which brings it up to date. Otherwise that one is revoked and another one
    ///     is asked for; where revoking fails, nothing has changed.
    ///   - isAllowed: judged before anything is asked.
    /// - Throws: `notFound`, `denied`, `invalidArgument` where its provider gives pools no token, `noLiveMember` where no member has a
    ///   share token, and what the upstream came to.
    public func renewPool(
        _ number: UInt64, keeps: Bool, by principal: String, where isAllowed: @escaping Permission<Pool> = { _ in true }
    ) async throws(CredentialError) -> Pool {
        guard let pool = pools.find(number) else { throw CredentialError(.notFound, "pool", "there is no such pool") }
        guard isAllowed(pool) else { throw .notAllowed }
        let acting = IssuerActing(tokens: tokens, pools: pools)
        if !keeps, let own = try pools.ownToken(number) {
            guard let step = providers.find(pool.provider)?.steps(.unpool).first else {
                throw CredentialError(.invalidArgument, "pool", "the pool's provider revokes no tokens of pools")
            }
            let caller = try caller(of: pool)
            let result = try await tokens.perform(caller.number, step: step.name, values: [Pool.ownKind: own], by: principal)
            guard result.verdict == .ok else { throw CredentialError(.upstream, "pool", "not revoked: \(result.reason)") }
            try await pools.setOwnToken(number, nil, by: principal)
        }
        try await acting.renewPool(number, by: principal)
        return pools.find(number) ?? pool
    }

    /// Asks a pool's upstream whether the pool's own token lives. One that is over is not handed out until something says otherwise;
    /// members are not judged by it.
    /// - Returns: `nil`: it has none, or its provider cannot say.
    /// - Throws: `notFound`, `denied`, `noLiveMember` where no member could ask, `invalidArgument` for a parameter that is missing, …
    public func checkPool(
        _ number: UInt64, by principal: String, where isAllowed: @escaping Permission<Pool> = { _ in true }
    ) async throws(CredentialError) -> (verdict: CheckReport.Verdict, reason: String)? {
        guard let pool = pools.find(number) else { throw CredentialError(.notFound, "pool", "there is no such pool") }
        guard isAllowed(pool) else { throw .notAllowed }
        let steps = providers.find(pool.provider)?.steps(.check) ?? []
        guard let fact = pool.ownToken, let step = steps.first(where: { $0.consumes == Pool.ownKind }) else { return nil }
        guard let own = try pools.ownToken(number) else { return nil }
        let known = pools.knowledge(ofOwn: number)
        let result = try await tokens.perform(try caller(of: pool).number, step: step.name, values: [Pool.ownKind: own], by: principal)
        guard pools.find(number)?.ownToken == fact else { return (.unknown, "the token was replaced while it was checked") }
        switch result.verdict {
        case .ok:
            pools.clear(0, in: number, since: known)
            return (.live, "live")
        case .dead:
            try pools.report(pool: number, credential: 0, .unauthorized, by: principal)
            return (.dead, result.reason)
        case .limited, .needsPerson, .down: return (.unknown, result.reason)
        }
    }

    /// A member whose parameters say where the pool's upstream is.
    private func caller(of pool: Pool) throws(CredentialError) -> Credential {
        let members = pool.members.compactMap { credentials.find($0.credential) }
        guard let caller = members.first(where: { $0.provider == pool.provider && $0.isEnabled && $0.deleted == 0 }) else {
            throw CredentialError(.noLiveMember, "pool", "no member of the pool could ask its upstream")
        }
        return caller
    }
}
