import CofferStore

// Wallets bound all API keys of one user together (decisions 11); a user without one is bounded by the keys' own quotas only.
extension APIKeyService {
    /// From memory; `nil`: the user has none.
    public func wallet(of user: UInt64) -> Budget? { registry.owner(user)?.wallet }

    /// Gives the user a wallet with so many units, or sets what is left in theirs.
    /// - Parameters:
    ///   - units: 0 to ``StoreLimits/quota``; `nil` takes the wallet away.
    ///   - isAllowed: asked about the user as it is when the wallet is set.
    /// - Throws: `notFound`, `invalidArgument`, `denied`, `locked`, …
    public func setWallet(
        of user: UInt64, units: Int64?, by principal: String, where isAllowed: @escaping Permission<User> = { _ in true }
    ) async throws(AccountError) {
        try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            try AccountError.require(isAllowed, context.directory.existingUser(user))
            let name = try DocumentName.wallet(user)
            let hasWallet = wallet(of: user) != nil
            guard let units else {
                if hasWallet { try context.commit([.budget(.remove(name))], by: principal) }
                return
            }
            try context.commit([.budget(.set(name, unlimited: hasWallet ? nil : false, remaining: units, used: nil))], by: principal)
        }
    }
}
