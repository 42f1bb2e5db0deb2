/// What a backup says of itself: taken from its header and trailer, after both were checked against all between.
public struct BackupFacts: WireMessage {
    /// How many things of one kind it holds.
    public struct Count: WireMessage, Hashable {
        /// `secrets`, `credentials`, …, 1 to 64 bytes.
        public var kind: String
        public var things: UInt64

        public init(kind: String, things: UInt64) {
            self.kind = kind
            self.things = things
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            kind = try decoder.text("count.kind", limit: Limits.backupKind, minimum: 1)
            things = try decoder.u64("count.things")
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.text(kind)
            encoder.u64(things)
        }
    }

    /// Unix milliseconds.
    public var created: UInt64
    public var storeID: Bytes16
    /// Of the store when the backup was taken.
    public var position: Position
    /// Between the first and the last one.
    public var lines: UInt64
    /// Of the whole file, before encryption.
    public var bytes: UInt64
    /// 32 bytes: the sum of the lines' SHA-256 (docs/backup-format.md). Equal content has an equal digest.
    public var digest: [UInt8]
    /// In the order of the file, at most 256.
    public var counts: [Count]

    public init(
        created: UInt64, storeID: Bytes16, position: Position, lines: UInt64, bytes: UInt64, digest: [UInt8], counts: [Count]
    ) {
        self.created = created
        self.storeID = storeID
        self.position = position
        self.lines = lines
        self.bytes = bytes
        self.digest = digest
        self.counts = counts
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        created = try decoder.u64("created")
        storeID = try Bytes16(from: &decoder)
        position = try Position(from: &decoder)
        lines = try decoder.u64("lines")
        bytes = try decoder.u64("bytes")
        digest = try decoder.raw("digest", count: Limits.backupDigest)
        counts = try decoder.list("counts", limit: Limits.backupKinds) { decoder throws(WireError) in try Count(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(created)
        storeID.encode(to: &encoder)
        position.encode(to: &encoder)
        encoder.u64(lines)
        encoder.u64(bytes)
        encoder.raw(digest)
        encoder.list(counts) { $1.encode(to: &$0) }
    }
}
