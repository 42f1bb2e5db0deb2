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
            let callers = pool.members.compactMap { credentials.find($0.credential) }
            guard let caller = callers.first(where: { $0.provider == pool.provider && $0.isEnabled }) else {
                throw CredentialError(.noLiveMember, "pool", "no member of the pool could ask its upstream")
            }
            let result = try await tokens.perform(caller.number, step: step.name, values: [Pool.ownKind: own], by: principal)
            guard result.verdict == .ok else { throw CredentialError(.upstream, "pool", "not revoked: \(result.reason)") }
            try await pools.setOwnToken(number, nil, by: principal)
        }
        try await acting.renewPool(number, by: principal)
        return pools.find(number) ?? pool
    }
}
