/// How many lines of each kind a backup has.
struct BackupCounts: Equatable, Sendable {
    /// The kinds in the order of the file; versions stand behind their secret.
    enum Kind: Hashable {
        case keys, secrets, versions
        case documents(DocumentTable)
        case counters, budgets, reservations, usageLines

        static let all: [Kind] = [.keys, .secrets, .versions] + DocumentTable.allCases.map { .documents($0) }
            + [.counters, .budgets, .reservations, .usageLines]

        private static let tables = all.compactMap { if case .documents(let table) = $0 { table } else { nil } }

        var name: String {
            switch self {
            case .keys: "keys"
            case .secrets: "secrets"
            case .versions: "versions"
            case .documents(let table): Table(table).name
            case .counters: "counters"
            case .budgets: "budgets"
            case .reservations: "reservations"
            case .usageLines: "usage-lines"
            }
        }

        /// Its place in ``all``.
        var place: Int {
            switch self {
            case .keys: 0
            case .secrets: 1
            case .versions: 2
            case .documents(let table): 3 + (Self.tables.firstIndex(of: table) ?? 0)
            case .counters: 3 + Self.tables.count
            case .budgets: 4 + Self.tables.count
            case .reservations: 5 + Self.tables.count
            case .usageLines: 6 + Self.tables.count
            }
        }
    }

    /// One for each kind.
    private var numbers = [UInt64](repeating: 0, count: Kind.all.count)

    subscript(_ kind: Kind) -> UInt64 {
        get { numbers[kind.place] }
        set { numbers[kind.place] = newValue }
    }

    /// Those that are there.
    var list: [(kind: String, count: UInt64)] {
        zip(Kind.all, numbers).filter { $0.1 > 0 }.map { (kind: $0.0.name, count: $0.1) }
    }
}
