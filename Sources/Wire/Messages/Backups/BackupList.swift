/// A backup that the daemon took by itself.
public struct ScheduledBackup: WireMessage {
    /// How far it was proven that it can be restored.
    public enum Proof: UInt8, Sendable, CaseIterable {
        case none = 0
        /// Read again from the disk and opened with the file key that the daemon still had: all but the recipients' part is proven.
        case fileKey = 1
        /// Read again from the disk and opened with the rehearsal identity.
        case identity = 2
    }

    /// Its name in the folder, 1 to 255 bytes.
    public var file: String
    /// Unix milliseconds.
    public var created: UInt64
    public var revision: UInt64
    /// Bytes of the file.
    public var size: UInt64
    /// 32 bytes.
    public var digest: [UInt8]
    public var proof: Proof
    /// When it was last proven, Unix milliseconds; 0: never.
    public var proven: UInt64

    public init(file: String, created: UInt64, revision: UInt64, size: UInt64, digest: [UInt8], proof: Proof, proven: UInt64) {
        self.file = file
        self.created = created
        self.revision = revision
        self.size = size
        self.digest = digest
        self.proof = proof
        self.proven = proven
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        file = try decoder.text("file", limit: Limits.otherName, minimum: 1)
        created = try decoder.u64("created")
        revision = try decoder.u64("revision")
        size = try decoder.u64("size")
        digest = try decoder.raw("digest", count: Limits.backupDigest)
        guard let proof = Proof(rawValue: try decoder.u8("proof")) else { throw .unknownValue("proof") }
        self.proof = proof
        proven = try decoder.u64("proven")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(file)
        encoder.u64(created)
        encoder.u64(revision)
        encoder.u64(size)
        encoder.raw(digest)
        encoder.u8(proof.rawValue)
        encoder.u64(proven)
    }
}

/// How scheduled backups stand. Times are Unix milliseconds; 0: never.
public struct BackupListResponse: WireMessage {
    /// Where they lie, 0 to 4,096 bytes; empty: none are taken.
    public var folder: String
    /// Milliseconds between two; 0: none are taken.
    public var interval: UInt64
    /// When the next one is due.
    public var next: UInt64
    public var lastTaken: UInt64
    public var lastProven: UInt64
    /// The last proven one is older than twice the interval.
    public var isOverdue: Bool
    /// One is being taken or proven.
    public var isRunning: Bool
    /// Why the last attempt failed, for people; empty where it did not.
    public var lastError: String
    /// Oldest first, at most 1,000.
    public var backups: [ScheduledBackup]

    public init(
        folder: String, interval: UInt64, next: UInt64, lastTaken: UInt64, lastProven: UInt64, isOverdue: Bool, isRunning: Bool,
        lastError: String, backups: [ScheduledBackup]
    ) {
        self.folder = folder
        self.interval = interval
        self.next = next
        self.lastTaken = lastTaken
        self.lastProven = lastProven
        self.isOverdue = isOverdue
        self.isRunning = isRunning
        self.lastError = lastError
        self.backups = backups
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        folder = try decoder.text("folder", limit: Limits.message)
        interval = try decoder.u64("interval")
        next = try decoder.u64("next")
        lastTaken = try decoder.u64("last_taken")
        lastProven = try decoder.u64("last_proven")
        isOverdue = try decoder.bool("overdue")
        isRunning = try decoder.bool("running")
        lastError = try decoder.text("last_error", limit: Limits.message)
        backups = try decoder.list("backups", limit: Limits.scheduledBackups) { decoder throws(WireError) in
            try ScheduledBackup(from: &decoder)
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(folder)
        encoder.u64(interval)
        encoder.u64(next)
        encoder.u64(lastTaken)
        encoder.u64(lastProven)
        encoder.bool(isOverdue)
        encoder.bool(isRunning)
        encoder.text(lastError)
        encoder.list(backups) { $1.encode(to: &$0) }
    }
}
