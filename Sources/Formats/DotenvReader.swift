/// Reads `.env` files. docs/cli.md has the rules; nothing is expanded.
enum DotenvReader {
    static func parse(_ bytes: [UInt8]) throws(FormatError) -> [ImportedEntry] {
        var reader = Reader(cursor: try ByteCursor(bytes), hasCarriageReturns: startsWithCRLF(bytes))
        return try reader.entries()
    }

    /// Whether the first line ends with CR LF: then all lines of the file are taken to.
    private static func startsWithCRLF(_ bytes: [UInt8]) -> Bool {
        guard let end = bytes.firstIndex(of: .lineFeed), end > 0 else { return false }
        return bytes[end - 1] == .carriageReturn
    }

    private struct Reader {
        var cursor: ByteCursor
        let hasCarriageReturns: Bool

        mutating func entries() throws(FormatError) -> [ImportedEntry] {
            var entries: [ImportedEntry] = []
            var seen = SeenNames()
            while true {
                cursor.skip { $0.isBlank || $0 == .lineFeed || $0 == .carriageReturn }
                guard let byte = cursor.current else { return entries }
                if byte == .hash {
                    skipLine()
                    continue
                }
                let line = cursor.line
                let name = try key()
                try seen.insert(name, line: line)
                entries.append(ImportedEntry(name: name, value: try value(), line: line))
            }
        }

        /// The key, and past the `=`.
        private mutating func key() throws(FormatError) -> String {
            let line = cursor.line
            var name = try word()
            cursor.skip(while: \.isBlank)
            if name == Array("export".utf8), cursor.current != .equals {
                name = try word()
                cursor.skip(while: \.isBlank)
            }
            guard cursor.take(.equals) else {
                throw FormatError(line: line, "not a comment, and no '=' behind a key; a value of several lines needs quotes")
            }
            guard !name.isEmpty else { throw FormatError(line: line, "there is no key in front of '='") }
            return String(decoding: name, as: UTF8.self)
        }

        private mutating func word() throws(FormatError) -> [UInt8] {
            var word: [UInt8] = []
            while let byte = cursor.current, !byte.isBlank, ![.equals, .lineFeed, .carriageReturn].contains(byte) {
                guard byte > 0x20, byte != 0x7F, ![.hash, .singleQuote, .doubleQuote, .backslash].contains(byte) else {
                    throw FormatError(line: cursor.line, "a character that no key may have stands in front of '='")
                }
                word.append(byte)
                cursor.advance()
            }
            return word
        }

        private mutating func value() throws(FormatError) -> [UInt8] {
            let start = cursor.position
            cursor.skip(while: \.isBlank)
            switch cursor.current {
            case .singleQuote?: return try singleQuoted()
            case .doubleQuote?: return try doubleQuoted()
            default: return try bare(afterBlank: cursor.position > start)
            }
        }

        /// To the end of the line, or to a `#` behind a blank; without blanks at the end.
        private mutating func bare(afterBlank: Bool) throws(FormatError) -> [UInt8] {
            var value: [UInt8] = []
            var previousIsBlank = afterBlank
            while let byte = cursor.current, byte != .lineFeed {
                if byte == .hash, previousIsBlank {
                    skipLine()
                    break
                }
                try refuseZero(byte)
                value.append(byte)
                previousIsBlank = byte.isBlank
                cursor.advance()
            }
            while let last = value.last, last.isBlank || last == .carriageReturn { value.removeLast() }
            return value
        }

        private mutating func singleQuoted() throws(FormatError) -> [UInt8] {
            let line = cursor.line
            cursor.advance()
            var value: [UInt8] = []
            while let byte = cursor.current {
                if byte == .singleQuote {
                    cursor.advance()
                    try endOfQuoted()
                    return value
                }
                try take(byte, into: &value)
            }
            throw FormatError(line: line, "the value that begins here with ' has no ' at its end")
        }

        private mutating func doubleQuoted() throws(FormatError) -> [UInt8] {
            let line = cursor.line
            cursor.advance()
            var value: [UInt8] = []
            while let byte = cursor.current {
                switch byte {
                case .doubleQuote:
                    cursor.advance()
                    try endOfQuoted()
                    return value
                case .backslash:
                    cursor.advance()
                    try escaped(into: &value)
                default: try take(byte, into: &value)
                }
            }
            throw FormatError(line: line, "the value that begins here with \" has no \" at its end")
        }

        /// What stands behind a backslash in double quotes; where it means nothing both are kept.
        private mutating func escaped(into value: inout [UInt8]) throws(FormatError) {
            guard let byte = cursor.current else { return }
            switch byte {
            case UInt8(ascii: "n"): value.append(.lineFeed)
            case UInt8(ascii: "r"): value.append(.carriageReturn)
            case UInt8(ascii: "t"): value.append(UInt8(ascii: "\t"))
            case .doubleQuote, .backslash, UInt8(ascii: "$"), UInt8(ascii: "`"): value.append(byte)
            case .lineFeed: break
            case .carriageReturn where hasCarriageReturns && cursor.next == .lineFeed: cursor.advance()
            default:
                value.append(.backslash)
                try take(byte, into: &value)
                return
            }
            cursor.advance()
        }

        /// Takes a byte as it is; of CR LF only LF in a file with such lines.
        private mutating func take(_ byte: UInt8, into value: inout [UInt8]) throws(FormatError) {
            try refuseZero(byte)
            if !(hasCarriageReturns && byte == .carriageReturn && cursor.next == .lineFeed) { value.append(byte) }
            cursor.advance()
        }

        private func refuseZero(_ byte: UInt8) throws(FormatError) {
            if byte == 0 { throw FormatError(line: cursor.line, "a zero byte; binary values need YAML's !!binary") }
        }

        private mutating func endOfQuoted() throws(FormatError) {
            let start = cursor.position
            cursor.skip(while: \.isBlank)
            if cursor.current == .hash, cursor.position > start { return skipLine() }
            if cursor.current == .carriageReturn, cursor.next == nil || cursor.next == .lineFeed { cursor.advance() }
            guard cursor.isAtEnd || cursor.current == .lineFeed else {
                throw FormatError(line: cursor.line, "text behind the closing quote")
            }
        }

        private mutating func skipLine() {
            cursor.skip { $0 != .lineFeed }
        }
    }
}
