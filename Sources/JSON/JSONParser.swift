extension JSONValue {
    /// Deeper nesting is refused: no request of these APIs has more than three levels.
    public static let maximumDepth = 64

    /// Reads the first value of `bytes`.
    ///
    /// - Parameters:
    ///   - allowsTrailing: whether anything may follow the value, as Go's decoder allows it.
    ///   - repairsText: strings that are no UTF-8 get U+FFFD where they are not, as do halves of surrogate pairs; otherwise they are
    ///     refused. Repaired, two that differ may become equal.
    /// - Throws: ``JSONError`` in Go's words.
    public static func parse(_ bytes: [UInt8], allowsTrailing: Bool = true, repairsText: Bool = true) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, repairsText: repairsText)
        return try parser.document(allowsTrailing: allowsTrailing)
    }
}

/// One pass over the bytes; recursion ends at ``JSONValue/maximumDepth``.
private struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private let repairsText: Bool

    init(_ bytes: [UInt8], repairsText: Bool) {
        self.bytes = bytes
        self.repairsText = repairsText
    }

    mutating func document(allowsTrailing: Bool) throws(JSONError) -> JSONValue {
        skipBlanks()
        guard position < bytes.count else { throw .empty }
        let value = try value()
        if !allowsTrailing {
            skipBlanks()
            if position < bytes.count { throw .invalid(bytes[position], "after top-level value") }
        }
        return value
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// The byte here; the text must not end yet.
    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw .cutOff }
        return bytes[position]
    }

    private mutating func next() throws(JSONError) -> UInt8 {
        let byte = try peek()
        position += 1
        return byte
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        let byte = try peek()
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw .invalid(byte, "looking for beginning of value")
        }
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONValue.maximumDepth else { throw .tooDeep }
        position += 1
        skipBlanks()
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var fields: [(String, JSONValue)] = []
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object(fields)
        }
        while true {
            skipBlanks()
            let first = try peek()
            guard first == UInt8(ascii: "\"") else { throw .invalid(first, "looking for beginning of object key string") }
            let name = try string()
            skipBlanks()
            let colon = try next()
            guard colon == UInt8(ascii: ":") else { throw .invalid(colon, "after object key") }
            skipBlanks()
            fields.append((name, try value()))
            skipBlanks()
            let end = try next()
            if end == UInt8(ascii: "}") { return .object(fields) }
            guard end == UInt8(ascii: ",") else { throw .invalid(end, "after object key:value pair") }
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var items: [JSONValue] = []
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array(items)
        }
        while true {
            skipBlanks()
            items.append(try value())
            skipBlanks()
            let end = try next()
            if end == UInt8(ascii: "]") { return .array(items) }
            guard end == UInt8(ascii: ",") else { throw .invalid(end, "after array element") }
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let expected = text.withUTF8Buffer { Array($0) }
        for letter in expected {
            let byte = try next()
            guard byte == letter else {
                throw .invalid(byte, "in literal \(text) (expecting '\(UnicodeScalar(letter))')")
            }
        }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// At least one digit, as JSON asks for at this place.
    private mutating func digits(_ place: String) throws(JSONError) {
        let first = try next()
        guard Self.isDigit(first) else { throw .invalid(first, place) }
        while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if try peek() == UInt8(ascii: "0") { position += 1 } else { try digits("in numeric literal") }
        var isWhole = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits("after decimal point in numeric literal")
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(try peek()) { position += 1 }
            try digits("in exponent of numeric literal")
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        return .number(text)
    }

    /// Whether the byte stands for itself in a string.
    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        // Nearly all strings have no escapes: they are taken in one piece.
        while position < bytes.count, Self.isPlain(bytes[position]) { position += 1 }
        var plain = Array(bytes[start..<position])
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""): return try text(plain)
            case UInt8(ascii: "\\"): try escape(into: &plain)
            case 0..<0x20: throw .invalid(byte, "in string literal")
            default: plain.append(byte)
            }
        }
    }

    private func text(_ bytes: [UInt8]) throws(JSONError) -> String {
        if repairsText { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        return text
    }

    private mutating func escape(into plain: inout [UInt8]) throws(JSONError) {
        let byte = try next()
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(byte)
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "n"): plain.append(0x0A)
        case UInt8(ascii: "r"): plain.append(0x0D)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "u"): plain += try unicodeEscape()
        default: throw .invalid(byte, "in string escape code")
        }
    }

    /// The UTF-8 of a `\u` escape, or of a pair of them that make one character; the position is behind the first `u`.
    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        let unit = try hexUnit()
        var scalar = UnicodeScalar(unit)
        if unit & 0xFC00 == 0xD800, bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            let back = position
            position += 2
            let second = try hexUnit()
            if second & 0xFC00 == 0xDC00 {
                scalar = UnicodeScalar(0x1_0000 + (unit & 0x3FF) << 10 + second & 0x3FF)
            } else {
                position = back
            }
        }
        guard scalar != nil || repairsText else { throw .notText }
        return Array(String(Character(scalar ?? "\u{FFFD}")).utf8)
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let byte = try next()
            guard let digit = UnicodeScalar(byte).properties.isASCIIHexDigit ? Character(UnicodeScalar(byte)).hexDigitValue : nil else {
                throw .invalid(byte, "in \\u hexadecimal character escape")
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
