/// The verdict on an API key: the numbers, then four texts that say whose it is. Of an unknown key all but the reason is 0 or empty.
public struct VerifyResponse: WireMessage {
    /// The fixed part. In this order, without gaps: `reason` u8, `scope` u8, `unlimited` bool, `remaining` i64, `expires` i64,
    /// `retry_after` u32, `number` u64.
    public struct Numbers: Equatable, Sendable {
        public var reason: VerifyReason
        public var scope: VerifyScope
        public var unlimited: Bool
        /// Quota units that are left; an unlimited key counts down below 0.
        public var remaining: Int64
        /// Unix seconds; -1: never.
        public var expires: Int64
        /// Milliseconds until it is worth another try; 0: waiting does not help.
        public var retryAfter: UInt32
        /// The API key's number; 0: unknown key.
        public var number: UInt64

        public init(
            reason: VerifyReason, scope: VerifyScope = .full, unlimited: Bool = false, remaining: Int64 = 0, expires: Int64 = 0,
            retryAfter: UInt32 = 0, number: UInt64 = 0
        ) {
            self.reason = reason
            self.scope = scope
            self.unlimited = unlimited
            self.remaining = remaining
            self.expires = expires
            self.retryAfter = retryAfter
            self.number = number
        }

        init(from decoder: inout WireDecoder) throws(WireError) {
            reason = VerifyReason(try decoder.u8("reason"))
            guard let scope = VerifyScope(rawValue: try decoder.u8("scope")) else { throw .unknownValue("scope") }
            self.scope = scope
            unlimited = try decoder.bool("unlimited")
            remaining = try decoder.i64("remaining")
            expires = try decoder.i64("expires")
            retryAfter = try decoder.u32("retry_after")
            number = try decoder.u64("number")
        }

        /// Writes ``VerifyResponse/fixedSize`` bytes, which need not be aligned. Allocates nothing.
        public func write(to address: UnsafeMutableRawPointer) {
            address.storeBytes(of: reason.number, as: UInt8.self)
            address.storeBytes(of: scope.rawValue, toByteOffset: 1, as: UInt8.self)
            address.storeBytes(of: unlimited ? 1 : 0, toByteOffset: 2, as: UInt8.self)
            address.storeBytes(of: remaining.bigEndian, toByteOffset: 3, as: Int64.self)
            address.storeBytes(of: expires.bigEndian, toByteOffset: 11, as: Int64.self)
            address.storeBytes(of: retryAfter.bigEndian, toByteOffset: 19, as: UInt32.self)
            address.storeBytes(of: number.bigEndian, toByteOffset: 23, as: UInt64.self)
        }
    }

    /// Bytes in front of the texts, the zero of the error code not counted.
    public static let fixedSize = 1 + 1 + 1 + 8 + 8 + 4 + 8
    /// The fixed part, and the four texts at their longest, each behind a length of two bytes.
    public static let largestSize = fixedSize + 4 * 2 + 3 * Limits.otherName + Limits.label

    public var numbers: Numbers
    /// Name of the API key's tenant, 0 to 255 bytes.
    public var tenant: String
    /// Name of the user that owns it, 0 to 255 bytes; empty: nobody.
    public var owner: String
    /// The API key's own name, 0 to 1,024 bytes.
    public var name: String
    /// 0 to 255 bytes.
    public var group: String

    public init(_ numbers: Numbers, tenant: String = "", owner: String = "", name: String = "", group: String = "") {
        self.numbers = numbers
        self.tenant = tenant
        self.owner = owner
        self.name = name
        self.group = group
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        numbers = try Numbers(from: &decoder)
        tenant = try decoder.text("tenant", limit: Limits.otherName)
        owner = try decoder.text("owner", limit: Limits.otherName)
        name = try decoder.text("name", limit: Limits.label)
        group = try decoder.text("group", limit: Limits.otherName)
    }

    public func encode(to encoder: inout WireEncoder) {
        withUnsafeTemporaryAllocation(byteCount: Self.fixedSize, alignment: 1) { fixed in
            if let address = fixed.baseAddress { numbers.write(to: address) }
            encoder.raw(fixed)
        }
        encoder.text(tenant)
        encoder.text(owner)
        encoder.text(name)
        encoder.text(group)
    }
}
