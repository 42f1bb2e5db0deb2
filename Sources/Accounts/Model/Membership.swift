import CofferStore

/// What a user is in a tenant (RAGFlow's words).
public enum MembershipRole: String, Sendable, CaseIterable {
    case owner, admin, normal, invite
}

/// A user in a tenant. The home tenant of a user is apart from this.
public struct Membership: Equatable, Sendable {
    public var tenant: TenantID
    public var user: UInt64
    public var role: MembershipRole
    /// Unix milliseconds.
    public var created: UInt64

    public init(tenant: TenantID, user: UInt64, role: MembershipRole, created: UInt64) {
        self.tenant = tenant
        self.user = user
        self.role = role
        self.created = created
    }
}
