import CofferWire

/// What an API key may do, as the daemon judged it. A refusal is a verdict too, never an error.
public struct Verdict: Equatable, Sendable {
    /// The first thing that refuses the key; ``VerifyReason/valid`` where nothing does.
    public typealias Reason = VerifyReason
    /// How far the key reaches.
    public typealias Scope = VerifyScope

    /// Whether the key may be used.
    public var isValid: Bool { reason == .valid }
    public let reason: Reason
    public let scope: Scope
    /// Whether the key has no limit; ``remaining`` then only counts.
    public let unlimited: Bool
    /// Quota units that are left, what this call took deducted; below 0 for unlimited keys only.
    public let remaining: Int64
    /// Unix seconds; -1: never. 0 for an unknown key.
    public let expires: Int64
    /// Milliseconds until it is worth another try; 0: waiting does not help.
    public let retryAfter: UInt32
    /// The API key's number, for ``CofferClient/settle(_:requestID:amount:model:inputTokens:outputTokens:timeout:)``; 0: unknown key.
    public let number: UInt64
    /// The name of the API key's tenant; empty for an unknown key, like the other names.
    public let tenant: String
    /// The name of the user that owns the API key; empty: nobody.
    public let owner: String
    /// The API key's own name.
    public let name: String
    public let group: String

    init(_ response: VerifyResponse) {
        reason = response.numbers.reason
        scope = response.numbers.scope
        unlimited = response.numbers.unlimited
        remaining = response.numbers.remaining
        expires = response.numbers.expires
        retryAfter = response.numbers.retryAfter
        number = response.numbers.number
        tenant = response.tenant
        owner = response.owner
        name = response.name
        group = response.group
    }
}

/// Units that were set aside for work that is about to be done, or the verdict that refused them.
public struct Reservation: Equatable, Sendable {
    /// Where it is not valid, nothing was reserved.
    public let verdict: Verdict
    /// Quota units that were set aside.
    public let amount: Int64
    /// Unix milliseconds at which the units go back by themselves; 0: nothing was reserved.
    public let expires: UInt64
    /// Whether this request id was answered before: nothing was set aside now.
    public let repeated: Bool

    init(_ response: ReserveResponse) {
        verdict = Verdict(response.verdict)
        amount = response.amount
        expires = response.expires
        repeated = response.repeated
    }
}

/// What a settle or release left of an API key.
public typealias Settlement = SettleResponse
/// An API key's record and its last usage lines, the newest first.
public typealias APIKeyUsage = UsageResponse
