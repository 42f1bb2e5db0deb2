/// Reads an object of texts, numbers and truth values; nested objects become path segments.
///
/// Not Foundation's: it neither gives line numbers of entries, nor finds keys that are there twice, nor keeps a number as
/// it was written, all of which an import of secrets must.
enum JSONReader {
    static let maximumDepth = 64

    static func parse(_ bytes: [UInt8]) throws(FormatError) -> [ImportedEntry] {
        var reader = Reader(cursor: try ByteCursor(bytes))
        return try reader.document()
    }

    private struct Reader {
        var cursor: ByteCursor
        private var entries: [ImportedEntry] = []
        private var seen = SeenNames()

        init(cursor: ByteCursor) { self.cursor = cursor }

        mutating func document() throws(FormatError) -> [ImportedEntry] {
            skipSpace()
            guard cursor.current == UInt8(ascii: "{") else { throw fail("an object ('{') must begin here") }
            try object(path: [], depth: 1)
            skipSpace()
            guard cursor.isAtEnd else { throw fail("text behind the end of the object") }
            return entries
        }

        private mutating func object(path: [String], depth: Int) throws(FormatError) {
            guard depth <= JSONReader.maximumDepth else { throw fail("nested deeper than \(JSONReader.maximumDepth) levels") }
            cursor.advance()
            skipSpace()
            if cursor.take(UInt8(ascii: "}")) { return }
            var keys = SeenNames()
            while true {
                skipSpace()
                guard cursor.current == .doubleQuote else { throw fail("a key in double quotes must begin here") }
                let line = cursor.line
                let key = String(decoding: try text(), as: UTF8.self)
                try keys.insert(key, line: line)
                skipSpace()
                guard cursor.take(UInt8(ascii: ":")) else { throw fail("':' must stand behind a key") }
                skipSpace()
                try value(path: path + [key], line: line, depth: depth)
                skipSpace()
                if cursor.take(UInt8(ascii: "}")) { return }
                guard cursor.take(UInt8(ascii: ",")) else { throw fail("',' or '}' must stand behind a value") }
            }
        }

        private mutating func value(path: [String], line: Int, depth: Int) throws(FormatError) {
            let name = path.joined(separator: "/")
            let value: [UInt8]
            switch cursor.current {
            case UInt8(ascii: "{")?: return try object(path: path, depth: depth + 1)
            case .doubleQuote?: value = try text()
            case UInt8(ascii: "[")?: throw fail("'\(FormatError.short(name))' is an array; only texts, numbers and objects are read")
            case UInt8(ascii: "t")?: value = try word("true")
            case UInt8(ascii: "f")?: value = try word("false")
            case UInt8(ascii: "n")?:
                _ = try word("null")
                throw fail("'\(FormatError.short(name))' is null; for an empty value write \"\"")
            case let byte? where byte == UInt8(ascii: "-") || byte.isDigit: value = try number()
            default: throw fail("the value of '\(FormatError.short(name))' is not valid JSON")
            }
            try seen.insert(name, line: line)
            entries.append(ImportedEntry(name: name, value: value, line: line))
        }

        private mutating func word(_ word: StaticString) throws(FormatError) -> [UInt8] {
            let expected = Array("\(word)".utf8)
            for byte in expected {
                guard cursor.take(byte) else { throw fail("not valid JSON: a text needs double quotes") }
            }
            return expected
        }

        /// A number as it is written.
        private mutating func number() throws(FormatError) -> [UInt8] {
            let start = cursor.position
            _ = cursor.take(UInt8(ascii: "-"))
            if !cursor.take(UInt8(ascii: "0")) { try digits() }
            if cursor.take(UInt8(ascii: ".")) { try digits() }
            if let byte = cursor.current, byte | 0x20 == UInt8(ascii: "e") {
                cursor.advance()
                if !cursor.take(UInt8(ascii: "+")) { _ = cursor.take(UInt8(ascii: "-")) }
                try digits()
            }
            if let byte = cursor.current, byte.isDigit || byte.isASCIILetter || byte == UInt8(ascii: ".") {
                throw fail("not a valid number; a text needs double quotes")
            }
            return Array(cursor.bytes[start..<cursor.position])
        }

        private mutating func digits() throws(FormatError) {
            guard cursor.current?.isDigit == true else { throw fail("not a valid number; a text needs double quotes") }
            cursor.skip(while: \.isDigit)
        }

        private mutating func text() throws(FormatError) -> [UInt8] {
            let line = cursor.line
            cursor.advance()
            var value: [UInt8] = []
            while let byte = cursor.current {
                switch byte {
                case .doubleQuote:
                    cursor.advance()
                    return value
                case .backslash: try escape(into: &value)
                case 0..<0x20: throw fail("a control character stands in a text; write it as \\u0000, \\n, …")
                default:
                    value.append(byte)
                    cursor.advance()
                }
            }
            throw FormatError(line: line, "the text that begins here has no \" at its end")
        }

        private mutating func escape(into value: inout [UInt8]) throws(FormatError) {
            cursor.advance()
            guard let byte = cursor.current else { return }
            cursor.advance()
            switch byte {
            case .doubleQuote, .backslash, UInt8(ascii: "/"): value.append(byte)
            case UInt8(ascii: "b"): value.append(0x08)
            case UInt8(ascii: "f"): value.append(0x0C)
            case UInt8(ascii: "n"): value.append(.lineFeed)
            case UInt8(ascii: "r"): value.append(.carriageReturn)
            case UInt8(ascii: "t"): value.append(0x09)
            case UInt8(ascii: "u"): value.append(contentsOf: String(Character(try codePoint())).utf8)
            default: throw fail("a backslash before a character that it does not go with")
            }
        }

        /// Behind `\u`: four digits, and the second half of a pair where the first is one.
        private mutating func codePoint() throws(FormatError) -> Unicode.Scalar {
            var value = try fourDigits()
            if (0xD800...0xDBFF).contains(value) {
                guard cursor.take(.backslash), cursor.take(UInt8(ascii: "u")) else { throw halfPair() }
                let low = try fourDigits()
                guard (0xDC00...0xDFFF).contains(low) else { throw halfPair() }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw halfPair() }
            return scalar
        }

        private mutating func fourDigits() throws(FormatError) -> UInt32 {
            var value: UInt32 = 0
            for _ in 0..<4 {
                guard let byte = cursor.current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                    throw fail("\\u needs four hexadecimal digits")
                }
                value = value << 4 | UInt32(digit)
                cursor.advance()
            }
            return value
        }

        private func halfPair() -> FormatError { fail("\\u names one half of a surrogate pair") }

        private mutating func skipSpace() {
            cursor.skip { $0.isBlank || $0 == .lineFeed || $0 == .carriageReturn }
        }

        private func fail(_ message: String) -> FormatError { FormatError(line: cursor.line, message) }
    }
}
