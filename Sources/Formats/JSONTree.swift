/// A JSON text as a whole, with the line of each key. For files whose shape is looked at afterwards.
enum JSONTree: Equatable, Sendable {
    struct Member: Equatable, Sendable {
        let key: String
        let line: Int
        let value: JSONTree
    }

    case null
    case bool(Bool)
    /// As it is written.
    case number([UInt8])
    case text([UInt8])
    case list([JSONTree])
    case object([Member])

    /// - Throws: where it is no JSON, is nested deeper than ``JSONReader/maximumDepth``, or has a key twice in one object.
    static func read(_ bytes: [UInt8]) throws(FormatError) -> JSONTree {
        var reader = Reader(lexer: try JSONLexer(bytes))
        reader.lexer.skipSpace()
        let value = try reader.value(depth: 1)
        reader.lexer.skipSpace()
        guard reader.lexer.cursor.isAtEnd else { throw reader.lexer.fail("text behind the end") }
        return value
    }

    /// The members of an object; `nil` for anything else.
    var members: [Member]? { if case .object(let members) = self { members } else { nil } }

    subscript(key: String) -> JSONTree? { members?.first { $0.key == key }?.value }

    private struct Reader {
        var lexer: JSONLexer

        /// The cursor stands on the first character.
        mutating func value(depth: Int) throws(FormatError) -> JSONTree {
            guard depth <= JSONReader.maximumDepth else { throw lexer.fail("nested deeper than \(JSONReader.maximumDepth) levels") }
            switch lexer.cursor.current {
            case .doubleQuote?: return .text(try lexer.text())
            case UInt8(ascii: "{")?: return try object(depth)
            case UInt8(ascii: "[")?: return try list(depth)
            case UInt8(ascii: "t")?:
                _ = try lexer.word("true")
                return .bool(true)
            case UInt8(ascii: "f")?:
                _ = try lexer.word("false")
                return .bool(false)
            case UInt8(ascii: "n")?:
                _ = try lexer.word("null")
                return .null
            case let byte? where byte == UInt8(ascii: "-") || byte.isDigit: return .number(try lexer.number())
            default: throw lexer.fail("not valid JSON")
            }
        }

        private mutating func object(_ depth: Int) throws(FormatError) -> JSONTree {
            lexer.cursor.advance()
            lexer.skipSpace()
            if lexer.cursor.take(UInt8(ascii: "}")) { return .object([]) }
            var members: [Member] = []
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
                members.append(Member(key: key, line: line, value: try value(depth: depth + 1)))
                lexer.skipSpace()
                if lexer.cursor.take(UInt8(ascii: "}")) { return .object(members) }
                guard lexer.cursor.take(UInt8(ascii: ",")) else { throw lexer.fail("',' or '}' must stand behind a value") }
            }
        }

        private mutating func list(_ depth: Int) throws(FormatError) -> JSONTree {
            lexer.cursor.advance()
            lexer.skipSpace()
            if lexer.cursor.take(UInt8(ascii: "]")) { return .list([]) }
            var items: [JSONTree] = []
            while true {
                lexer.skipSpace()
                items.append(try value(depth: depth + 1))
                lexer.skipSpace()
                if lexer.cursor.take(UInt8(ascii: "]")) { return .list(items) }
                guard lexer.cursor.take(UInt8(ascii: ",")) else { throw lexer.fail("',' or ']' must stand behind an item") }
            }
        }
    }
}
