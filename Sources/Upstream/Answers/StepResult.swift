import CofferStore

/// What an answer says about the token that was presented.
public enum StepVerdict: Equatable, Sendable {
    case ok
    /// A definite verdict on what was presented, by the provider's own list (decisions 16).
    case dead
    /// The upstream said to try later, and used nothing up. In milliseconds from now, 1,000 to 86,400,000; nil: it did not say when.
    case limited(retryAfter: UInt64?)
    /// A person must act: captcha, second factor, payment, wrong login, wrong client.
    case needsPerson
    /// No verdict: network, time-out, 5xx, HTML, unreadable, redirect, missing fields.
    case down
}

/// How a call ended.
public struct StepResult: Sendable {
    public var verdict: StepVerdict
    /// Short, English, for people and logs: at most 200 bytes, never a value that was sent or received.
    public var reason: String
    /// false: provably no byte of the request left (connect failed, address refused, proxy refused, no such name).
    public var wasSent: Bool
    /// The upstream provably, or by its rules, did not use the token up: not sent, limited, dead, or a rule says so.
    public var isUnused: Bool
    /// HTTP status; 0: none.
    public var status: Int
    /// What the step takes from an answer: token kinds and other names. Also filled where an answer lacked other fields (then
    /// the verdict is ``StepVerdict/down``): a rotated refresh token in an answer without access token must not be lost.
    public var values: [String: SecretBuffer]
    /// Unix milliseconds, of token kinds in ``values``: `expires_in` from now, or the `exp` of a JWT; absent: unknown.
    public var expiries: [String: UInt64]
    /// The upstream's own, by the provider's pointers, at most 512 bytes; values that were sent are cut out. "" none.
    public var errorCode: String
    public var errorMessage: String
    /// What arrived, decompressed, up to the limit (1 MiB), also when it broke off; nil: nothing.
    public var body: SecretBuffer?

    public init(
        verdict: StepVerdict, reason: String, wasSent: Bool, isUnused: Bool, status: Int = 0, values: [String: SecretBuffer] = [:],
        expiries: [String: UInt64] = [:], errorCode: String = "", errorMessage: String = "", body: SecretBuffer? = nil
    ) {
        self.verdict = verdict
        self.reason = reason
        self.wasSent = wasSent
        self.isUnused = isUnused
        self.status = status
        self.values = values
        self.expiries = expiries
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.body = body
    }
}
