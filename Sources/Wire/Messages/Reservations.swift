/// Verifies an API key and sets units aside until they are settled, released, or the time is up.
public struct ReserveRequest: WireMessage {
    /// The key as it was presented, 1 to 512 bytes of any kind.
    public var key: [UInt8]
    /// 0, 4 or 16 bytes, as in ``VerifyRequest``.
    public var address: [UInt8]
    public var model: String
    /// Quota units, 0 to 500,000,000,000,000.
    public var amount: UInt64
    /// Names the reservation among those of this API key, 1 to 128 bytes. The same again is answered as the first time.
    public var requestID: String
    /// Milliseconds after which the units go back by themselves, 1,000 to 86,400,000.
    public var lifetime: UInt32

    public init(key: [UInt8], address: [UInt8] = [], model: String = "", amount: UInt64, requestID: String, lifetime: UInt32) {
        self.key = key
        self.address = address
        self.model = model
        self.amount = amount
        self.requestID = requestID
        self.lifetime = lifetime
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        let slices = try VerifyRequest.slices(from: &decoder, amount: "amount")
        key = Array(slices.key)
        address = Array(slices.address)
        model = String(decoding: slices.model, as: UTF8.self)
        amount = slices.cost
        requestID = try decoder.requestID()
        lifetime = try decoder.u32("lifetime")
        guard Limits.reservationLifetime.contains(lifetime) else { throw .unknownValue("lifetime") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(key)
        encoder.bytes8(address)
        encoder.text(model)
        encoder.u64(amount)
        encoder.text(requestID)
        encoder.u32(lifetime)
    }
}

public struct ReserveResponse: WireMessage {
    /// Anything but valid: nothing was reserved.
    public var verdict: VerifyResponse
    /// Quota units that were set aside.
    public var amount: Int64
    /// Unix milliseconds at which the units go back; 0: nothing was reserved.
    public var expires: UInt64
    /// Whether this request id was answered before: nothing was set aside now.
    public var repeated: Bool

    public init(verdict: VerifyResponse, amount: Int64 = 0, expires: UInt64 = 0, repeated: Bool = false) {
        self.verdict = verdict
        self.amount = amount
        self.expires = expires
        self.repeated = repeated
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        verdict = try VerifyResponse(from: &decoder)
        amount = try decoder.i64("amount")
        expires = try decoder.u64("expires")
        repeated = try decoder.bool("repeated")
    }

    public func encode(to encoder: inout WireEncoder) {
        verdict.encode(to: &encoder)
        encoder.i64(amount)
        encoder.u64(expires)
        encoder.bool(repeated)
    }
}

/// Says what the work really cost.
public struct SettleRequest: WireMessage {
    /// Of the API key, from the verdict.
    public var number: UInt64
    public var requestID: String
    /// Quota units, 0 to 500,000,000,000,000; may be less or more than was reserved.
    public var amount: UInt64
    /// What was used, for the usage line; 0 to 255 bytes.
    public var model: String
    /// 0 to 500,000,000,000,000.
    public var inputTokens: UInt64
    /// 0 to 500,000,000,000,000.
    public var outputTokens: UInt64

    public init(number: UInt64, requestID: String, amount: UInt64, model: String = "", inputTokens: UInt64 = 0, outputTokens: UInt64 = 0) {
        self.number = number
        self.requestID = requestID
        self.amount = amount
        self.model = model
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        number = try decoder.u64("number")
        requestID = try decoder.requestID()
        amount = try decoder.units("amount")
        model = try decoder.text("model", limit: Limits.model)
        inputTokens = try decoder.units("input_tokens")
        outputTokens = try decoder.units("output_tokens")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(number)
        encoder.text(requestID)
        encoder.u64(amount)
        encoder.text(model)
        encoder.u64(inputTokens)
        encoder.u64(outputTokens)
    }
}

/// Gives a reservation back: the work was not done.
public struct ReleaseRequest: WireMessage {
    public var number: UInt64
    public var requestID: String

    public init(number: UInt64, requestID: String) {
        self.number = number
        self.requestID = requestID
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        number = try decoder.u64("number")
        requestID = try decoder.requestID()
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(number)
        encoder.text(requestID)
    }
}

/// The answer to settle and release: how the API key stands now.
public struct SettleResponse: WireMessage {
    /// Quota units that were taken for good.
    public var charged: Int64
    /// Units that should have been taken and were not there.
    public var shortfall: Int64
    /// Units that are left; an unlimited key counts down below 0.
    public var remaining: Int64
    public var unlimited: Bool
    /// Whether the reservation was settled or given back before: nothing was changed now.
    public var repeated: Bool

    public init(charged: Int64, shortfall: Int64 = 0, remaining: Int64, unlimited: Bool = false, repeated: Bool = false) {
        self.charged = charged
        self.shortfall = shortfall
        self.remaining = remaining
        self.unlimited = unlimited
        self.repeated = repeated
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        charged = try decoder.i64("charged")
        shortfall = try decoder.i64("shortfall")
        remaining = try decoder.i64("remaining")
        unlimited = try decoder.bool("unlimited")
        repeated = try decoder.bool("repeated")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.i64(charged)
        encoder.i64(shortfall)
        encoder.i64(remaining)
        encoder.bool(unlimited)
        encoder.bool(repeated)
    }
}
