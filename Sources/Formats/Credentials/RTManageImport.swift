/// RT-manage: its `config.yml`, its SQLite file, and rows of its tables as CSV, in any order and number.
public struct RTManageImport {
    private var result = CredentialImport()
    private var databases: [LegacyDatabase] = []
    private var defaults = RTManageConfiguration.Defaults()
    private let allowsSamples: Bool

    /// - Parameter allowsSamples: whether values that documents give as an example are taken.
    public init(allowsSamples: Bool = false) { self.allowsSamples = allowsSamples }

    /// Adds its SQLite database, which may be in use. Its tables may have a prefix (`rt_rts`).
    /// - Throws: where it cannot be read, or has none of the tables.
    public mutating func add(database path: String) throws(FormatError) {
        let database = try SQLiteReader.read(path, RTManageTables.shapes, takesPrefix: true)
        guard !database.tables.isEmpty else { throw FormatError("it has neither a table 'rts' nor 'system_configs', with any prefix") }
        databases.append(database)
    }

    /// Adds a configuration file or the rows of one table, whatever the bytes are.
    /// - Throws: where they are neither, or broken as a whole.
    public mutating func add(_ file: CredentialSystem.File) throws(FormatError) {
        guard file.bytes.contains(where: { $0 > 0x20 }) else { throw FormatError("the file is empty") }
        if file.name.lowercased().hasSuffix(".csv") {
            databases.append(try Self.table(file.bytes, &result))
        } else {
            defaults = try RTManageConfiguration.read(file.bytes, allowsSamples: allowsSamples, &result)
        }
    }

    /// All that was added. Rows go through here, so that a configuration file may come behind them.
    public consuming func finish() -> CredentialImport {
        for database in databases { RTManageTables.map(database, defaults, &result) }
        return result
    }

    /// The table that has the columns of the first line. A broken record is left out.
    private static func table(_ bytes: [UInt8], _ result: inout CredentialImport) throws(FormatError) -> LegacyDatabase {
        do {
            var stream = ByteStream(bytes)
            try stream.skipByteOrderMark()
            var reader = CSVReader(stream, limit: LegacyImport.maximumSize)
            guard case .fields(let head, let line)? = try reader.next() else { throw FormatError(line: 1, "the first line has no columns") }
            let names = try head.map { field throws(FormatError) -> String in
                guard case .text(let name) = field, !name.isEmpty else { throw FormatError(line: line, "a column has no name") }
                return String(decoding: name, as: UTF8.self)
            }
            var seen = SeenNames()
            for name in names { try seen.insert(name, line: line) }
            let key = { (shape: TableShape) in shape == RTManageTables.rows ? "biz_id" : "config_key" }
            guard let shape = RTManageTables.shapes.first(where: { names.contains(key($0)) }) else {
                throw FormatError(line: line, "the first line must name the columns: biz_id, rt, … or config_key, config_value")
            }
            var table = LegacyTable(shape)
            for name in names where !shape.columns.contains(name) { table.noteOther(name) }
            let places = shape.columns.map { names.firstIndex(of: $0) }
            while let record = try reader.next() {
                switch record {
                case .broken(let error): result.leftOut.append(.init(origin: "line \(error.line)", reason: error.message, isRefused: true))
                case .fields(let fields, let line) where fields.count != names.count:
                    result.leftOut.append(.init(
                        origin: "line \(line)", reason: "it has \(fields.count) fields, the first line \(names.count)", isRefused: true))
                case .fields(let fields, _): table.rows.append(places.map { place in place.map { value(fields[$0]) } ?? .absent })
                }
            }
            return LegacyDatabase(tables: [table])
        } catch let error as FormatError {
            throw error
        } catch {
            throw FormatError("the file cannot be read")
        }
    }

    private static func value(_ field: CSVReader.Field) -> LegacyValue {
        switch field {
        case .null: .null
        case .text(let bytes): bytes.count <= LegacyValue.maximumLength ? .text(bytes) : .tooLong(bytes.count)
        }
    }
}
