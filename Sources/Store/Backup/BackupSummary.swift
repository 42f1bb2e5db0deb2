/// What a backup says of itself, and what was found in it.
public struct BackupSummary: Equatable, Sendable {
    /// When it was taken, Unix milliseconds.
    public var created: UInt64
    /// Version of the program that took it; may be empty.
    public var daemon: String
    /// 16 bytes: of the store that it was taken from.
    public var storeID: [UInt8]
    /// 16 bytes (formats.md 4).
    public var incarnation: [UInt8]
    /// The store's revision that it shows.
    public var revision: UInt64
    /// How many lines of each kind there are, in the order of the file; kinds without lines are left out. Kinds are `keys`, `secrets`,
    /// `versions`, the names of the document tables (`users`, `api-keys`, …), `counters`, `budgets`, `reservations`, `usage-lines`.
    public var counts: [(kind: String, count: UInt64)]
    /// 64 hex digits: the same for two backups with the same content, in whatever order (docs/backup-format.md).
    public var digest: String
    /// Lines between the first and the last one.
    public var lines: UInt64
    /// Bytes of the whole file, before it is encrypted.
    public var bytes: UInt64

    /// - Parameter kind: as in ``counts``.
    public func count(_ kind: String) -> UInt64 { counts.first { $0.kind == kind }?.count ?? 0 }

    public static func == (left: Self, right: Self) -> Bool {
        left.created == right.created && left.daemon == right.daemon && left.storeID == right.storeID
            && left.incarnation == right.incarnation && left.revision == right.revision
            && left.counts.elementsEqual(right.counts) { $0.kind == $1.kind && $0.count == $1.count }
            && left.digest == right.digest && left.lines == right.lines && left.bytes == right.bytes
    }
}
