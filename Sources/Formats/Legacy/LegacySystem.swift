import Glibc

/// A system whose accounts import takes over.
public enum LegacySystem: String, Sendable, CaseIterable {
    case newapi
    case ragflow

    /// Whether the file begins as a SQLite database does. What cannot be read does not.
    public static func isDatabase(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        // Nothing is taken from a pipe, which somebody else will read.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        var head = [UInt8](repeating: 0, count: SQLiteReader.magic.count)
        let count = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count == head.count && head == SQLiteReader.magic
    }

    /// Reads a SQLite database, which may be in use.
    /// - Throws: where it cannot be read, or has none of the tables.
    public func read(database path: String) throws(FormatError) -> LegacyImport {
        try map(SQLiteReader.read(path, shapes))
    }

    /// Reads a JSON object with an array of rows for each table.
    /// - Throws: where it cannot be read, or has none of the tables.
    public func read(json bytes: [UInt8]) throws(FormatError) -> LegacyImport {
        let first = bytes.first { !($0.isBlank || $0 == .lineFeed || $0 == .carriageReturn || [0xEF, 0xBB, 0xBF].contains($0)) }
        guard let first else { throw FormatError("the file is empty") }
        guard first == UInt8(ascii: "{") else { throw FormatError("neither a SQLite database nor a JSON object") }
        return try map(LegacyJSONReader.read(bytes, shapes))
    }

    private func map(_ database: LegacyDatabase) throws(FormatError) -> LegacyImport {
        guard !database.tables.isEmpty else {
            throw FormatError("it has none of the tables \(shapes.map(\.name).joined(separator: ", "))")
        }
        var result = switch self {
        case .newapi: NewAPIImport.map(database)
        case .ragflow: RAGFlowImport.map(database)
        }
        result.remarks = database.remarks + result.remarks
        return result
    }

    private var shapes: [TableShape] {
        switch self {
        case .newapi: NewAPIImport.shapes
        case .ragflow: RAGFlowImport.shapes
        }
    }
}
