import CofferStore

/// What a new pool is made of.
public struct PoolDraft: Sendable {
    public var tenant: TenantID
    public var name: DocumentName
    public var provider = ""
    public var members: [PoolMember] = []
    public var memo = ""
    public var attributes: [String: String] = [:]
    /// The token that its upstream gave the pool itself, 1 to 65,536 bytes.
    public var ownToken: SecretBuffer?
    /// Unix milliseconds; 0: unknown.
    public var ownExpires: UInt64 = 0

    public init(tenant: TenantID, name: DocumentName) {
        self.tenant = tenant
        self.name = name
    }
}

/// What changes of a pool; what is absent stays. Members: first `members`, then `removing`, then `adding`.
public struct PoolChange: Sendable {
    public var name: DocumentName?
    public var provider: String?
    public var memo: String?
    /// Of each name its value; `nil`: taken away.
    public var attributes: [String: String?] = [:]
    /// All members anew.
    public var members: [PoolMember]?
    /// Credentials that leave; those that are no members are skipped.
    public var removing: [UInt64] = []
    /// Members that join behind the others; of one that is there, weight and limit change.
    public var adding: [PoolMember] = []

    public init() {}
}
