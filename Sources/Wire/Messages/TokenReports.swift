/// What somebody who used a token of a pool's member got for it.
public enum TokenVerdict: UInt8, Sendable, CaseIterable {
    case ok = 0
    /// 401.
    case unauthorized = 1
    /// 402.
    case paymentRequired = 2
    /// 429.
    case limited = 3
    /// 5xx.
    case serverError = 4
}

/// Tells what came of a token that was handed out by a pool.
public struct ReportRequest: WireMessage {
    public enum Target: Equatable, Sendable {
        /// The lease of a token's answer, 16 bytes.
        case lease(Bytes16)
        /// By their names, 1 to 255 bytes each.
        case member(pool: String, credential: String)
    }

    public var target: Target
    public var verdict: TokenVerdict
    /// Milliseconds for which the upstream asked to wait; 0: it did not say.
    public var retryAfter: UInt32

    public init(_ target: Target, _ verdict: TokenVerdict, retryAfter: UInt32 = 0) {
        self.target = target
        self.verdict = verdict
        self.retryAfter = retryAfter
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        switch try decoder.u8("target") {
        case 0: target = .lease(try Bytes16(from: &decoder))
        case 1:
            let pool = try decoder.text("pool", limit: Limits.otherName, minimum: 1)
            target = .member(pool: pool, credential: try decoder.text("credential", limit: Limits.otherName, minimum: 1))
        default: throw .unknownValue("target")
        }
        guard let verdict = TokenVerdict(rawValue: try decoder.u8("verdict")) else { throw .unknownValue("verdict") }
        self.verdict = verdict
        retryAfter = try decoder.u32("retry_after")
    }

    public func encode(to encoder: inout WireEncoder) {
        switch target {
        case .lease(let lease):
            encoder.u8(0)
            lease.encode(to: &encoder)
        case .member(let pool, let credential):
            encoder.u8(1)
            encoder.text(pool)
            encoder.text(credential)
        }
        encoder.u8(verdict.rawValue)
        encoder.u32(retryAfter)
    }
}

/// What became of a report.
public struct ReportResponse: WireMessage {
    public enum Effect: UInt8, Sendable, CaseIterable {
        /// It counts.
        case taken = 0
        /// The lease was reported before: the first report stands.
        case `repeated` = 1
        /// It is about a token that was replaced since, or something newer is known: nothing changed.
        case outdated = 2
    }

    public var effect: Effect
    /// How the member stands now: `live`, `cooling`, `exhausted`, `suspect`, `dead`; 1 to 32 bytes.
    public var state: String
    /// Unix milliseconds before which it is not handed out; 0: it waits for nothing.
    public var until: UInt64

    public init(effect: Effect, state: String, until: UInt64) {
        self.effect = effect
        self.state = state
        self.until = until
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let effect = Effect(rawValue: try decoder.u8("effect")) else { throw .unknownValue("effect") }
        self.effect = effect
        state = try decoder.text("state", limit: Limits.stateWord, minimum: 1)
        until = try decoder.u64("until")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(effect.rawValue)
        encoder.text(state)
        encoder.u64(until)
    }
}
