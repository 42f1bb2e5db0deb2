/// Lists names by prefix, in the order of their bytes: a stream of pages.
public struct ListRequest: WireMessage {
    /// Bytes with which each name begins; empty: all names.
    public var prefix: [UInt8]
    /// Where an earlier list stopped: names strictly above this one, in this incarnation.
    public struct Cursor: Equatable, Sendable {
        public var incarnation: Bytes16
        public var after: [UInt8]
        public init(incarnation: Bytes16, after: [UInt8]) {
            self.incarnation = incarnation
            self.after = after
        }
    }
    public var cursor: Cursor?
    /// Names in one page, 1 to 1,000.
    public var pageSize: UInt16
    /// At most so many names in all; 0: all of them.
    public var limit: UInt32
    /// Also names that are deleted and can be undeleted.
    public var includeDeleted: Bool
    /// Pages that may be sent before more credit is given.
    public var credit: UInt32

    public init(
        prefix: [UInt8] = [], cursor: Cursor? = nil, pageSize: UInt16 = 500, limit: UInt32 = 0, includeDeleted: Bool = false,
        credit: UInt32 = 4
    ) {
        self.prefix = prefix
        self.cursor = cursor
        self.pageSize = pageSize
        self.limit = limit
        self.includeDeleted = includeDeleted
        self.credit = credit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        prefix = try decoder.bytes16("prefix", limit: Limits.secretName)
        cursor = try decoder.optional("cursor") { decoder throws(WireError) in
            let incarnation = try Bytes16(from: &decoder)
            return Cursor(incarnation: incarnation, after: try decoder.bytes16("after", limit: Limits.secretName))
        }
        pageSize = try decoder.u16("page_size")
        guard (1...Limits.pageSize).contains(Int(pageSize)) else { throw .unknownValue("page_size") }
        limit = try decoder.u32("limit")
        includeDeleted = try decoder.bool("include_deleted")
        credit = try decoder.u32("credit")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(prefix)
        encoder.optional(cursor) { encoder, cursor in
            cursor.incarnation.encode(to: &encoder)
            encoder.bytes16(cursor.after)
        }
        encoder.u16(pageSize)
        encoder.u32(limit)
        encoder.bool(includeDeleted)
        encoder.u32(credit)
    }
}

/// One page of a list, and the revision that it shows.
public struct ListPage: WireMessage {
    public struct Entry: WireMessage, Hashable {
        public var name: [UInt8]
        public var deleted: Bool

        public init(name: [UInt8], deleted: Bool) {
            self.name = name
            self.deleted = deleted
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            name = try decoder.bytes16("entry.name", limit: Limits.secretName, minimum: 1)
            deleted = try decoder.bool("entry.deleted")
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.bytes16(name)
            encoder.bool(deleted)
        }
    }

    public var revision: UInt64
    public var entries: [Entry]

    public init(revision: UInt64, entries: [Entry]) {
        self.revision = revision
        self.entries = entries
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        entries = try decoder.list("entries", limit: Limits.pageSize) { decoder throws(WireError) in try Entry(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.list(entries) { $1.encode(to: &$0) }
    }
}

/// The end of a list that did not fail.
public struct ListEnd: WireMessage {
    public var revision: UInt64
    /// Whether the limit cut it: there are names above the last one sent.
    public var more: Bool

    public init(revision: UInt64, more: Bool) {
        self.revision = revision
        self.more = more
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        more = try decoder.bool("more")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.bool(more)
    }
}

/// Streams the active values of all names with a prefix that the caller may read.
public struct ExportRequest: WireMessage {
    public var prefix: [UInt8]
    public var credit: UInt32

    public init(prefix: [UInt8] = [], credit: UInt32 = 4) {
        self.prefix = prefix
        self.credit = credit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        prefix = try decoder.bytes16("prefix", limit: Limits.secretName)
        credit = try decoder.u32("credit")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(prefix)
        encoder.u32(credit)
    }
}

/// A secret on its way out (export) or in (import).
public struct TransferEntry: WireMessage {
    public var name: [UInt8]
    /// Out: the active version. In: 0.
    public var version: UInt64
    public var expires: UInt64
    public var contentType: String
    public var settings: SecretSettings
    public var value: [UInt8]

    public init(
        name: [UInt8], value: [UInt8], version: UInt64 = 0, expires: UInt64 = 0, contentType: String = "",
        settings: SecretSettings = SecretSettings()
    ) {
        self.name = name
        self.version = version
        self.expires = expires
        self.contentType = contentType
        self.settings = settings
        self.value = value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("entry.name", limit: Limits.secretName)
        version = try decoder.u64("entry.version")
        expires = try decoder.u64("entry.expires")
        contentType = try decoder.text("entry.content_type", limit: Limits.contentType)
        settings = try SecretSettings(from: &decoder)
        value = try decoder.bytes32("entry.value", limit: Limits.value)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        encoder.u64(version)
        encoder.u64(expires)
        encoder.text(contentType)
        settings.encode(to: &encoder)
        encoder.bytes32(value)
    }
}

/// A chunk of an export or an import: whole entries, at least one, within one frame.
public struct TransferChunk: WireMessage {
    public var entries: [TransferEntry]
    public init(entries: [TransferEntry]) { self.entries = entries }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        entries = try decoder.list("entries", limit: 10_000) { decoder throws(WireError) in try TransferEntry(from: &decoder) }
        guard !entries.isEmpty else { throw .tooShort("entries") }
    }
    public func encode(to encoder: inout WireEncoder) { encoder.list(entries) { $1.encode(to: &$0) } }
}

public struct ExportEnd: WireMessage {
    public var revision: UInt64
    public var count: UInt64

    public init(revision: UInt64, count: UInt64) {
        self.revision = revision
        self.count = count
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        count = try decoder.u64("count")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.u64(count)
    }
}

/// Opens an import. The server grants credit; the client sends chunks, then an end frame with ``ImportFinish``;
/// the server answers with result chunks and an end frame with ``ImportEnd``.
public struct ImportRequest: WireMessage {
    /// Reports what would change and changes nothing.
    public var dryRun: Bool
    /// Refuses the whole import where one of the names has a live version.
    public var createOnly: Bool
    public var idempotencyKey: Bytes16?

    public init(dryRun: Bool, createOnly: Bool = false, idempotencyKey: Bytes16? = nil) {
        self.dryRun = dryRun
        self.createOnly = createOnly
        self.idempotencyKey = idempotencyKey
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        dryRun = try decoder.bool("dry_run")
        createOnly = try decoder.bool("create_only")
        idempotencyKey = try decoder.optional("idempotency_key") { decoder throws(WireError) in try Bytes16(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bool(dryRun)
        encoder.bool(createOnly)
        encoder.optional(idempotencyKey) { $1.encode(to: &$0) }
    }
}

/// The body of the client's end frame: how many entries it sent in all; another number than arrived is refused.
public struct ImportFinish: WireMessage {
    public var count: UInt64
    public init(count: UInt64) { self.count = count }
    public init(from decoder: inout WireDecoder) throws(WireError) { count = try decoder.u64("count") }
    public func encode(to encoder: inout WireEncoder) { encoder.u64(count) }
}

/// What an import did, or would do, to one name.
public enum ImportResult: UInt8, Sendable, CaseIterable {
    case created = 0
    case changed = 1
    case unchanged = 2
}

/// A chunk of results, in the order of the entries, 1 to 1,000 of them.
public struct ImportResults: WireMessage {
    public struct Item: Equatable, Sendable {
        public var result: ImportResult
        /// The version that holds the value now; 0 in a dry run that would create one.
        public var version: UInt64
        public init(result: ImportResult, version: UInt64) {
            self.result = result
            self.version = version
        }
    }
    public var items: [Item]
    public init(items: [Item]) { self.items = items }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        items = try decoder.list("items", limit: 1_000) { decoder throws(WireError) in
            guard let result = ImportResult(rawValue: try decoder.u8("item.result")) else {
                throw WireError.unknownValue("item.result")
            }
            return Item(result: result, version: try decoder.u64("item.version"))
        }
    }
    public func encode(to encoder: inout WireEncoder) {
        encoder.list(items) { encoder, item in
            encoder.u8(item.result.rawValue)
            encoder.u64(item.version)
        }
    }
}

public struct ImportEnd: WireMessage {
    /// The one revision of the whole import; the present one where nothing changed.
    public var revision: UInt64
    public var created: UInt64
    public var changed: UInt64
    public var unchanged: UInt64

    public init(revision: UInt64, created: UInt64, changed: UInt64, unchanged: UInt64) {
        self.revision = revision
        self.created = created
        self.changed = changed
        self.unchanged = unchanged
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        created = try decoder.u64("created")
        changed = try decoder.u64("changed")
        unchanged = try decoder.u64("unchanged")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.u64(created)
        encoder.u64(changed)
        encoder.u64(unchanged)
    }
}

/// Subscribes to changes of a name, or of all names with a prefix.
public struct WatchRequest: WireMessage {
    /// Whether `name` is one name rather than a prefix.
    public var exact: Bool
    /// Whether events that set the active value carry it; needs `get` where plain events need `info`.
    public var values: Bool
    public var name: [UInt8]
    /// Changes after this position; absent: from now on.
    public var from: Position?
    /// Events that may be sent before more credit is given.
    public var credit: UInt32

    public init(exact: Bool, values: Bool = false, name: [UInt8], from: Position? = nil, credit: UInt32 = 1_024) {
        self.exact = exact
        self.values = values
        self.name = name
        self.from = from
        self.credit = credit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        exact = try decoder.bool("exact")
        values = try decoder.bool("values")
        name = try decoder.bytes16("name", limit: Limits.secretName)
        from = try decoder.optional("from") { decoder throws(WireError) in try Position(from: &decoder) }
        credit = try decoder.u32("credit")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bool(exact)
        encoder.bool(values)
        encoder.bytes16(name)
        encoder.optional(from) { $1.encode(to: &$0) }
        encoder.u32(credit)
    }
}

/// What happened to a secret.
public enum ChangeOperation: UInt8, Sendable, CaseIterable {
    case put = 1
    case activate = 2
    case delete = 3
    case undelete = 4
    case destroy = 5
    case update = 6
}

public enum WatchEvent: WireMessage {
    public struct Change: Equatable, Sendable {
        public var revision: UInt64
        /// Place within the revision, from 0.
        public var ordinal: UInt32
        /// Whether this is the last event of its revision *for this watch*.
        public var last: Bool
        public var operation: ChangeOperation
        /// The version concerned; 0: the whole name.
        public var version: UInt64
        public var name: [UInt8]
        /// The active value after this change, where the watch asked for values and the change set one.
        public var value: [UInt8]?

        public init(
            revision: UInt64, ordinal: UInt32, last: Bool, operation: ChangeOperation, version: UInt64, name: [UInt8],
            value: [UInt8]?
        ) {
            self.revision = revision
            self.ordinal = ordinal
            self.last = last
            self.operation = operation
            self.version = version
            self.name = name
            self.value = value
        }
    }

    case change(Change)
    /// Changes were left out: read what matters again; events go on behind this position.
    case resync(Position)

    public init(from decoder: inout WireDecoder) throws(WireError) {
        switch try decoder.u8("event") {
        case 1:
            let revision = try decoder.u64("revision")
            let ordinal = try decoder.u32("ordinal")
            let last = try decoder.bool("last")
            guard let operation = ChangeOperation(rawValue: try decoder.u8("operation")) else { throw .unknownValue("operation") }
            let version = try decoder.u64("version")
            let name = try decoder.bytes16("name", limit: Limits.secretName, minimum: 1)
            let value = try decoder.optional("value") { decoder throws(WireError) in
                try decoder.bytes32("value", limit: Limits.value)
            }
            self = .change(Change(
                revision: revision, ordinal: ordinal, last: last, operation: operation, version: version, name: name, value: value))
        case 2: self = .resync(try Position(from: &decoder))
        default: throw .unknownValue("event")
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        switch self {
        case .change(let change):
            encoder.u8(1)
            encoder.u64(change.revision)
            encoder.u32(change.ordinal)
            encoder.bool(change.last)
            encoder.u8(change.operation.rawValue)
            encoder.u64(change.version)
            encoder.bytes16(change.name)
            encoder.optional(change.value) { $0.bytes32($1) }
        case .resync(let position):
            encoder.u8(2)
            position.encode(to: &encoder)
        }
    }
}
