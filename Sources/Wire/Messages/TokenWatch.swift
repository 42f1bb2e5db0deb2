/// Subscribes to what becomes of the tokens and the state of credentials or pools. Their values are asked for apart, with `token`.
public struct TokenWatchRequest: WireMessage {
    /// Whether pools are watched rather than credentials.
    public var isPool: Bool
    /// Whether `name` is one name rather than a prefix.
    public var exact: Bool
    /// 0 to 255 bytes.
    public var name: [UInt8]
    /// Changes after this position; absent: from now on.
    public var from: Position?
    /// Events that may be sent before more credit is given.
    public var credit: UInt32

    public init(isPool: Bool = false, exact: Bool, name: [UInt8], from: Position? = nil, credit: UInt32 = 1_024) {
        self.isPool = isPool
        self.exact = exact
        self.name = name
        self.from = from
        self.credit = credit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        isPool = try decoder.bool("pool")
        exact = try decoder.bool("exact")
        name = try decoder.bytes16("name", limit: Limits.otherName)
        from = try decoder.optional("from") { decoder throws(WireError) in try Position(from: &decoder) }
        credit = try decoder.u32("credit")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bool(isPool)
        encoder.bool(exact)
        encoder.bytes16(name)
        encoder.optional(from) { $1.encode(to: &$0) }
        encoder.u32(credit)
    }
}

public enum TokenWatchEvent: WireMessage {
    /// How a credential or pool stands now that it has changed.
    public struct Change: Equatable, Sendable {
        /// The last one that changed it.
        public var revision: UInt64
        /// Whether no further event of this revision follows.
        public var last: Bool
        public var number: UInt64
        /// 1 to 255 bytes.
        public var name: String
        /// `fresh`, `due`, `needs-person`, …; `gone` where there is none of this name any more. 1 to 32 bytes.
        public var state: String
        /// Of its access token, Unix milliseconds; 0: unknown, or there is none.
        public var expires: UInt64
        /// The one that wrote its tokens last, as in a token's answer; 0: it has none.
        public var tokenRevision: UInt64

        public init(
            revision: UInt64, last: Bool, number: UInt64, name: String, state: String, expires: UInt64, tokenRevision: UInt64
        ) {
            self.revision = revision
            self.last = last
            self.number = number
            self.name = name
            self.state = state
            self.expires = expires
            self.tokenRevision = tokenRevision
        }

        /// Decodes what follows the kind of an event.
        init(from decoder: inout WireDecoder) throws(WireError) {
            revision = try decoder.u64("revision")
            last = try decoder.bool("last")
            number = try decoder.u64("number")
            name = try decoder.text("name", limit: Limits.otherName, minimum: 1)
            state = try decoder.text("state", limit: Limits.stateWord, minimum: 1)
            expires = try decoder.u64("expires")
            tokenRevision = try decoder.u64("token_revision")
        }

        func encode(to encoder: inout WireEncoder) {
            encoder.u64(revision)
            encoder.bool(last)
            encoder.u64(number)
            encoder.text(name)
            encoder.text(state)
            encoder.u64(expires)
            encoder.u64(tokenRevision)
        }
    }

    case change(Change)
    /// Changes were left out: ask again for what matters; events go on behind this position.
    case resync(Position)

    public init(from decoder: inout WireDecoder) throws(WireError) {
        switch try decoder.u8("event") {
        case 1: self = .change(try Change(from: &decoder))
        case 2: self = .resync(try Position(from: &decoder))
        default: throw .unknownValue("event")
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        switch self {
        case .change(let change):
            encoder.u8(1)
            change.encode(to: &encoder)
        case .resync(let position):
            encoder.u8(2)
            position.encode(to: &encoder)
        }
    }
}
