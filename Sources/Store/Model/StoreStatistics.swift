/// Numbers for status and metrics. Bytes unless the name says otherwise.
public struct StoreStatistics: Sendable {
    public var secrets: UInt64 = 0
    public var mappedBytes: UInt64 = 0
    public var fileBytes: UInt64 = 0
    public var quotaBytes: UInt64 = 0
    public var freePages: UInt64 = 0
    public var indexBytes: UInt64 = 0
    public var indexEntries: UInt64 = 0
    public var indexLimit: UInt64 = 0
    public var namePages: UInt64 = 0
    /// What the list worker keeps of the names.
    public var nameDirectoryBytes: UInt64 = 0
    /// Whether the list worker's directory of names stands (formats.md 6).
    public var namesReady = false
    public var readersInUse: UInt64 = 0
    /// Milliseconds; 0: no reader is inside a transaction.
    public var oldestReaderAge: UInt64 = 0
    public var logRevisions: UInt64 = 0
    public var commits: UInt64 = 0
    /// What new records are sealed with; empty while locked.
    public var suite = ""
    /// Whether all key material is in locked memory.
    public var keysLockedInMemory = false
    public init() {}
}
