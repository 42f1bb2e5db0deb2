/// Why a key may not, in the order in which it is looked at (decisions 12).
public enum VerdictReason: UInt8, Sendable, CaseIterable {
    case valid = 0, unknown = 1, address = 2, disabled = 3, expired = 4, owner = 5, group = 6, model = 7, quota = 8, wallet = 9
    case requestsPerMinute = 10, tokensPerDay = 11, tokensPerMonth = 12, inFlight = 13, locked = 14
    /// The store could not do it; nothing was charged, or the cost was out of range.
    case failed = 15

    public var word: String {
        switch self {
        case .valid: "valid"
        case .unknown: "unknown-key"
        case .address: "address"
        case .disabled: "disabled"
        case .expired: "expired"
        case .owner: "owner-disabled"
        case .group: "group"
        case .model: "model"
        case .quota: "quota"
        case .wallet: "wallet"
        case .requestsPerMinute: "requests-per-minute"
        case .tokensPerDay: "tokens-per-day"
        case .tokensPerMonth: "tokens-per-month"
        case .inFlight: "in-flight"
        case .locked: "locked"
        case .failed: "failed"
        }
    }
}

/// The answer to "may this key do that".
public struct Verdict: Sendable {
    /// What the presented bytes open: the key itself everything, RAGFlow's beta only what is embedded (decisions 3).
    public enum Scope: UInt8, Sendable { case full = 0, embed = 1 }

    public var reason: VerdictReason
    /// `nil`: the key is not known.
    public var entry: APIKeyEntry?
    /// Quota units, after the charge.
    public var remaining: Int64
    public var unlimited: Bool
    /// Milliseconds; 0: time alone changes nothing.
    public var retryAfter: UInt64
    public var scope: Scope

    init(
        _ reason: VerdictReason, _ entry: APIKeyEntry? = nil, remaining: Int64 = 0, unlimited: Bool = false, retryAfter: UInt64 = 0,
        scope: Scope = .full
    ) {
        self.reason = reason
        self.entry = entry
        self.remaining = remaining
        self.unlimited = unlimited
        self.retryAfter = retryAfter
        self.scope = scope
    }
}

/// What is asked. The pointers must live as long as the call.
public struct VerifyRequest {
    /// As clients send it.
    public var key: UnsafeRawBufferPointer
    public var address: ClientAddress?
    /// Empty: not asked.
    public var model: UnsafeRawBufferPointer
    /// Quota units, 0 to 500,000,000,000,000.
    public var cost: Int64

    public init(
        key: UnsafeRawBufferPointer, address: ClientAddress? = nil, model: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        cost: Int64 = 0
    ) {
        self.key = key
        self.address = address
        self.model = model
        self.cost = cost
    }
}

public enum VerifyOutcome: Sendable {
    case verdict(Verdict)
    /// Everything but the charge is in order; ``APIKeyService/finish(_:completion:)`` commits it.
    case needsCommit(PendingCharge)
}

/// A verify whose cost memory alone cannot take.
public struct PendingCharge: Sendable {
    let account: APIKeyAccount
    let entry: APIKeyEntry
    let scope: Verdict.Scope
    let cost: Int64
}
