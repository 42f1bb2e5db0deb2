/// Some records, and where the next ones are.
public struct AuditPage: Sendable {
    /// In the order in which they were asked for.
    public var records: [AuditRecord]
    /// Ascending: everything up to this record was looked at. Descending: everything from this record on was.
    public var cursor: UInt64
    /// Whether there may be more.
    public var more: Bool
}
