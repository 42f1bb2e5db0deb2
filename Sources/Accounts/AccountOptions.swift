import CofferStore

/// What the accounts of a store are run with.
public struct AccountOptions: Sendable {
    /// Unix milliseconds.
    public var clock: @Sendable () -> UInt64 = { Store.systemClock() }
    /// Bytes that one Argon2id takes (formats.md 19). At least 8 KiB; tests use less than the default.
    public var passwordMemory: Int = 64 << 20
    /// The groups that exist; `nil`: not checked.
    public var groups: Set<String>?
    /// API keys that one user may own.
    public var maxKeysPerUser: Int = .max

    public init() {}

    public init(
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }, passwordMemory: Int = 64 << 20,
        groups: Set<String>? = nil, maxKeysPerUser: Int = .max
    ) {
        self.clock = clock
        self.passwordMemory = passwordMemory
        self.groups = groups
        self.maxKeysPerUser = maxKeysPerUser
    }
}
