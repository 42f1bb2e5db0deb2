import CofferAccounts
import CofferStore

/// Credentials as records: made, shown, changed, deleted. Their tokens are kept alive elsewhere.
public final class CredentialService: Sendable {
    let context: CredentialContext
    let providers: ProviderService

    init(context: CredentialContext, providers: ProviderService) {
        self.context = context
        self.providers = providers
    }

    // MARK: Reading, from memory

    /// The credential of this number; a deleted one is not found.
    public func find(_ number: UInt64) -> Credential? {
        context.directory.credential(number).flatMap { $0.deleted == 0 ? $0 : nil }
    }

    public func find(tenant: TenantID, name: [UInt8]) -> Credential? { context.directory.credential(tenant: tenant, name: name) }

    /// Ascending by number.
    /// - Parameter tenant: `nil`: of all tenants.
    public func list(tenant: TenantID? = nil, where isWanted: (Credential) -> Bool = { _ in true }) -> [Credential] {
        let all = context.directory.read { memory in memory.order.compactMap { memory.credentials[$0] } }
        return all.filter { $0.deleted == 0 && (tenant == nil || $0.tenant == tenant) && isWanted($0) }
    }

    /// Deleted ones that can still be brought back, ascending by number.
    public func deleted(tenant: TenantID) -> [Credential] {
        let all = context.directory.read { memory in memory.order.compactMap { memory.credentials[$0] } }
        return all.filter { $0.deleted != 0 && $0.tenant == tenant }
    }

    public var count: Int { context.directory.read { $0.names.count } }

    /// Revision that changed one of its tokens last; 0: never.
    public func tokenRevision(_ number: UInt64) -> UInt64 { context.directory.read { $0.tokenRevisions[number] ?? 0 } }

    // MARK: Sealed parts. Both wait for the disk: not on an event loop

    /// A token as it lies in the store, alive or not; `nil`: there is none of this kind.
    public func token(_ number: UInt64, kind: String) throws(CredentialError) -> SecretBuffer? {
        try context.token(of: number, kind: kind)
    }

    /// A sealed field such as `password`; `nil`: it is not set.
    public func secret(_ number: UInt64, _ name: String) throws(CredentialError) -> SecretBuffer? {
        try context.secrets(of: number)[name]
    }

    /// All sealed fields that are set.
    public func secrets(_ number: UInt64) throws(CredentialError) -> [String: SecretBuffer] { try context.secrets(of: number) }
}
