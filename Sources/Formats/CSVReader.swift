/// Reads RFC 4180: fields with commas between, in double quotes where they have commas, quotes (doubled) or line ends.
///
/// A broken record is told from those behind it: reading goes on with the next line.
struct CSVReader {
    enum Field: Equatable {
        /// `\N`, or `NULL` without quotes: what MySQL writes for no value.
        case null
        case text([UInt8])
    }

    enum Record: Equatable {
        case fields([Field], line: Int)
        case broken(FormatError)
    }

    static let maximumFields = 1_024

    private var stream: ByteStream
    private let limit: Int

    /// - Parameter limit: most bytes of a record.
    init(_ stream: ByteStream, limit: Int) {
        self.stream = stream
        self.limit = limit
    }

    mutating func wipe() { stream.wipe() }

    /// The next record that is not an empty line; `nil` at the end.
    /// - Throws: what the source of the bytes throws.
    mutating func next() throws -> Record? {
        while let byte = try stream.peek() {
            if byte == .lineFeed || byte == .carriageReturn {
                _ = try stream.next()
                continue
            }
            let line = stream.line
            do {
                return .fields(try record(line), line: line)
            } catch let error as FormatError {
                return .broken(error)
            }
        }
        return nil
    }

    private mutating func record(_ line: Int) throws -> [Field] {
        var fields: [Field] = []
        var size = 0
        while true {
            let field = try stream.peek() == .doubleQuote ? try quoted(&size, line) : try plain(&size, line)
            guard fields.count < Self.maximumFields else { throw try broken(line, "more than \(Self.maximumFields) fields") }
            fields.append(field)
            switch try stream.peek() {
            case UInt8(ascii: ",")?: _ = try stream.next()
            case nil: return fields
            default:
                try endLine()
                return fields
            }
        }
    }

    /// Up to a comma or the line's end.
    private mutating func plain(_ size: inout Int, _ line: Int) throws -> Field {
        var bytes: [UInt8] = []
        while let byte = try stream.peek(), byte != UInt8(ascii: ","), byte != .lineFeed {
            guard byte != .doubleQuote else { throw try broken(line, "a '\"' stands within a field that does not begin with one") }
            if byte == .carriageReturn {
                _ = try stream.next()
                guard let next = try stream.peek(), next != .lineFeed else { break }
                bytes.append(byte)
                continue
            }
            _ = try stream.next()
            bytes.append(byte)
            size += 1
            guard size <= limit else { throw try broken(line, "the record has more than \(limit) bytes") }
        }
        if bytes == Array("\\N".utf8) || bytes == Array("NULL".utf8) { return .null }
        return try text(bytes, line)
    }

    private mutating func quoted(_ size: inout Int, _ line: Int) throws -> Field {
        _ = try stream.next()
        var bytes: [UInt8] = []
        while let byte = try stream.next() {
            if byte == .doubleQuote {
                guard try stream.peek() == .doubleQuote else {
                    guard try isFieldEnd() else {
                        throw try broken(line, "text stands behind a closing '\"'; a quote within quotes must be doubled")
                    }
                    return try text(bytes, line)
                }
                _ = try stream.next()
            }
            bytes.append(byte)
            size += 1
            guard size <= limit else { throw try broken(line, "the record has more than \(limit) bytes; is a '\"' missing?") }
        }
        throw FormatError(line: line, "the record that begins here has no '\"' at its end")
    }

    private mutating func isFieldEnd() throws -> Bool {
        switch try stream.peek() {
        case nil, UInt8(ascii: ",")?, UInt8.lineFeed?, UInt8.carriageReturn?: true
        default: false
        }
    }

    private mutating func text(_ bytes: [UInt8], _ line: Int) throws -> Field {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw try broken(line, "not valid UTF-8") }
        return .text(bytes)
    }

    /// Behind the line's end.
    private mutating func endLine() throws {
        while let byte = try stream.next(), byte != .lineFeed {}
    }

    /// The error, with the rest of its line left behind.
    private mutating func broken(_ line: Int, _ message: String) throws -> FormatError {
        try endLine()
        return FormatError(line: line, message)
    }
}
