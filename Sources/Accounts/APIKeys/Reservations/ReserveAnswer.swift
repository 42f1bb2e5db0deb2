/// What a reserve came to. `verdict.reason` other than valid: nothing was reserved.
public struct ReserveAnswer: Sendable {
    public var verdict: Verdict
    /// The key's; 0: unknown.
    public var number: UInt64
    /// Quota units.
    public var amount: Int64
    /// Unix milliseconds, when it is given back unless settled.
    public var expires: UInt64
    /// The same request id was answered before: nothing changed now.
    public var repeated: Bool
}

/// What a settle or release came to.
public struct SettleAnswer: Sendable {
    public var number: UInt64
    /// Quota units; 0 after a release.
    public var charged: Int64
    /// What could not be taken because nothing was left.
    public var shortfall: Int64
    public var remaining: Int64
    public var unlimited: Bool
    public var repeated: Bool
}
