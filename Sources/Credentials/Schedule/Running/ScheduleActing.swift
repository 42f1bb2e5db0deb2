import CofferStore

/// What schedules do to credentials and pools. ``IssuerActing`` is the real one.
protocol ScheduleActing: Sendable {
    /// - Throws: why it failed; `dead` and `needsPerson` among them.
    func refresh(_ number: UInt64, relogin: Bool, kinds: [String], by principal: String) async throws(CredentialError)
    func check(_ number: UInt64, by principal: String) async throws(CredentialError) -> CheckOutcome
    /// Pools of the tenant whose names the filter covers, ascending.
    func pools(tenant: TenantID, matching filter: CredentialFilter) -> [UInt64]
    func renewPool(_ number: UInt64, by principal: String) async throws(CredentialError)
    /// The credentials of the pool of this name; `nil`: there is none.
    func members(tenant: TenantID, pool: String) -> Set<UInt64>?
}

struct CheckOutcome: Sendable {
    var isLive: Bool
    /// `live`, `dead`, `suspect`, `unknown`.
    var word: String
}
