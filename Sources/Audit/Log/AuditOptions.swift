import CofferStore

/// How a log is kept.
public struct AuditOptions: Sendable, Equatable {
    /// When reads are recorded. Changes always are, before they happen.
    public enum Reads: String, Sendable, CaseIterable {
        /// Never.
        case off
        /// Within a second, equal ones together.
        case async
        /// Before the answer leaves.
        case sync
    }

    public var reads = Reads.async
    /// Bytes at which a file is followed by another.
    public var segmentBytes = 16 << 20
    /// Files that are kept.
    public var keep = 64
    /// Days that files are kept; 0: however old.
    public var keepDays = 0
    /// Milliseconds within which the log's end is kept outside of it, where it has moved.
    var keepHeadEvery = 60_000

    public init() {}
}

/// How the log stands.
public struct AuditStatus: Sendable, Equatable {
    public var reads: AuditOptions.Reads
    /// False while the store is locked.
    public var isOpen: Bool
    /// Callers are refused.
    public var isDown: Bool
    /// Only ``AuditLog/repair(by:)`` helps.
    public var isBroken: Bool
    /// Why it cannot be written; empty where it can.
    public var trouble: String
    /// What was found cut off when it was opened; empty: nothing.
    public var cut: String
    /// Milliseconds for which something has waited to be written.
    public var lag: UInt64
    /// Of the last record that was written.
    public var sequence: UInt64
    public var files: Int
    public var bytes: UInt64
}
