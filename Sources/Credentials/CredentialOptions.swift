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
    /// Files that no sink may write: the daemon cannot do without them.
    public var ownFiles: [String] = []
    /// Milliseconds for which a deleted credential can be brought back: 30 days.
    public var undeletePeriod: UInt64 = 30 * 86_400_000

    /// Milliseconds that ``Credentials/stop()`` waits for dials that run.
    public var drain: UInt64 = 10_000
    /// Refreshes that wait for their turn at one provider, at most.
    public var queueLimit = 16_384
    /// Askers that wait for tokens, at most, of all credentials.
    public var waiterLimit = 65_536
    /// What wakes waiters and repeats what failed.
    public var alarm: any Alarm = DispatchAlarm()
    /// Spreads repetitions: 0 up to, not including, 1.
    public var jitter: @Sendable () -> Double = { Double.random(in: 0..<1) }

    /// A copy of a store is tried out, perhaps while the original goes on: nothing happens by itself, no upstream is called, no sink's file
    /// is written. What would is refused with ``CredentialError/rehearses``.
    public var rehearses = false

    public init() {}
}
