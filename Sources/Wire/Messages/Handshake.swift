/// Sixteen bytes: a store id, an incarnation, a nonce, an idempotency key.
public struct Bytes16: WireMessage, Hashable {
    public static let size = 16
    public let bytes: [UInt8]

    /// `nil` unless `bytes` are exactly sixteen.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    public static let zero = Bytes16(unchecked: Array(repeating: 0, count: size))
    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        bytes = try decoder.raw("bytes16", count: Self.size)
    }

    public func encode(to encoder: inout WireEncoder) { encoder.raw(bytes) }
}

/// A place in the history of a store: a revision counts for one incarnation only (formats.md 4).
public struct Position: WireMessage, Hashable {
    public var incarnation: Bytes16
    public var revision: UInt64

    public init(incarnation: Bytes16, revision: UInt64) {
        self.incarnation = incarnation
        self.revision = revision
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        incarnation = try Bytes16(from: &decoder)
        revision = try decoder.u64("revision")
    }

    public func encode(to encoder: inout WireEncoder) {
        incarnation.encode(to: &encoder)
        encoder.u64(revision)
    }
}

/// The client's first request. Unlike every later message it may carry extensions that the server does not
/// know; they are ignored.
public struct HelloRequest: WireMessage {
    public struct Extension: WireMessage {
        public var tag: UInt16
        public var body: [UInt8]

        public init(tag: UInt16, body: [UInt8]) {
            self.tag = tag
            self.body = body
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            tag = try decoder.u16("extension.tag")
            body = try decoder.bytes16("extension.body", limit: 1_024)
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.u16(tag)
            encoder.bytes16(body)
        }
    }

    /// `COFR`: whoever speaks another protocol to this socket is told so at once.
    public static let magic: [UInt8] = [0x43, 0x4F, 0x46, 0x52]

    public var minimumVersion: UInt16
    public var maximumVersion: UInt16
    /// Features that the client can use: ``ProtocolFeature``.
    public var features: UInt64
    /// The tenant that this connection works in, 1 to 255 bytes.
    public var tenant: String
    /// Who the client says it is, for the log: `coffer-cli/1.0`. 0 to 255 bytes.
    public var clientName: String
    public var extensions: [Extension]

    public init(
        minimumVersion: UInt16 = ProtocolVersion.minimum, maximumVersion: UInt16 = ProtocolVersion.maximum,
        features: UInt64 = 0, tenant: String = "main", clientName: String = "", extensions: [Extension] = []
    ) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.features = features
        self.tenant = tenant
        self.clientName = clientName
        self.extensions = extensions
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard try decoder.raw("magic", count: 4) == Self.magic else { throw .unknownValue("magic") }
        minimumVersion = try decoder.u16("minimum_version")
        maximumVersion = try decoder.u16("maximum_version")
        guard minimumVersion <= maximumVersion else { throw .unknownValue("maximum_version") }
        features = try decoder.u64("features")
        tenant = try decoder.text("tenant", limit: Limits.otherName, minimum: 1)
        clientName = try decoder.text("client_name", limit: Limits.otherName)
        extensions = try decoder.list("extensions", limit: 16) { decoder throws(WireError) in try Extension(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.raw(Self.magic)
        encoder.u16(minimumVersion)
        encoder.u16(maximumVersion)
        encoder.u64(features)
        encoder.text(tenant)
        encoder.text(clientName)
        encoder.list(extensions) { $1.encode(to: &$0) }
    }
}

/// What the server says of itself when a connection opens.
public struct HelloResponse: WireMessage {
    public var version: UInt16
    /// Features in force: those that both sides know.
    public var features: UInt64
    public var frameLimit: UInt32
    public var requestsInFlight: UInt32
    public var unsentLimit: UInt32
    public var storeID: Bytes16
    public var position: Position
    /// Unix milliseconds.
    public var serverTime: UInt64
    public var locked: Bool
    /// To be given back in `confirm`, the client's next frame.
    public var nonce: Bytes16
    /// The daemon's version, for people.
    public var serverName: String

    public init(
        version: UInt16, features: UInt64, frameLimit: UInt32 = UInt32(Limits.frame),
        requestsInFlight: UInt32 = UInt32(Limits.requestsInFlight), unsentLimit: UInt32 = UInt32(Limits.unsentOutput),
        storeID: Bytes16, position: Position, serverTime: UInt64, locked: Bool, nonce: Bytes16, serverName: String
    ) {
        self.version = version
        self.features = features
        self.frameLimit = frameLimit
        self.requestsInFlight = requestsInFlight
        self.unsentLimit = unsentLimit
        self.storeID = storeID
        self.position = position
        self.serverTime = serverTime
        self.locked = locked
        self.nonce = nonce
        self.serverName = serverName
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        version = try decoder.u16("version")
        features = try decoder.u64("features")
        frameLimit = try decoder.u32("frame_limit")
        requestsInFlight = try decoder.u32("requests_in_flight")
        unsentLimit = try decoder.u32("unsent_limit")
        storeID = try Bytes16(from: &decoder)
        position = try Position(from: &decoder)
        serverTime = try decoder.u64("server_time")
        locked = try decoder.bool("locked")
        nonce = try Bytes16(from: &decoder)
        serverName = try decoder.text("server_name", limit: Limits.otherName)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u16(version)
        encoder.u64(features)
        encoder.u32(frameLimit)
        encoder.u32(requestsInFlight)
        encoder.u32(unsentLimit)
        storeID.encode(to: &encoder)
        position.encode(to: &encoder)
        encoder.u64(serverTime)
        encoder.bool(locked)
        nonce.encode(to: &encoder)
        encoder.text(serverName)
    }
}

/// The client's second request: proves that whoever opened the connection also reads it (formats.md 14).
public struct ConfirmRequest: WireMessage {
    public var nonce: Bytes16
    public init(nonce: Bytes16) { self.nonce = nonce }
    public init(from decoder: inout WireDecoder) throws(WireError) { nonce = try Bytes16(from: &decoder) }
    public func encode(to encoder: inout WireEncoder) { nonce.encode(to: &encoder) }
}
