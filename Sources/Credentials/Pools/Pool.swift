import CofferStore

/// A named group of credentials that are good for the same thing: asking it gives one live token (decisions 5).
public struct Pool: Equatable, Sendable {
    /// Given once, never again.
    public let number: UInt64
    public let tenant: TenantID
    /// Unique among the pools of its tenant.
    public var name: DocumentName
    /// Provider that keeps the pool's own token; "": none. Says nothing about the members, which may be of several.
    public var provider: String
    /// In the order in which they are refreshed where none has a live token. Each credential once; 0 to 10,000.
    public var members: [PoolMember]
    /// 0 to 1,024 bytes.
    public var memo: String
    /// What doors for older systems keep with it: `tokenstool.pool_time`.
    public var attributes: [String: String]
    /// Unix milliseconds.
    public var created: UInt64
    public var updated: UInt64
    /// The revision that changed its settings last.
    public var revision: UInt64
    /// The pool's own token from its upstream (`pk-…`), as far as it is known without opening it; `nil`: it has none.
    public var ownToken: TokenFact?

    public init(
        number: UInt64, tenant: TenantID, name: DocumentName, provider: String = "", members: [PoolMember] = [], memo: String = "",
        attributes: [String: String] = [:], created: UInt64, updated: UInt64, revision: UInt64 = 0, ownToken: TokenFact? = nil
    ) {
        self.number = number
        self.tenant = tenant
        self.name = name
        self.provider = provider
        self.members = members
        self.memo = memo
        self.attributes = attributes
        self.created = created
        self.updated = updated
        self.revision = revision
        self.ownToken = ownToken
    }

    /// The kind under which a pool's own token is told of.
    public static let ownKind = "pool"
    public static let maximumMembers = 10_000
}

/// One credential in a pool.
public struct PoolMember: Equatable, Sendable {
    public let credential: UInt64
    /// Its share of the requests, 1 to 1,000: a member of weight 2 gets twice as many as one of weight 1.
    public var weight: UInt16
    /// Leases that may be out at once; 0: no limit.
    public var inFlightLimit: UInt32

    public init(credential: UInt64, weight: UInt16 = 1, inFlightLimit: UInt32 = 0) {
        self.credential = credential
        self.weight = weight
        self.inFlightLimit = inFlightLimit
    }

    public static let weights: ClosedRange<UInt16> = 1...1_000
}
