/// How many lines of each kind a backup has.
struct BackupCounts: Equatable, Sendable {
    /// The kinds in the order of the file.
    static let kinds: [String] = ["keys", "secrets", "versions"] + DocumentTable.allCases.map { Table($0).name }
        + ["counters", "budgets", "reservations", "usage-lines"]

    /// One for each of ``kinds``.
    private(set) var numbers = [UInt64](repeating: 0, count: kinds.count)

    /// Those that are there.
    var list: [(kind: String, count: UInt64)] { zip(Self.kinds, numbers).filter { $0.1 > 0 }.map { (kind: $0.0, count: $0.1) } }
}
