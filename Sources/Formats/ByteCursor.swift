/// A place in a text of bytes, and the line that it is in.
struct ByteCursor {
    let bytes: [UInt8]
    private(set) var position = 0
    private(set) var line = 1

    /// Behind a byte order mark, where there is one.
    /// - Throws: where the bytes are not UTF-8, with the line.
    init(_ bytes: [UInt8]) throws(FormatError) {
        self.bytes = bytes
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw FormatError(line: Self.firstBrokenLine(bytes), "not valid UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    var isAtEnd: Bool { position >= bytes.count }
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }
    var next: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

    mutating func advance() {
        guard position < bytes.count else { return }
        if bytes[position] == .lineFeed { line += 1 }
        position += 1
    }

    /// Goes past `byte` where it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        advance()
        return true
    }

    mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = current, condition(byte) { advance() }
    }

    private static func firstBrokenLine(_ bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: .lineFeed, omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }
}

extension UInt8 {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let doubleQuote = UInt8(ascii: "\"")
    static let singleQuote = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
    static let hash = UInt8(ascii: "#")
    static let equals = UInt8(ascii: "=")

    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

/// The names of a file so far, by their bytes: a `String` compares by canonical equivalence.
struct SeenNames {
    private var lines: [[UInt8]: Int] = [:]

    /// - Throws: where the name was there before, with both lines.
    mutating func insert(_ name: String, line: Int) throws(FormatError) {
        let bytes = Array(name.utf8)
        if let first = lines[bytes] {
            throw FormatError(line: line, "'\(FormatError.short(name))' is there twice: first in line \(first)")
        }
        lines[bytes] = line
    }
}

extension FormatError {
    /// A key as messages show it: without control characters, and not endless.
    static func short(_ key: String) -> String {
        var text = ""
        var count = 0
        for scalar in key.unicodeScalars {
            if count == 80 { return text + "…" }
            count += 1
            let hidden = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || (0x200B...0x200F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
                || (0x2060...0x206F).contains(scalar.value) || scalar.value == 0xFEFF
            text.unicodeScalars.append(hidden ? "\u{FFFD}" : scalar)
        }
        return text
    }
}
