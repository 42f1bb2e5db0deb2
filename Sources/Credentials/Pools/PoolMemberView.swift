import CofferStore

/// How a member of a pool stands, as far as callers' reports tell.
public enum PoolMemberState: UInt8, Sendable, CaseIterable {
    case live = 0
    /// The upstream asked to wait, or failed.
    case cooling = 1
    /// It has to be paid for, or its quota is used up.
    case exhausted = 2
    /// It was refused; a fresh token or a probe will tell.
    case suspect = 3
    /// Refused again with a fresh token. Stays until somebody revives it.
    case dead = 4

    public var word: String {
        switch self {
        case .live: "live"
        case .cooling: "cooling"
        case .exhausted: "exhausted"
        case .suspect: "suspect"
        case .dead: "dead"
        }
    }
}

/// A member as people see it.
public struct PoolMemberView: Equatable, Sendable {
    /// 0: the pool's own token.
    public var credential: UInt64
    /// `nil`: the credential was deleted, or it is the pool's own token.
    public var name: DocumentName?
    public var weight: UInt16
    public var inFlightLimit: UInt32
    /// Leases that are out.
    public var inFlight: UInt32
    public var state: PoolMemberState
    /// Unix milliseconds: not handed out before, unless a fresh token comes; 0: not waiting.
    public var until: UInt64
    /// Unix milliseconds; 0: since ever.
    public var since: UInt64
    /// Waiting is over: the next request goes to it, and what comes of that decides.
    public var isHalfOpen: Bool
    /// Why it is not live; at most 200 bytes, never a secret.
    public var reason: String
    /// Failures in a row.
    public var failures: UInt16
    /// `ok`, `unauthorized`, `payment-required`, `limited`, `server-error`; "" nothing was reported.
    public var verdict: String
    /// Unix milliseconds.
    public var verdictTime: UInt64
    /// Whether its credential is there, enabled, and not dead.
    public var takesPart: Bool
    /// How its credential stands: ``Credential/word(now:lead:)``, or `deleted`; "" of the pool's own token.
    public var credentialWord: String
}
