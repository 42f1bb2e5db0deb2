/// Reads an object of texts, numbers and truth values; nested objects become path segments.
///
/// Not Foundation's: it neither gives line numbers of entries, nor finds keys that are there twice, nor keeps a number as
/// it was written, all of which an import of secrets must.
enum JSONReader {
    static let maximumDepth = 64

    static func parse(_ bytes: [UInt8]) throws(FormatError) -> [ImportedEntry] {
        var reader = Reader(lexer: try JSONLexer(bytes))
        return try reader.document()
    }

    private struct Reader {
        var lexer: JSONLexer
        private var entries: [ImportedEntry] = []
        private var seen = SeenNames()

        init(lexer: JSONLexer) { self.lexer = lexer }

        mutating func document() throws(FormatError) -> [ImportedEntry] {
            lexer.skipSpace()
            guard lexer.cursor.current == UInt8(ascii: "{") else { throw lexer.fail("an object ('{') must begin here") }
            try object(path: [], depth: 1)
            lexer.skipSpace()
            guard lexer.cursor.isAtEnd else { throw lexer.fail("text behind the end of the object") }
            return entries
        }

        private mutating func object(path: [String], depth: Int) throws(FormatError) {
            guard depth <= JSONReader.maximumDepth else { throw lexer.fail("nested deeper than \(JSONReader.maximumDepth) levels") }
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
                try value(path: path + [key], line: line, depth: depth)
                lexer.skipSpace()
                if lexer.cursor.take(UInt8(ascii: "}")) { return }
                guard lexer.cursor.take(UInt8(ascii: ",")) else { throw lexer.fail("',' or '}' must stand behind a value") }
            }
        }

        private mutating func value(path: [String], line: Int, depth: Int) throws(FormatError) {
            let name = path.joined(separator: "/")
            let value: [UInt8]
            switch lexer.cursor.current {
            case UInt8(ascii: "{")?: return try object(path: path, depth: depth + 1)
            case .doubleQuote?: value = try lexer.text()
            case UInt8(ascii: "[")?: throw lexer.fail("'\(FormatError.short(name))' is an array; only texts, numbers and objects are read")
            case UInt8(ascii: "t")?: value = try lexer.word("true")
            case UInt8(ascii: "f")?: value = try lexer.word("false")
            case UInt8(ascii: "n")?:
                _ = try lexer.word("null")
                throw lexer.fail("'\(FormatError.short(name))' is null; for an empty value write \"\"")
            case let byte? where byte == UInt8(ascii: "-") || byte.isDigit: value = try lexer.number()
            default: throw lexer.fail("the value of '\(FormatError.short(name))' is not valid JSON")
            }
            try seen.insert(name, line: line)
            entries.append(ImportedEntry(name: name, value: value, line: line))
        }
    }
}
