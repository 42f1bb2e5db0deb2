/// Asks what an API key may do now, and takes `cost` from it where it is valid. A refusal is an answer, not an error.
public struct VerifyRequest: WireMessage {
    /// The key as it was presented, 1 to 512 bytes of any kind.
    public var key: [UInt8]
    /// Who presented it: 4 bytes (IPv4), 16 (IPv6), or none where nobody knows.
    public var address: [UInt8]
    /// The model that is to be used, 0 to 255 bytes; empty: not asked.
    public var model: String
    /// Quota units, 0 to 500,000,000,000,000.
    public var cost: UInt64

    public init(key: [UInt8], address: [UInt8] = [], model: String = "", cost: UInt64 = 0) {
        self.key = key
        self.address = address
        self.model = model
        self.cost = cost
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        let slices = try Self.slices(from: &decoder)
        key = Array(slices.key)
        address = Array(slices.address)
        model = String(decoding: slices.model, as: UTF8.self)
        cost = slices.cost
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(key)
        encoder.bytes8(address)
        encoder.text(model)
        encoder.u64(cost)
    }

    /// The fields in place: valid as long as the decoder's buffer.
    public struct Slices {
        public var key: UnsafeRawBufferPointer
        /// 0, 4 or 16 bytes.
        public var address: UnsafeRawBufferPointer
        /// Valid UTF-8.
        public var model: UnsafeRawBufferPointer
        public var cost: UInt64
    }

    /// Reads the fields behind the deadline without a copy and without an allocation, for the daemon's shortest way. The caller
    /// reads the deadline before and calls ``WireDecoder/finish()`` behind it.
    public static func slices(from decoder: inout WireDecoder) throws(WireError) -> Slices {
        try slices(from: &decoder, amount: "cost")
    }

    /// - Parameter field: what the message calls the units.
    static func slices(from decoder: inout WireDecoder, amount field: StaticString) throws(WireError) -> Slices {
        let key = try decoder.slice16("key", limit: Limits.apiKey, minimum: 1)
        let address = try decoder.slice8("address", limit: 16)
        guard address.count == 0 || address.count == 4 || address.count == 16 else { throw .unknownValue("address") }
        let model = try decoder.textSlice("model", limit: Limits.model)
        return Slices(key: key, address: address, model: model, cost: try decoder.units(field))
    }
}

extension WireDecoder {
    /// Quota units, at most ``Limits/units``.
    mutating func units(_ field: StaticString) throws(WireError) -> UInt64 {
        let units = try u64(field)
        guard units <= Limits.units else { throw .unknownValue("\(field)") }
        return units
    }

    mutating func requestID() throws(WireError) -> String { try text("request_id", limit: Limits.requestID, minimum: 1) }
}

/// What came of looking at an API key: the first thing that refuses it, in the order of protocol.md, "API keys".
public enum VerifyReason: Hashable, Sendable {
    case valid
    /// No such key, or none that the caller may verify.
    case unknownKey
    case address, disabled, expired
    /// The key's owner is disabled.
    case owner
    case group, model
    /// Too little is left, in the key or in its owner's wallet.
    case quota, wallet
    case requestsPerMinute, tokensPerDay, tokensPerMonth
    /// Too many reservations are open.
    case inFlight
    /// A reason that this code does not know (14 or above): a refusal like the others.
    case other(UInt8)

    private static let known: [VerifyReason] = [
        .valid, .unknownKey, .address, .disabled, .expired, .owner, .group, .model, .quota, .wallet, .requestsPerMinute, .tokensPerDay,
        .tokensPerMonth, .inFlight,
    ]

    public init(_ number: UInt8) {
        self = Int(number) < Self.known.count ? Self.known[Int(number)] : .other(number)
    }

    /// As protocol.md lists them.
    public var number: UInt8 {
        switch self {
        case .valid: 0
        case .unknownKey: 1
        case .address: 2
        case .disabled: 3
        case .expired: 4
        case .owner: 5
        case .group: 6
        case .model: 7
        case .quota: 8
        case .wallet: 9
        case .requestsPerMinute: 10
        case .tokensPerDay: 11
        case .tokensPerMonth: 12
        case .inFlight: 13
        case .other(let number): number
        }
    }
}

/// How far an API key reaches.
public enum VerifyScope: UInt8, Sendable, CaseIterable {
    case full = 0
    /// RAGFlow's beta form, for pages of strangers.
    case embed = 1
}
