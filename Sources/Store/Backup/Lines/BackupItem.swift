/// One line of a backup, understood and checked by itself (docs/backup-format.md). Lines come in the order of these cases; the values of
/// a name's versions follow the name at once.
enum BackupItem {
    /// The first line.
    case header(BackupHeader)
    case key(BackupKey)
    /// A secret's name with its versions; also a purged one, of which only the last number is left.
    case name(NameRecord)
    case value(BackupValue)
    case document(BackupDocument)
    case counters(BudgetCounters)
    case budget(StoredBudget)
    /// `finished`: which one it was of those that ended; `nil` while it is open.
    case reservation(StoredReservation, finished: UInt64?)
    case usageLine(StoredUsageLine)
    /// The last line. The reader has compared it with what came before.
    case trailer(BackupTrailer)
}

struct BackupHeader: Equatable, Sendable {
    static let version: UInt64 = 1

    /// Unix milliseconds.
    var created: UInt64
    var daemon: String
    /// 16 bytes each.
    var storeID: [UInt8]
    var incarnation: [UInt8]
    var revision: UInt64
}

/// A key that travels with what depends on it (decisions 1): of API-key hashes, session signing and the clients' caches.
struct BackupKey: Sendable {
    /// In the file only: documents of API keys and access tokens name their hash key by it. From 1, each once, ascending.
    var number: UInt32
    /// `apiKeyHash`, `sessionSigning` or `clientCache`.
    var purpose: KeyPurpose
    var state: KeyState
    /// 32 bytes.
    var key: GuardedBytes
}

/// The value of one version. Content type and times stand in the name record.
struct BackupValue: Sendable {
    var tenant: TenantID
    var name: Name
    var version: UInt64
    /// The batch that wrote the value's record.
    var revision: UInt64
    var value: SecretBuffer
}

/// A document of a small table. In ``bytes``, hash keys have the ids that the reader was told (``BackupLineReader/setKeyID(_:of:)``).
struct BackupDocument: Sendable {
    var table: DocumentTable
    var name: DocumentName
    /// The batch that wrote it.
    var revision: UInt64
    var bytes: SecretBuffer
}

struct BackupTrailer: Equatable, Sendable {
    /// Lines between the first and the last.
    var lines: UInt64
    var counts: BackupCounts
    /// 64 hex digits.
    var digest: String
}
