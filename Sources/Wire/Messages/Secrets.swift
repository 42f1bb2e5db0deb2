/// What must hold before a change is made, or after which a read is worth its bytes.
public enum Expectation: Equatable, Sendable {
    /// Nothing is expected.
    case none
    /// A bare number, for versions that a person typed. 0: the name must have no live version.
    case version(UInt64)
    /// A number that a program remembers: it counts only in the incarnation it was seen in.
    case at(incarnation: Bytes16, version: UInt64)

    init(from decoder: inout WireDecoder, field: StaticString) throws(WireError) {
        switch try decoder.u8(field) {
        case 0: self = .none
        case 1: self = .version(try decoder.u64(field))
        case 2:
            let incarnation = try Bytes16(from: &decoder)
            self = .at(incarnation: incarnation, version: try decoder.u64(field))
        default: throw .unknownValue("\(field)")
        }
    }

    func encode(to encoder: inout WireEncoder) {
        switch self {
        case .none: encoder.u8(0)
        case .version(let version): encoder.u8(1); encoder.u64(version)
        case .at(let incarnation, let version):
            encoder.u8(2)
            incarnation.encode(to: &encoder)
            encoder.u64(version)
        }
    }
}

/// Reads a value.
public struct GetRequest: WireMessage {
    public var name: [UInt8]
    /// 0: the active version.
    public var version: UInt64
    /// Answers `notModified` instead of the value where this is the version that would be read.
    public var unless: Expectation

    public init(name: [UInt8], version: UInt64 = 0, unless: Expectation = .none) {
        self.name = name
        self.version = version
        self.unless = unless
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.secretName)
        version = try decoder.u64("version")
        unless = try Expectation(from: &decoder, field: "unless")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        encoder.u64(version)
        unless.encode(to: &encoder)
    }
}

/// A value. On the wire its fixed fields come first, so that the daemon can open the sealed record straight
/// into the output: version, revision, expires, content type's length, value's length, value, content type.
public struct GetResponse: WireMessage {
    /// Bytes in front of the value, the zero of the error code not counted.
    public static let fixedSize = 8 + 8 + 8 + 1 + 4

    public var version: UInt64
    /// The revision that wrote this version.
    public var revision: UInt64
    /// Unix milliseconds after which get refuses; 0: never.
    public var expires: UInt64
    public var value: [UInt8]
    public var contentType: String

    public init(version: UInt64, revision: UInt64, expires: UInt64, value: [UInt8], contentType: String) {
        self.version = version
        self.revision = revision
        self.expires = expires
        self.value = value
        self.contentType = contentType
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        version = try decoder.u64("version")
        revision = try decoder.u64("revision")
        expires = try decoder.u64("expires")
        let contentTypeLength = Int(try decoder.u8("content_type_length"))
        let valueLength = Int(try decoder.u32("value_length"))
        guard valueLength <= Limits.value else { throw .tooLong("value") }
        value = try decoder.raw("value", count: valueLength)
        guard let text = String(validating: try decoder.slice("content_type", count: contentTypeLength), as: UTF8.self) else {
            throw .notUTF8("content_type")
        }
        contentType = text
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(version)
        encoder.u64(revision)
        encoder.u64(expires)
        encoder.u8(UInt8(truncatingIfNeeded: contentType.utf8.count))
        encoder.u32(UInt32(truncatingIfNeeded: value.count))
        encoder.raw(value)
        encoder.raw(contentType.utf8)
    }
}

/// A pair of a secret's metadata: readable with `info`, sealed like everything else.
public struct MetadataPair: WireMessage, Hashable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        key = try decoder.text("metadata.key", limit: Limits.metadataKey, minimum: 1)
        value = try decoder.text("metadata.value", limit: Limits.metadataValue)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(key)
        encoder.text(value)
    }
}

/// What belongs to a name rather than to one of its versions. An absent field keeps what is there.
public struct SecretSettings: WireMessage {
    /// Replaces all pairs; keys are unique.
    public var metadata: [MetadataPair]?
    /// Replaces all tags; unique.
    public var tags: [String]?
    /// How many versions are kept, 1 to 100.
    public var keepLast: UInt16?
    /// Milliseconds after its creation at which each *new* version deletes itself; 0: never.
    public var deleteAfter: UInt64?

    public init(metadata: [MetadataPair]? = nil, tags: [String]? = nil, keepLast: UInt16? = nil, deleteAfter: UInt64? = nil) {
        self.metadata = metadata
        self.tags = tags
        self.keepLast = keepLast
        self.deleteAfter = deleteAfter
    }

    public var isEmpty: Bool { metadata == nil && tags == nil && keepLast == nil && deleteAfter == nil }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        metadata = try decoder.optional("metadata") { decoder throws(WireError) in
            try decoder.list("metadata", limit: Limits.metadataPairs) { decoder throws(WireError) in
                try MetadataPair(from: &decoder)
            }
        }
        tags = try decoder.optional("tags") { decoder throws(WireError) in
            try decoder.list("tags", limit: Limits.tags) { decoder throws(WireError) in
                try decoder.text("tag", limit: Limits.tag, minimum: 1)
            }
        }
        keepLast = try decoder.optional("keep_last") { decoder throws(WireError) in try decoder.u16("keep_last") }
        deleteAfter = try decoder.optional("delete_after") { decoder throws(WireError) in try decoder.u64("delete_after") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.optional(metadata) { encoder, pairs in encoder.list(pairs) { $1.encode(to: &$0) } }
        encoder.optional(tags) { encoder, tags in encoder.list(tags) { $0.text($1) } }
        encoder.optional(keepLast) { $0.u16($1) }
        encoder.optional(deleteAfter) { $0.u64($1) }
    }
}

/// Stores a new version.
public struct PutRequest: WireMessage {
    public var name: [UInt8]
    /// The version that must be the latest one (not the active one): compare-and-set.
    public var expected: Expectation
    /// Makes the same request safe to repeat: the second time it answers as the first.
    public var idempotencyKey: Bytes16?
    public var activate: Bool
    /// Unix milliseconds; 0: never.
    public var expires: UInt64
    public var contentType: String
    public var settings: SecretSettings
    public var value: [UInt8]

    public init(
        name: [UInt8], value: [UInt8], expected: Expectation = .none, idempotencyKey: Bytes16? = nil, activate: Bool = true,
        expires: UInt64 = 0, contentType: String = "", settings: SecretSettings = SecretSettings()
    ) {
        self.name = name
        self.expected = expected
        self.idempotencyKey = idempotencyKey
        self.activate = activate
        self.expires = expires
        self.contentType = contentType
        self.settings = settings
        self.value = value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.secretName)
        expected = try Expectation(from: &decoder, field: "expected")
        idempotencyKey = try decoder.optional("idempotency_key") { decoder throws(WireError) in try Bytes16(from: &decoder) }
        activate = try decoder.bool("activate")
        expires = try decoder.u64("expires")
        contentType = try decoder.text("content_type", limit: Limits.contentType)
        settings = try SecretSettings(from: &decoder)
        value = try decoder.bytes32("value", limit: Limits.value)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        expected.encode(to: &encoder)
        encoder.optional(idempotencyKey) { $1.encode(to: &$0) }
        encoder.bool(activate)
        encoder.u64(expires)
        encoder.text(contentType)
        settings.encode(to: &encoder)
        encoder.bytes32(value)
    }
}

public struct PutResponse: WireMessage {
    public var version: UInt64
    public var revision: UInt64

    public init(version: UInt64, revision: UInt64) {
        self.version = version
        self.revision = revision
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        version = try decoder.u64("version")
        revision = try decoder.u64("revision")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(version)
        encoder.u64(revision)
    }
}

/// `activate`, `delete`, `undelete`, `destroy`: one version of a name, or (not for activate) 0 for the whole name.
public struct VersionRequest: WireMessage {
    public var name: [UInt8]
    public var version: UInt64
    /// For activate: the version that must be active now. For the others: the version that must be the latest.
    public var expected: Expectation
    public var idempotencyKey: Bytes16?

    public init(name: [UInt8], version: UInt64, expected: Expectation = .none, idempotencyKey: Bytes16? = nil) {
        self.name = name
        self.version = version
        self.expected = expected
        self.idempotencyKey = idempotencyKey
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.secretName)
        version = try decoder.u64("version")
        expected = try Expectation(from: &decoder, field: "expected")
        idempotencyKey = try decoder.optional("idempotency_key") { decoder throws(WireError) in try Bytes16(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        encoder.u64(version)
        expected.encode(to: &encoder)
        encoder.optional(idempotencyKey) { $1.encode(to: &$0) }
    }
}

/// Changes what belongs to a name, without a new version.
public struct UpdateRequest: WireMessage {
    public var name: [UInt8]
    /// The version that must be the latest.
    public var expected: Expectation
    public var idempotencyKey: Bytes16?
    public var settings: SecretSettings

    public init(name: [UInt8], settings: SecretSettings, expected: Expectation = .none, idempotencyKey: Bytes16? = nil) {
        self.name = name
        self.expected = expected
        self.idempotencyKey = idempotencyKey
        self.settings = settings
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.secretName)
        expected = try Expectation(from: &decoder, field: "expected")
        idempotencyKey = try decoder.optional("idempotency_key") { decoder throws(WireError) in try Bytes16(from: &decoder) }
        settings = try SecretSettings(from: &decoder)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        expected.encode(to: &encoder)
        encoder.optional(idempotencyKey) { $1.encode(to: &$0) }
        settings.encode(to: &encoder)
    }
}

/// Asks about a name, its versions and metadata; no value.
public struct InfoRequest: WireMessage {
    public var name: [UInt8]
    public init(name: [UInt8]) { self.name = name }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.secretName)
    }
    public func encode(to encoder: inout WireEncoder) { encoder.bytes16(name) }
}

public enum VersionState: UInt8, Sendable, CaseIterable {
    case live = 0
    /// Can be undeleted.
    case deleted = 1
    /// The value is gone.
    case destroyed = 2
    /// Its expiry has passed; get refuses it.
    case expired = 3
}

public struct VersionInfo: WireMessage {
    public var version: UInt64
    public var state: VersionState
    /// Unix milliseconds, like all times here.
    public var created: UInt64
    /// 0: never.
    public var expires: UInt64
    /// When it was or will be deleted; 0: neither.
    public var deleted: UInt64
    /// Bytes of the value; 0 once it is destroyed.
    public var size: UInt32
    public var contentType: String
    /// Who wrote it, as a selector: `uid:1001`.
    public var createdBy: String

    public init(
        version: UInt64, state: VersionState, created: UInt64, expires: UInt64, deleted: UInt64, size: UInt32,
        contentType: String, createdBy: String
    ) {
        self.version = version
        self.state = state
        self.created = created
        self.expires = expires
        self.deleted = deleted
        self.size = size
        self.contentType = contentType
        self.createdBy = createdBy
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        version = try decoder.u64("version")
        guard let state = VersionState(rawValue: try decoder.u8("state")) else { throw .unknownValue("state") }
        self.state = state
        created = try decoder.u64("created")
        expires = try decoder.u64("expires")
        deleted = try decoder.u64("deleted")
        size = try decoder.u32("size")
        contentType = try decoder.text("content_type", limit: Limits.contentType)
        createdBy = try decoder.text("created_by", limit: Limits.otherName)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(version)
        encoder.u8(state.rawValue)
        encoder.u64(created)
        encoder.u64(expires)
        encoder.u64(deleted)
        encoder.u32(size)
        encoder.text(contentType)
        encoder.text(createdBy)
    }
}

public struct InfoResponse: WireMessage {
    /// The version that get reads; 0: none was ever activated.
    public var activeVersion: UInt64
    /// The highest number ever given.
    public var latestVersion: UInt64
    /// Whether the whole name is deleted (and can be undeleted).
    public var deleted: Bool
    public var created: UInt64
    public var updated: UInt64
    /// The revision of the last change to this name.
    public var revision: UInt64
    public var keepLast: UInt16
    public var deleteAfter: UInt64
    public var metadata: [MetadataPair]
    public var tags: [String]
    /// Oldest first.
    public var versions: [VersionInfo]

    public init(
        activeVersion: UInt64, latestVersion: UInt64, deleted: Bool, created: UInt64, updated: UInt64, revision: UInt64,
        keepLast: UInt16, deleteAfter: UInt64, metadata: [MetadataPair], tags: [String], versions: [VersionInfo]
    ) {
        self.activeVersion = activeVersion
        self.latestVersion = latestVersion
        self.deleted = deleted
        self.created = created
        self.updated = updated
        self.revision = revision
        self.keepLast = keepLast
        self.deleteAfter = deleteAfter
        self.metadata = metadata
        self.tags = tags
        self.versions = versions
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        activeVersion = try decoder.u64("active_version")
        latestVersion = try decoder.u64("latest_version")
        deleted = try decoder.bool("deleted")
        created = try decoder.u64("created")
        updated = try decoder.u64("updated")
        revision = try decoder.u64("revision")
        keepLast = try decoder.u16("keep_last")
        deleteAfter = try decoder.u64("delete_after")
        metadata = try decoder.list("metadata", limit: Limits.metadataPairs) { decoder throws(WireError) in
            try MetadataPair(from: &decoder)
        }
        tags = try decoder.list("tags", limit: Limits.tags) { decoder throws(WireError) in
            try decoder.text("tag", limit: Limits.tag, minimum: 1)
        }
        versions = try decoder.list("versions", limit: 1_000) { decoder throws(WireError) in try VersionInfo(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(activeVersion)
        encoder.u64(latestVersion)
        encoder.bool(deleted)
        encoder.u64(created)
        encoder.u64(updated)
        encoder.u64(revision)
        encoder.u16(keepLast)
        encoder.u64(deleteAfter)
        encoder.list(metadata) { $1.encode(to: &$0) }
        encoder.list(tags) { $0.text($1) }
        encoder.list(versions) { $1.encode(to: &$0) }
    }
}
