import CofferStore

/// Tenants and their members. Reads come from memory, on any thread, at once; a locked store has none.
public final class TenantService: Sendable {
    let context: AccountContext
    private let apiKeys: APIKeyService

    init(context: AccountContext, apiKeys: APIKeyService) {
        self.context = context
        self.apiKeys = apiKeys
    }

    // MARK: Reading

    public func find(_ number: TenantID) -> Tenant? { context.directory.tenant(number) }

    public func find(name: [UInt8]) -> Tenant? {
        context.directory.read { state in state.tenantNames[name].flatMap { state.tenants[$0] } }
    }

    /// By number.
    public func list() -> [Tenant] { context.directory.read { Array($0.tenants.values) }.sorted { $0.number < $1.number } }

    // MARK: Changing

    /// - Throws: `alreadyExists`, `locked`, …
    public func create(name: DocumentName, allowsReveal: Bool, by principal: String) async throws(AccountError) -> Tenant {
        let context = context
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            try Self.requireFree(name, in: context.directory)
            let number = try context.directory.next(.tenant)
            let tenant = Tenant(number: number, name: name, allowsReveal: allowsReveal, created: context.now, revision: 0)
            try context.commit([try Sequences.tenant.mutation(last: number), try .create(tenant)], by: principal)
            return try context.directory.existingTenant(number)
        }
    }

    /// Switching reveal off deletes the readable forms of the tenant's API keys in the same batch.
    /// - Parameters:
    ///   - expected: the revision that the caller saw; `nil`: any.
    ///   - isAllowed: asked about the tenant as it is before the change, when the change is made.
    /// - Throws: `notFound`, `alreadyExists`, `conflict` (changed meanwhile; or a name that has to stay), `denied`, `locked`, …
    public func update(
        _ number: TenantID, name: DocumentName?, allowsReveal: Bool?, expected: UInt64?, by principal: String,
        where isAllowed: @escaping Permission<Tenant> = { _ in true }
    ) async throws(AccountError) -> Tenant {
        let context = context
        let apiKeys = apiKeys
        return try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            let old = try context.directory.existingTenant(number)
            try AccountError.require(isAllowed, old)
            try AccountError.require(expected, is: old.revision)
            var new = old
            if let name, name != old.name {
                try Self.requireRenamable(old, in: context.directory)
                try Self.requireFree(name, in: context.directory)
                new.name = name
            }
            new.allowsReveal = allowsReveal ?? old.allowsReveal
            guard new != old else { return old }
            var mutations: [Mutation] = [.putDocument(
                .tenants, try .number(number), AccountDocuments.encode(new), expected: .exactly(old.revision))]
            if old.allowsReveal && !new.allowsReveal { mutations += try apiKeys.mutationsForgettingForms(tenant: number) }
            try context.commit(mutations, by: principal)
            return try context.directory.existingTenant(number)
        }
    }

    /// - Parameter isAllowed: asked about the tenant as it is when it goes.
    /// - Throws: `notFound`, `conflict` for `main` and while it has users, members or API keys, `denied`, `locked`, …
    public func delete(
        _ number: TenantID, by principal: String, where isAllowed: @escaping Permission<Tenant> = { _ in true }
    ) async throws(AccountError) {
        let context = context
        let apiKeys = apiKeys
        try await context.queue.run { () throws(AccountError) in
            try context.directory.requireReady()
            let tenant = try context.directory.existingTenant(number)
            try AccountError.require(isAllowed, tenant)
            guard number != .main else { throw AccountError(.conflict, "tenant", "the tenant 'main' cannot be deleted") }
            let (users, members) = context.directory.read { state in
                (state.users.values.contains { $0.home == number }, state.membersOfTenant[number] != nil)
            }
            guard !users else { throw AccountError(.conflict, "tenant", "the tenant still has users") }
            guard !members else { throw AccountError(.conflict, "tenant", "the tenant still has members") }
            guard apiKeys.numbers(tenant: number).isEmpty else { throw AccountError(.conflict, "tenant", "the tenant still has API keys") }
            try context.commit(
                [.deleteDocument(.tenants, try .number(number), expected: .exactly(tenant.revision))], by: principal)
        }
    }

    /// Makes the document of `main` where the store has none yet. A store that cannot be written goes without.
    func makeMain() {
        guard let main = context.directory.tenant(.main), main.revision == 0 else { return }
        _ = try? context.commit([try .create(main)], by: "coffer")
    }

    private static func requireFree(_ name: DocumentName, in directory: Directory) throws(AccountError) {
        guard directory.read({ $0.tenantNames[name.bytes] == nil }) else {
            throw AccountError(.alreadyExists, "name", "there is a tenant of this name already")
        }
    }

    /// `main` is what a caller gets who names no tenant; a RAGFlow user's home bears that user's id.
    private static func requireRenamable(_ tenant: Tenant, in directory: Directory) throws(AccountError) {
        guard tenant.number != .main else { throw AccountError(.conflict, "name", "the tenant 'main' keeps its name") }
        guard directory.read({ $0.ragflowIDs[tenant.name.description] == nil }) else {
            throw AccountError(.conflict, "name", "the tenant bears the id of a RAGFlow user and keeps its name")
        }
    }
}

extension Mutation {
    static func create(_ tenant: Tenant) throws(AccountError) -> Mutation {
        .putDocument(.tenants, try .number(tenant.number), AccountDocuments.encode(tenant), expected: .exactly(0))
    }

    static func create(_ membership: Membership) throws(AccountError) -> Mutation {
        let key = MembershipKey(tenant: membership.tenant, user: membership.user)
        return .putDocument(.memberships, try .membership(key), AccountDocuments.encode(membership), expected: .exactly(0))
    }

    static func create(_ user: User) throws(AccountError) -> Mutation {
        .putDocument(.users, try .number(user.number), AccountDocuments.encode(user), expected: .exactly(0))
    }
}

extension AccountError {
    /// - Throws: `conflict` when the thing was written since the caller saw it.
    static func require(_ expected: UInt64?, is revision: UInt64) throws(AccountError) {
        guard expected == nil || expected == revision else {
            throw AccountError(.conflict, "revision", "it was changed meanwhile: its revision is \(revision)")
        }
    }
}
