import CofferWire

/// A version that a program remembers having read. It counts only for the incarnation of the store it was seen in.
public struct KnownVersion: Sendable, Hashable {
    /// The incarnation of the store; a restored backup has another one.
    public var incarnation: Bytes16
    /// The version, 1 or more.
    public var version: UInt64

    /// A version seen in an incarnation.
    public init(incarnation: Bytes16, version: UInt64) {
        self.incarnation = incarnation
        self.version = version
    }

    var expectation: Expectation { .at(incarnation: incarnation, version: version) }
}

/// A value and what belongs to its version.
public struct Secret: Sendable {
    /// The value, 0 to 1,048,576 bytes.
    public let value: SecretBytes
    /// The version of the name that was read, 1 or more.
    public let version: UInt64
    /// The revision of the store that wrote this version.
    public let revision: UInt64
    /// Unix milliseconds after which the version cannot be read; 0: never.
    public let expires: UInt64
    /// What kind of content the writer said it is; may be empty.
    public let contentType: String
    /// To be given to ``CofferClient/getIfChanged(_:since:version:timeout:)``.
    public let known: KnownVersion

    /// Decodes a ``GetResponse`` without a copy of the value in memory that is not wiped.
    init(from decoder: inout WireDecoder, hello: HelloResponse) throws(WireError) {
        version = try decoder.u64("version")
        revision = try decoder.u64("revision")
        expires = try decoder.u64("expires")
        let contentTypeLength = Int(try decoder.u8("content_type_length"))
        let valueLength = Int(try decoder.u32("value_length"))
        guard valueLength <= Limits.value else { throw .tooLong("value") }
        value = SecretBytes(copying: try decoder.slice("value", count: valueLength))
        guard let text = String(validating: try decoder.slice("content_type", count: contentTypeLength), as: UTF8.self) else {
            throw .notUTF8("content_type")
        }
        contentType = text
        known = KnownVersion(incarnation: hello.position.incarnation, version: version)
    }
}

/// How a new version is stored.
public struct PutOptions: Sendable {
    /// What the latest version must be: ``Expectation/version(_:)`` with 0 for "no live version". Default: anything.
    public var expected: Expectation
    /// Whether the new version becomes the active one. Default `true`.
    public var activate: Bool
    /// Unix milliseconds after which the version cannot be read; 0: never.
    public var expires: UInt64
    /// 0 to 255 bytes.
    public var contentType: String
    /// What belongs to the name; absent fields keep what is there.
    public var settings: SecretSettings
    /// Makes two calls one, even over a restart of the program. Default: drawn anew for each call.
    public var idempotencyKey: Bytes16?

    /// Options, all of them with a default.
    public init(
        expected: Expectation = .none, activate: Bool = true, expires: UInt64 = 0, contentType: String = "",
        settings: SecretSettings = SecretSettings(), idempotencyKey: Bytes16? = nil
    ) {
        self.expected = expected
        self.activate = activate
        self.expires = expires
        self.contentType = contentType
        self.settings = settings
        self.idempotencyKey = idempotencyKey
    }
}

/// What a put made: the version's number and the store's revision.
public typealias PutResult = PutResponse
