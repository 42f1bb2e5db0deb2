/// A table of an older system, and the columns of it that are taken.
struct TableShape: Equatable, Sendable {
    let name: String
    let columns: [String]

    /// Whether a table is this one with a prefix of letters, digits and `_` in front: `rt_rts`.
    func isPrefixed(_ table: String) -> Bool {
        table.hasSuffix("_" + name) && table.utf8.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "_") }
    }
}

/// A value of a row, as a database or a file has it.
enum LegacyValue: Equatable, Sendable {
    /// The row does not have the column.
    case absent
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    /// A text; also a number of JSON, as it is written there. Whether it is UTF-8 is not looked at yet.
    case text([UInt8])
    case list([LegacyValue])
    /// What no column that is taken has: an object within a row.
    case other
    /// A text of more bytes than any field takes; it was not copied.
    case tooLong(Int)

    /// Longest text that is copied: what a field of protocol.md holds.
    static let maximumLength = 524_288
}

/// The rows of one table, each with a value for each column of the shape.
struct LegacyTable: Sendable {
    let shape: TableShape
    var rows: [[LegacyValue]] = []
    /// Columns that the table has and nobody takes, in their order.
    private(set) var otherColumns: [String] = []

    static let maximumRows = 1_000_000

    init(_ shape: TableShape) { self.shape = shape }

    mutating func noteOther(_ column: String) {
        if !otherColumns.contains(column) { otherColumns.append(column) }
    }
}

/// What was read of a database or of a file with the same tables.
struct LegacyDatabase: Sendable {
    /// Those of the shapes that are there.
    var tables: [LegacyTable] = []
    var otherTables: [String] = []

    subscript(name: String) -> LegacyTable? { tables.first { $0.shape.name == name } }

    /// What was left lying, once for each table.
    var remarks: [String] {
        var remarks: [String] = []
        if !otherTables.isEmpty { remarks.append("tables that are not taken: \(Self.listed(otherTables))") }
        for table in tables where !table.otherColumns.isEmpty {
            remarks.append("columns of \(table.shape.name) that are not taken: \(Self.listed(table.otherColumns))")
        }
        return remarks
    }

    private static func listed(_ names: [String]) -> String {
        let shown = names.prefix(40).map { FormatError.short($0) }.joined(separator: ", ")
        return names.count > 40 ? "\(shown) and \(names.count - 40) more" : shown
    }
}
