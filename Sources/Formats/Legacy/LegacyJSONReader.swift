/// Reads tables from JSON: an object with an array of rows for each table, each row an object of columns.
enum LegacyJSONReader {
    static func read(_ bytes: [UInt8], _ shapes: [TableShape]) throws(FormatError) -> LegacyDatabase {
        var reader = Reader(lexer: try JSONLexer(bytes))
        return try reader.document(shapes)
    }

    /// Reads one table from an object that has a row under each name: `{"ada": {"token": …}}`.
    /// - Parameter key: the column that takes the name.
    static func read(_ bytes: [UInt8], keyedBy key: String, _ shape: TableShape) throws(FormatError) -> LegacyTable {
        var reader = Reader(lexer: try JSONLexer(bytes))
        return try reader.keyed(shape, key)
    }

    /// One value that is a JSON text by itself.
    static func value(_ bytes: [UInt8]) throws(FormatError) -> LegacyValue {
        var reader = Reader(lexer: try JSONLexer(bytes))
        return try reader.whole()
    }

    private struct Reader {
        var lexer: JSONLexer

        mutating func whole() throws(FormatError) -> LegacyValue {
            lexer.skipSpace()
            let value = try value(depth: 1)
            try end()
            return value
        }

        mutating func document(_ shapes: [TableShape]) throws(FormatError) -> LegacyDatabase {
            var database = LegacyDatabase()
            lexer.skipSpace()
            guard lexer.cursor.current == UInt8(ascii: "{") else { throw lexer.fail("an object ('{') must begin here") }
            try object { reader, name throws(FormatError) in
                if let shape = shapes.first(where: { $0.name == name }) {
                    database.tables.append(try reader.table(shape))
                } else {
                    database.otherTables.append(name)
                    _ = try reader.value(depth: 2)
                }
            }
            try end()
            return database
        }

        mutating func keyed(_ shape: TableShape, _ key: String) throws(FormatError) -> LegacyTable {
            var table = LegacyTable(shape)
            lexer.skipSpace()
            guard lexer.cursor.current == UInt8(ascii: "{") else { throw lexer.fail("an object ('{') must begin here") }
            let place = shape.columns.firstIndex(of: key)
            try object { reader, name throws(FormatError) in
                guard table.rows.count < LegacyTable.maximumRows else {
                    throw reader.lexer.fail("'\(shape.name)' has more than \(LegacyTable.maximumRows) rows")
                }
                var row: [LegacyValue]
                if reader.lexer.cursor.current == UInt8(ascii: "{") {
                    row = try reader.row(&table)
                } else {
                    // No column of it can be read: it refuses itself.
                    _ = try reader.value(depth: 2)
                    row = [LegacyValue](repeating: .other, count: shape.columns.count)
                }
                if let place { row[place] = .text(Array(name.utf8)) }
                table.rows.append(row)
            }
            try end()
            return table
        }

        private mutating func table(_ shape: TableShape) throws(FormatError) -> LegacyTable {
            var table = LegacyTable(shape)
            if lexer.cursor.current == UInt8(ascii: "n") {
                _ = try lexer.word("null")
                return table
            }
            guard lexer.cursor.current == UInt8(ascii: "[") else {
                throw lexer.fail("'\(shape.name)' must be an array of rows")
            }
            try array { reader throws(FormatError) in
                guard reader.lexer.cursor.current == UInt8(ascii: "{") else {
                    throw reader.lexer.fail("a row of '\(shape.name)' must be an object")
                }
                guard table.rows.count < LegacyTable.maximumRows else {
                    throw reader.lexer.fail("'\(shape.name)' has more than \(LegacyTable.maximumRows) rows")
                }
                table.rows.append(try reader.row(&table))
            }
            return table
        }

        private mutating func row(_ table: inout LegacyTable) throws(FormatError) -> [LegacyValue] {
            let columns = table.shape.columns
            var row = [LegacyValue](repeating: .absent, count: columns.count)
            var others: [String] = []
            try object { reader, name throws(FormatError) in
                let value = try reader.value(depth: 4)
                if let index = columns.firstIndex(of: name) { row[index] = value } else { others.append(name) }
            }
            for other in others { table.noteOther(other) }
            return row
        }

        /// The cursor stands on the first character.
        private mutating func value(depth: Int) throws(FormatError) -> LegacyValue {
            guard depth <= JSONReader.maximumDepth else { throw lexer.fail("nested deeper than \(JSONReader.maximumDepth) levels") }
            switch lexer.cursor.current {
            case .doubleQuote?:
                let text = try lexer.text()
                return text.count <= LegacyValue.maximumLength ? .text(text) : .tooLong(text.count)
            case UInt8(ascii: "{")?:
                try object { reader, _ throws(FormatError) in _ = try reader.value(depth: depth + 1) }
                return .other
            case UInt8(ascii: "[")?:
                var items: [LegacyValue] = []
                try array { reader throws(FormatError) in items.append(try reader.value(depth: depth + 1)) }
                return .list(items)
            case UInt8(ascii: "t")?:
                _ = try lexer.word("true")
                return .bool(true)
            case UInt8(ascii: "f")?:
                _ = try lexer.word("false")
                return .bool(false)
            case UInt8(ascii: "n")?:
                _ = try lexer.word("null")
                return .null
            case let byte? where byte == UInt8(ascii: "-") || byte.isDigit: return .text(try lexer.number())
            default: throw lexer.fail("not valid JSON")
            }
        }

        /// Calls `member` with each key; it reads the value.
        private mutating func object(
            _ member: (inout Reader, String) throws(FormatError) -> Void
        ) throws(FormatError) {
            lexer.cursor.advance()
            lexer.skipSpace()
            if lexer.cursor.take(UInt8(ascii: "}")) { return }
            var keys = SeenNames()
            while true {
                lexer.skipSpace()
                guard lexer.cursor.current == .doubleQuote else { throw lexer.fail("a key in double quotes must begin here") }
                let line = lexer.cursor.line
                let key = String(decoding: try lexer.text(), as: UTF8.self)
                try keys.insert(key, line: line)
                lexer.skipSpace()
                guard lexer.cursor.take(UInt8(ascii: ":")) else { throw lexer.fail("':' must stand behind a key") }
                lexer.skipSpace()
                try member(&self, key)
                lexer.skipSpace()
                if lexer.cursor.take(UInt8(ascii: "}")) { return }
                guard lexer.cursor.take(UInt8(ascii: ",")) else { throw lexer.fail("',' or '}' must stand behind a value") }
            }
        }

        /// Calls `item` at the beginning of each item; it reads it.
        private mutating func array(_ item: (inout Reader) throws(FormatError) -> Void) throws(FormatError) {
            lexer.cursor.advance()
            lexer.skipSpace()
            if lexer.cursor.take(UInt8(ascii: "]")) { return }
            while true {
                lexer.skipSpace()
                try item(&self)
                lexer.skipSpace()
                if lexer.cursor.take(UInt8(ascii: "]")) { return }
                guard lexer.cursor.take(UInt8(ascii: ",")) else { throw lexer.fail("',' or ']' must stand behind an item") }
            }
        }

        private mutating func end() throws(FormatError) {
            lexer.skipSpace()
            guard lexer.cursor.isAtEnd else { throw lexer.fail("text behind the end") }
        }
    }
}
