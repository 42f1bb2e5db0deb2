import CSQLite

/// Reads tables of a SQLite database without changing it; a write-ahead log beside it is read with it.
///
/// The file comes from elsewhere: nothing that it defines is run. Views, virtual tables and functions in its schema are left
/// alone, and of each table only the columns that are taken are copied.
enum SQLiteReader {
    /// What every such file begins with.
    static let magic = Array("SQLite format 3\0".utf8)

    private static let pragmas = [
        "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA query_only = ON",
        // Nothing of the rows goes to a temporary file.
        "PRAGMA temp_store = MEMORY", "PRAGMA mmap_size = 0",
    ]

    /// - Parameter takesPrefix: also tables whose name is that of a shape behind a prefix and `_`.
    /// - Throws: where the file is no SQLite database, is damaged or cannot be read, or has a table under two names.
    static func read(_ path: String, _ shapes: [TableShape], takesPrefix: Bool = false) throws(FormatError) -> LegacyDatabase {
        let connection = try Connection(path)
        defer { connection.close() }
        for pragma in pragmas { try connection.run(pragma) }
        // One state of all tables, whatever is written meanwhile.
        try connection.run("BEGIN")
        var database = LegacyDatabase()
        /// The name of each shape's table in the file.
        var present: [String: String] = [:]
        // An ordinary table has pages of its own; views and virtual tables have none.
        let names = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
        while try names.step() {
            guard case .text(let bytes) = names.value(0) else { continue }
            let name = String(decoding: bytes, as: UTF8.self)
            if let shape = shapes.first(where: { $0.name == name || (takesPrefix && $0.isPrefixed(name)) }) {
                if let other = present[shape.name] {
                    throw FormatError("there are two tables for '\(shape.name)': '\(FormatError.short(other))' and '\(FormatError.short(name))'")
                }
                present[shape.name] = name
            } else if !name.hasPrefix("sqlite_") {
                database.otherTables.append(name)
            }
        }
        names.finish()
        for shape in shapes {
            if let name = present[shape.name] { database.tables.append(try table(shape, name, connection)) }
        }
        return database
    }

    private static func table(_ shape: TableShape, _ name: String, _ connection: Connection) throws(FormatError) -> LegacyTable {
        var table = LegacyTable(shape)
        // The name is one of ours, at most with letters, digits and '_' in front.
        let statement = try connection.prepare("SELECT * FROM main.\"\(name)\"")
        defer { statement.finish() }
        let names = statement.columnNames
        for name in names where !shape.columns.contains(name) { table.noteOther(name) }
        let places = shape.columns.map { names.firstIndex(of: $0) }
        while try statement.step() {
            guard table.rows.count < LegacyTable.maximumRows else {
                throw FormatError("'\(shape.name)' has more than \(LegacyTable.maximumRows) rows")
            }
            table.rows.append(places.map { place in place.map { statement.value(Int32($0)) } ?? .absent })
        }
        return table
    }
}

/// A connection that only reads.
private struct Connection {
    private let handle: OpaquePointer

    init(_ path: String) throws(FormatError) {
        var handle: OpaquePointer?
        let status = sqlite3_open_v2(Self.uri(path), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE, nil)
        guard let handle else { throw FormatError("the database cannot be opened: not enough memory") }
        guard status == SQLITE_OK else {
            defer { sqlite3_close_v2(handle) }
            throw Self.failure(handle)
        }
        self.handle = handle
        // Its owner may be writing.
        sqlite3_busy_timeout(handle, 5_000)
    }

    func close() { sqlite3_close_v2(handle) }

    func run(_ text: String) throws(FormatError) {
        let statement = try prepare(text)
        defer { statement.finish() }
        while try statement.step() {}
    }

    func prepare(_ text: String) throws(FormatError) -> Statement {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, text, -1, &statement, nil) == SQLITE_OK, let statement else { throw Self.failure(handle) }
        return Statement(handle: statement, connection: handle)
    }

    /// What went wrong last. SQLite's words name tables and columns at most.
    static func failure(_ handle: OpaquePointer) -> FormatError {
        let text = FormatError.short(String(cString: sqlite3_errmsg(handle)))
        return switch sqlite3_errcode(handle) {
        case SQLITE_NOTADB: FormatError("the file is not a SQLite database, or it is encrypted")
        case SQLITE_CORRUPT: FormatError("the database is damaged: \(text)")
        case SQLITE_BUSY, SQLITE_LOCKED: FormatError("the database is in use: stop its program, or copy the file and its -wal")
        case SQLITE_CANTOPEN:
            FormatError("the database cannot be opened; one with a -wal beside it must lie in a folder that can be written")
        default: FormatError("the database cannot be read: \(text)")
        }
    }

    /// SQLite's own form, in which `?`, `#` and `%` of a path are written as numbers.
    private static func uri(_ path: String) -> String {
        var text = path.hasPrefix("/") ? "file://" : "file:"
        for byte in path.utf8 {
            if byte.isASCIILetter || byte.isDigit || "/-._~".utf8.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text + "?mode=ro"
    }
}

/// A statement that is stepped through once.
private struct Statement {
    let handle: OpaquePointer
    let connection: OpaquePointer

    var columnNames: [String] {
        (0..<sqlite3_column_count(handle)).map { sqlite3_column_name(handle, $0).map { String(cString: $0) } ?? "" }
    }

    func finish() { sqlite3_finalize(handle) }

    /// Whether there is a row.
    func step() throws(FormatError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw Connection.failure(connection)
        }
    }

    /// A copy of the value, which the statement's own memory does not outlive.
    func value(_ column: Int32) -> LegacyValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT, SQLITE_BLOB:
            // For text in UTF-16 the call turns it into UTF-8; the length is asked for behind it.
            let isText = sqlite3_column_type(handle, column) == SQLITE_TEXT
            let start = isText
                ? sqlite3_column_text(handle, column).map { UnsafeRawPointer($0) } : sqlite3_column_blob(handle, column)
            let count = Int(sqlite3_column_bytes(handle, column))
            guard count <= LegacyValue.maximumLength else { return .tooLong(count) }
            return .text(Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)))
        default: return .null
        }
    }
}
