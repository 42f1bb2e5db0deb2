import CofferStore
import CofferUpstream

/// What the credentials of a store are run with.
public struct CredentialOptions: Sendable {
    /// Unix milliseconds.
    public var clock: @Sendable () -> UInt64 = { Store.systemClock() }
    /// Base URLs of providers that are replaced, by provider (decisions 22).
    public var bases: [String: [String: String]] = [:]
    /// Addresses that calls may go to beyond the public ones.
    public var addresses = AddressRules()
    /// Milliseconds for which a deleted credential can be brought back: 30 days.
    public var undeletePeriod: UInt64 = 30 * 86_400_000

    public init() {}
}
