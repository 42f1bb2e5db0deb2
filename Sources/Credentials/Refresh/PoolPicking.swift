import CofferStore

/// What stands between the issuer and the pools: which member answers. Set by ``PoolService``, asked for each request about a pool.
protocol PoolPicking: AnyObject, Sendable {
    /// Chooses from memory, without waiting; on any thread, event loops too.
    /// - Parameter excluding: members whose token could not be got during this very request.
    /// - Throws: `notFound` for a pool that is not there; `noLiveMember` with `retryAfter`.
    func pick(_ request: TokenRequest, excluding: Set<UInt64>, now: UInt64) throws(CredentialError) -> PoolPick

    /// The pool's own token with its value; `nil`: it is gone or no longer lives for so long.
    /// - Parameter reader: between begin and end.
    func ownToken(_ pool: UInt64, minimumLeft: UInt64, now: UInt64, reader: StoreReader) throws(StoreError) -> LiveToken?

    /// The lease was not used: its member's token could not be got. Not a caller's report; on any thread, must not block.
    func giveBack(lease: [UInt8], because error: CredentialError)
}

/// Who answers for a pool.
enum PoolPick: Sendable {
    /// A member, under a lease of 16 bytes.
    case member(credential: UInt64, lease: [UInt8])
    /// The pool's own token (decisions 5).
    case own(pool: UInt64)
}
