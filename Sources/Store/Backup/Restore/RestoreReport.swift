/// What a restore did, or with ``RestoreOptions/dryRun`` would have done.
public struct RestoreReport: Sendable {
    /// Of one kind of things, named like those of ``BackupSummary/counts``.
    public struct Difference: Equatable, Sendable {
        public var kind: String
        /// Not in the store before.
        public var added: UInt64
        /// In the store with another content.
        public var changed: UInt64
        public var same: UInt64
        /// In both with another content, and left as the store had it.
        public var kept: UInt64
        /// In the store only, and gone.
        public var removed: UInt64

        public init(kind: String, added: UInt64 = 0, changed: UInt64 = 0, same: UInt64 = 0, kept: UInt64 = 0, removed: UInt64 = 0) {
            self.kind = kind
            self.added = added
            self.changed = changed
            self.same = same
            self.kept = kept
            self.removed = removed
        }
    }

    /// A thing that is not the same on both sides.
    public struct Name: Equatable, Sendable {
        public enum Effect: UInt8, Sendable { case added = 0, changed = 1, kept = 2, removed = 3 }
        public var kind: String
        /// The tenant of a secret; 1 for all else.
        public var tenant: TenantID
        public var name: [UInt8]
        public var effect: Effect

        public init(kind: String, tenant: TenantID, name: [UInt8], effect: Effect) {
            self.kind = kind
            self.tenant = tenant
            self.name = name
            self.effect = effect
        }
    }

    /// How many of ``names`` there are at most.
    public static let largestNames = 1_000

    /// What was read.
    public var summary: BackupSummary
    /// Kinds of which neither side has anything are left out.
    public var differences: [Difference]
    /// The first that differ, in no particular order.
    public var names: [Name]
    /// 16 bytes: the store's from now on; of a dry run, the present one.
    public var incarnation: [UInt8]
    /// The store's from now on; of a dry run, the present one.
    public var revision: UInt64
    /// Of the whole content of the store afterwards, as a backup of it would say (64 hex digits). Equal to the backup's where all of it
    /// and nothing else is there.
    public var digest: String

    public init(
        summary: BackupSummary, differences: [Difference], names: [Name], incarnation: [UInt8], revision: UInt64, digest: String
    ) {
        self.summary = summary
        self.differences = differences
        self.names = names
        self.incarnation = incarnation
        self.revision = revision
        self.digest = digest
    }
}
