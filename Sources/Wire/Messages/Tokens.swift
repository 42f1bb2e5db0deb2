/// Asks for a token that lives: of a credential, or of a member of a pool. Waits for a refresh where none does.
public struct TokenRequest: WireMessage {
    /// Of the credential or pool, in the connection's tenant; 1 to 255 bytes.
    public var name: String
    /// Whether `name` is a pool's.
    public var isPool: Bool
    /// `access`, `share`, …; 1 to 64 bytes.
    public var kind: String
    /// Seconds that it must still live.
    public var minimumLeft: UInt32
    /// Of a pool: the same key gets the same member as long as that lives; 0 to 128 bytes, empty: any member.
    public var sticky: [UInt8]

    public init(name: String, isPool: Bool = false, kind: String = "access", minimumLeft: UInt32 = 0, sticky: [UInt8] = []) {
        self.name = name
        self.isPool = isPool
        self.kind = kind
        self.minimumLeft = minimumLeft
        self.sticky = sticky
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.text("name", limit: Limits.otherName, minimum: 1)
        isPool = try decoder.bool("pool")
        kind = try decoder.text("kind", limit: Limits.tokenKind, minimum: 1)
        minimumLeft = try decoder.u32("minimum_left")
        sticky = Array(try decoder.slice8("sticky", limit: Limits.stickyKey))
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(name)
        encoder.bool(isPool)
        encoder.text(kind)
        encoder.u32(minimumLeft)
        encoder.bytes8(sticky)
    }
}

/// A token that lives. The token itself comes last, so that a server can copy it straight into its output.
public struct TokenResponse: WireMessage {
    /// Unix milliseconds; 0: unknown.
    public var expires: UInt64
    /// The one that wrote the token.
    public var revision: UInt64
    /// The credential's; 0: the pool's own token.
    public var number: UInt64
    /// What a report names, 16 bytes; empty: no pool was asked.
    public var lease: [UInt8]
    /// 1 to 64 bytes.
    public var kind: String
    /// Of the credential, 0 to 255 bytes; empty: the pool's own token.
    public var name: String
    /// 1 to 65,536 bytes.
    public var value: [UInt8]

    public init(expires: UInt64, revision: UInt64, number: UInt64, lease: [UInt8] = [], kind: String, name: String, value: [UInt8]) {
        self.expires = expires
        self.revision = revision
        self.number = number
        self.lease = lease
        self.kind = kind
        self.name = name
        self.value = value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        expires = try decoder.u64("expires")
        revision = try decoder.u64("revision")
        number = try decoder.u64("number")
        lease = Array(try decoder.slice8("lease", limit: Limits.lease))
        guard lease.isEmpty || lease.count == Limits.lease else { throw .tooShort("lease") }
        kind = try decoder.text("kind", limit: Limits.tokenKind, minimum: 1)
        name = try decoder.text("name", limit: Limits.otherName)
        value = try decoder.bytes32("value", limit: Limits.token)
        guard !value.isEmpty else { throw .tooShort("value") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encodeHead(to: &encoder)
        encoder.bytes32(value)
    }

    /// Everything in front of the value and its length.
    public func encodeHead(to encoder: inout WireEncoder) {
        encoder.u64(expires)
        encoder.u64(revision)
        encoder.u64(number)
        encoder.bytes8(lease)
        encoder.text(kind)
        encoder.text(name)
    }
}
