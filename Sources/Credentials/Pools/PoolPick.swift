/// What is asked of a pool's members.
struct PoolAsk: Sendable {
    /// `access`, `share`, …; ``Pool/ownKind``: the pool's own token and nothing else.
    var kind = "access"
    /// Milliseconds that the token must live for.
    var minimumLeft: UInt64 = 0
    /// The same key gets the same member while that is live and no 60 s pass between two requests; empty: any.
    var sticky: [UInt8] = []
    /// Members that failed during this very request; 0: the pool's own token.
    var avoiding: Set<UInt64> = []
}

/// What a pool answers.
enum PoolAnswer: Equatable, Sendable {
    /// The lease has begun. Where the credential has no live token, one can be got.
    case member(credential: UInt64, lease: LeaseID)
    /// The pool's own token lives; its lease begins when it is taken.
    case own
    /// Milliseconds until the first may come back; 0: waiting does not help, or nobody knows.
    case none(retryAfter: UInt64)
}
