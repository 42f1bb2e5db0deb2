import CofferStore

// Who is in a tenant, and as what.
extension TenantService {
    /// In order of creation.
    public func members(of tenant: TenantID) -> [Membership] {
        context.directory.read { state in
            (state.membersOfTenant[tenant] ?? []).compactMap { state.memberships[MembershipKey(tenant: tenant, user: $0)] }
        }.sorted { ($0.created, $0.user) < ($1.created, $1.user) }
    }

    /// In order of creation.
    public func memberships(of user: UInt64) -> [Membership] {
        context.directory.read { state in
            (state.tenantsOfUser[user] ?? []).compactMap { state.memberships[MembershipKey(tenant: $0, user: user)] }
        }.sorted { ($0.created, $0.tenant) < ($1.created, $1.tenant) }
    }

    /// - Parameter isAllowed: asked about the tenant as it is when the user joins.
    /// - Throws: `notFound` (tenant or user), `alreadyExists`, `denied`, `locked`, …
    @discardableResult
    public func add(
        tenant: TenantID, user: UInt64, role: MembershipRole, by principal: String,
        where isAllowed: @escaping Permission<Tenant> = { _ in true }
    ) async throws(AccountError) -> Membership {
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            try AccountError.require(isAllowed, context.directory.existingTenant(tenant))
            _ = try context.directory.existingUser(user)
            guard context.directory.membership(MembershipKey(tenant: tenant, user: user)) == nil else {
                throw AccountError(.alreadyExists, "user", "the user is a member of this tenant already")
            }
            let membership = Membership(tenant: tenant, user: user, role: role, created: context.now)
            try context.commit([try .create(membership)], by: principal)
            return membership
        }
    }

    /// An invitation that is accepted becomes `normal`; the day of creation stays.
    /// - Throws: `notFound`, `locked`, …
    @discardableResult
    public func changeRole(
        tenant: TenantID, user: UInt64, to role: MembershipRole, by principal: String
    ) async throws(AccountError) -> Membership {
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            let key = MembershipKey(tenant: tenant, user: user)
            var membership = try Self.existing(key, in: context.directory)
            guard membership.role != role else { return membership }
            membership.role = role
            try context.commit(
                [.putDocument(.memberships, try .membership(key), AccountDocuments.encode(membership), expected: .any)], by: principal)
            return membership
        }
    }

    /// - Parameter isAllowed: asked about the tenant as it is when the user leaves.
    /// - Throws: `notFound`, `denied`, `locked`, …
    public func remove(
        tenant: TenantID, user: UInt64, by principal: String, where isAllowed: @escaping Permission<Tenant> = { _ in true }
    ) async throws(AccountError) {
        let context = context
        try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            try AccountError.require(isAllowed, context.directory.existingTenant(tenant))
            let key = MembershipKey(tenant: tenant, user: user)
            _ = try Self.existing(key, in: context.directory)
            try context.commit([.deleteDocument(.memberships, try .membership(key), expected: .any)], by: principal)
        }
    }

    private static func existing(_ key: MembershipKey, in directory: Directory) throws(AccountError) -> Membership {
        guard let membership = directory.membership(key) else {
            throw AccountError(.notFound, "user", "the user is no member of this tenant")
        }
        return membership
    }
}
