/// What a caller met when it used a token.
public enum ReportedVerdict: Equatable, Sendable {
    case ok
    /// 401.
    case unauthorized
    /// 402, or what the upstream says for a used-up quota. `until`: Unix milliseconds at which it comes back; 0: nobody said.
    case paymentRequired(until: UInt64 = 0)
    /// 429. Milliseconds; 0: the upstream did not say.
    case limited(retryAfter: UInt64 = 0)
    /// 5xx, or no answer.
    case serverError

    public var word: String {
        switch self {
        case .ok: "ok"
        case .unauthorized: "unauthorized"
        case .paymentRequired: "payment-required"
        case .limited: "limited"
        case .serverError: "server-error"
        }
    }
}

/// What became of a report.
public struct PoolReportResult: Equatable, Sendable {
    public enum Effect: String, Sendable {
        /// It counts.
        case taken
        /// The lease was reported before: the first report stands.
        case repeated
        /// It is about a token that was replaced since, or something newer is known: nothing changed.
        case outdated
    }

    public var effect: Effect
    public var pool: UInt64
    /// 0: the pool's own token.
    public var credential: UInt64
    public var state: PoolMemberState
    /// Unix milliseconds, as ``PoolMemberView/until``.
    public var until: UInt64
}
