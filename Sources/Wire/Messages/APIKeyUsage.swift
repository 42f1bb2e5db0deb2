/// Asks for the readable form of an API key.
public struct RevealRequest: WireMessage {
    /// The API key's number, as its record's id.
    public var id: String

    public init(id: String) { self.id = id }
    public init(from decoder: inout WireDecoder) throws(WireError) { id = try decoder.recordID() }
    public func encode(to encoder: inout WireEncoder) { encoder.text(id) }
}

public struct RevealResponse: WireMessage {
    /// The readable form, 0 to 65,536 bytes.
    public var secret: [UInt8]

    public init(secret: [UInt8]) { self.secret = secret }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
    }
    public func encode(to encoder: inout WireEncoder) { encoder.bytes32(secret) }
}

/// Asks what an API key was used for.
public struct UsageRequest: WireMessage {
    public var id: String
    /// Most lines in the answer, 0 to 1,000.
    public var limit: UInt16

    public init(id: String, limit: UInt16) {
        self.id = id
        self.limit = limit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        id = try decoder.recordID()
        limit = try decoder.u16("limit")
        guard Int(limit) <= Limits.usageLines else { throw .unknownValue("limit") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(id)
        encoder.u16(limit)
    }
}

/// What one settle charged.
public struct UsageLine: WireMessage, Hashable {
    /// Unix milliseconds.
    public var time: UInt64
    /// Quota units.
    public var amount: Int64
    /// 0 to 128 bytes.
    public var requestID: String
    /// 0 to 255 bytes.
    public var model: String
    public var inputTokens: Int64
    public var outputTokens: Int64

    public init(time: UInt64, amount: Int64, requestID: String, model: String, inputTokens: Int64, outputTokens: Int64) {
        self.time = time
        self.amount = amount
        self.requestID = requestID
        self.model = model
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        time = try decoder.u64("time")
        amount = try decoder.i64("amount")
        requestID = try decoder.text("request_id", limit: Limits.requestID)
        model = try decoder.text("model", limit: Limits.model)
        inputTokens = try decoder.i64("input_tokens")
        outputTokens = try decoder.i64("output_tokens")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(time)
        encoder.i64(amount)
        encoder.text(requestID)
        encoder.text(model)
        encoder.i64(inputTokens)
        encoder.i64(outputTokens)
    }
}

/// An API key's record, and its last usage lines, the newest first.
public struct UsageResponse: WireMessage {
    public var record: Record
    public var lines: [UsageLine]

    public init(record: Record, lines: [UsageLine]) {
        self.record = record
        self.lines = lines
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        record = try Record(from: &decoder)
        lines = try decoder.list("lines", limit: Limits.usageLines) { decoder throws(WireError) in try UsageLine(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        record.encode(to: &encoder)
        encoder.list(lines) { $1.encode(to: &$0) }
    }
}
