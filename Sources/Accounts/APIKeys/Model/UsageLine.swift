import CofferStore

/// One settled request of a key; the last 1,000 of each are kept (decisions 11).
public struct UsageLine: Equatable, Sendable {
    /// Unix milliseconds.
    public var time: UInt64
    /// Quota units.
    public var amount: Int64
    public var requestID: String
    public var model: String
    public var inputTokens: Int64
    public var outputTokens: Int64

    private static let format: UInt8 = 1

    public init(time: UInt64, amount: Int64, requestID: String, model: String, inputTokens: Int64 = 0, outputTokens: Int64 = 0) {
        self.time = time
        self.amount = amount
        self.requestID = requestID
        self.model = model
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }

    func check() throws(AccountError) {
        guard (0...APIKeyLimits.quota).contains(amount) else { throw .outOfRange("amount") }
        guard inputTokens >= 0, outputTokens >= 0 else {
            throw AccountError(.invalidArgument, "tokens", "counts of tokens cannot be negative")
        }
        guard requestID.utf8.count <= APIKeyLimits.requestID, model.utf8.count <= APIKeyLimits.model else {
            throw AccountError(.invalidArgument, "model", "the request id or the model is longer than \(APIKeyLimits.model) bytes")
        }
    }

    func encoded() -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(Self.format)
        writer.u64(time)
        writer.u64(UInt64(bitPattern: amount))
        writer.text(requestID)
        writer.text(model)
        writer.u64(UInt64(bitPattern: inputTokens))
        writer.u64(UInt64(bitPattern: outputTokens))
        return writer.bytes
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "a usage line")
        guard try reader.u8() == Self.format else {
            throw StoreError(.unknownFormat, "a usage line has a format that this version does not know")
        }
        time = try reader.u64()
        amount = Int64(bitPattern: try reader.u64())
        requestID = try reader.text()
        model = try reader.text()
        inputTokens = Int64(bitPattern: try reader.u64())
        outputTokens = Int64(bitPattern: try reader.u64())
        try reader.finish()
    }
}
