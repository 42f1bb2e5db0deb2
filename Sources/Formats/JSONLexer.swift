/// The words of JSON: texts, numbers and literals, with the line of what is wrong.
struct JSONLexer {
    var cursor: ByteCursor

    init(_ bytes: [UInt8]) throws(FormatError) { cursor = try ByteCursor(bytes) }

    /// A literal, such as `null`.
    mutating func word(_ word: StaticString) throws(FormatError) -> [UInt8] {
        let expected = Array("\(word)".utf8)
        for byte in expected {
            guard cursor.take(byte) else { throw fail("not valid JSON: a text needs double quotes") }
        }
        return expected
    }

    /// A number as it is written.
    mutating func number() throws(FormatError) -> [UInt8] {
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

    /// A text in double quotes, without them. The cursor stands on the first.
    mutating func text() throws(FormatError) -> [UInt8] {
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

    mutating func skipSpace() {
        cursor.skip { $0.isBlank || $0 == .lineFeed || $0 == .carriageReturn }
    }

    func fail(_ message: String) -> FormatError { FormatError(line: cursor.line, message) }
}
