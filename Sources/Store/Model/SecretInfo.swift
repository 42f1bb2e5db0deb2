/// What is known of a name without its values.
public struct SecretInfo: Sendable {
    public enum VersionState: UInt8, Sendable { case live = 0, deleted = 1, destroyed = 2, expired = 3 }

    public struct Version: Sendable {
        public var version: UInt64
        public var state: VersionState
        /// Unix milliseconds, like all times here.
        public var created: UInt64
        /// 0: never.
        public var expires: UInt64
        /// When it was or will be deleted; 0: neither.
        public var deleted: UInt64
        public var size: UInt32
        public var contentType: String
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
    }

    public var activeVersion: UInt64
    public var latestVersion: UInt64
    public var deleted: Bool
    public var created: UInt64
    public var updated: UInt64
    public var revision: UInt64
    public var keepLast: UInt16
    public var deleteAfter: UInt64
    public var metadata: [(key: String, value: String)]
    public var tags: [String]
    /// Oldest first.
    public var versions: [Version]

    public init(
        activeVersion: UInt64, latestVersion: UInt64, deleted: Bool, created: UInt64, updated: UInt64, revision: UInt64,
        keepLast: UInt16, deleteAfter: UInt64, metadata: [(key: String, value: String)], tags: [String], versions: [Version]
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
}

/// One page of names, in the order of their bytes.
public struct NamesPage: Sendable {
    public struct Entry: Sendable, Equatable {
        public var name: Name
        public var deleted: Bool
    }
    /// The revision that the page shows.
    public var revision: UInt64
    public var entries: [Entry]
    /// Whether there are more names with the prefix above the last entry.
    public var more: Bool
}
