/// Opens a restore: the server grants credit, the client sends the lines of a backup in chunks and an end with ``ImportFinish``
/// (its count is bytes), the server's end is a ``RestoreResponse``. Nothing is touched before every line was checked.
public struct RestoreRequest: WireMessage {
    public enum Mode: UInt8, Sendable, CaseIterable {
        /// Only into a store in which nobody has made anything.
        case intoEmpty = 0
        /// The store's content becomes the backup's.
        case replace = 1
        /// Adds what the store does not have, and changes nothing that it has.
        case merge = 2
    }

    public var mode: Mode
    /// Patterns of secrets' names, as policies spell them; empty: everything. At most 100, each 1 to 512 bytes.
    public var only: [String]
    /// Also where the store has changed since this backup of it was taken.
    public var discardNewer: Bool
    /// Reports what would change and changes nothing.
    public var dryRun: Bool

    public init(mode: Mode = .intoEmpty, only: [String] = [], discardNewer: Bool = false, dryRun: Bool = false) {
        self.mode = mode
        self.only = only
        self.discardNewer = discardNewer
        self.dryRun = dryRun
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let mode = Mode(rawValue: try decoder.u8("mode")) else { throw .unknownValue("mode") }
        self.mode = mode
        only = try decoder.list("only", limit: Limits.restorePatterns) { decoder throws(WireError) in
            try decoder.text("pattern", limit: Limits.secretName, minimum: 1)
        }
        discardNewer = try decoder.bool("discard_newer")
        dryRun = try decoder.bool("dry_run")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(mode.rawValue)
        encoder.list(only) { $0.text($1) }
        encoder.bool(discardNewer)
        encoder.bool(dryRun)
    }
}

/// The next bytes of a backup on their way in. Lines are cut anywhere.
public struct RestoreChunk: WireMessage {
    /// 1 to 1,048,576 bytes.
    public var data: [UInt8]

    public init(data: [UInt8]) { self.data = data }
    public init(from decoder: inout WireDecoder) throws(WireError) { data = Array(try decoder.backupData()) }
    public func encode(to encoder: inout WireEncoder) { encoder.bytes32(data) }
}

/// What a restore did to something, or would do.
public enum RestoreEffect: UInt8, Sendable, CaseIterable {
    case added = 0
    case changed = 1
    /// Store and backup differ, and the store's stays.
    case kept = 2
    case removed = 3
}

/// The verdict of a restore that did not fail.
public struct RestoreResponse: WireMessage {
    /// What became of the things of one kind.
    public struct Difference: WireMessage, Hashable {
        /// 1 to 64 bytes.
        public var kind: String
        public var added: UInt64
        public var changed: UInt64
        /// As in the backup already.
        public var same: UInt64
        public var kept: UInt64
        public var removed: UInt64

        public init(kind: String, added: UInt64 = 0, changed: UInt64 = 0, same: UInt64 = 0, kept: UInt64 = 0, removed: UInt64 = 0) {
            self.kind = kind
            self.added = added
            self.changed = changed
            self.same = same
            self.kept = kept
            self.removed = removed
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            kind = try decoder.text("difference.kind", limit: Limits.backupKind, minimum: 1)
            added = try decoder.u64("added")
            changed = try decoder.u64("changed")
            same = try decoder.u64("same")
            kept = try decoder.u64("kept")
            removed = try decoder.u64("removed")
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.text(kind)
            for number in [added, changed, same, kept, removed] { encoder.u64(number) }
        }
    }

    /// One thing that differs.
    public struct Name: WireMessage, Hashable {
        public var kind: String
        /// The number of its tenant; 0: it is in none.
        public var tenant: UInt64
        /// 0 to 600 bytes.
        public var name: [UInt8]
        public var effect: RestoreEffect

        public init(kind: String, tenant: UInt64, name: [UInt8], effect: RestoreEffect) {
            self.kind = kind
            self.tenant = tenant
            self.name = name
            self.effect = effect
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            kind = try decoder.text("name.kind", limit: Limits.backupKind, minimum: 1)
            tenant = try decoder.u64("name.tenant")
            name = try decoder.bytes16("name.name", limit: Limits.recordID)
            guard let effect = RestoreEffect(rawValue: try decoder.u8("name.effect")) else { throw .unknownValue("name.effect") }
            self.effect = effect
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.text(kind)
            encoder.u64(tenant)
            encoder.bytes16(name)
            encoder.u8(effect.rawValue)
        }
    }

    public var backup: BackupFacts
    /// Where the store stands afterwards; after a dry run where it stands now.
    public var position: Position
    /// 32 bytes: of the store's content afterwards. The backup's own where all of it came back and nothing else is there.
    public var digest: [UInt8]
    /// At most 256.
    public var differences: [Difference]
    /// The first ones, at most 1,000.
    public var names: [Name]

    public init(backup: BackupFacts, position: Position, digest: [UInt8], differences: [Difference], names: [Name]) {
        self.backup = backup
        self.position = position
        self.digest = digest
        self.differences = differences
        self.names = names
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        backup = try BackupFacts(from: &decoder)
        position = try Position(from: &decoder)
        digest = try decoder.raw("store_digest", count: Limits.backupDigest)
        differences = try decoder.list("differences", limit: Limits.backupKinds) { decoder throws(WireError) in
            try Difference(from: &decoder)
        }
        names = try decoder.list("names", limit: Limits.restoreNames) { decoder throws(WireError) in try Name(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        backup.encode(to: &encoder)
        position.encode(to: &encoder)
        encoder.raw(digest)
        encoder.list(differences) { $1.encode(to: &$0) }
        encoder.list(names) { $1.encode(to: &$0) }
    }
}
