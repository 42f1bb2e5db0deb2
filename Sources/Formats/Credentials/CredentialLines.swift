/// Coffer's own format for credentials, of any length: JSON, an object a line, or CSV with the names of the fields in its first line.
///
/// A line that is broken is told from the others: it is refused, and reading goes on behind it.
public struct CredentialLines {
    /// What a line came to.
    public enum Item: Sendable {
        case row(LegacyRow)
        case refused(LegacyImport.LeftOut)
    }

    /// Longest line, or record of CSV: a row must fit into a frame.
    public static let maximumLine = LegacyImport.maximumSize

    private enum Kind {
        case unknown
        case json(ByteStream)
        case csv(CSVReader, [CredentialField])
    }

    private var stream: ByteStream
    private var kind = Kind.unknown
    private var line: [UInt8] = []

    public init(_ source: @escaping ByteStream.Source) { stream = ByteStream(source) }

    /// The next line that is not empty; `nil` at the end.
    /// - Throws: ``FormatError`` where the first line of CSV is wrong, and what the source throws.
    public mutating func next() throws -> Item? {
        while true {
            switch kind {
            case .unknown:
                guard try begin() else { return nil }
            case .json(var stream):
                // Moved out and back: the stream is not copied.
                kind = .unknown
                defer { kind = .json(stream) }
                return try json(&stream)
            case .csv(var reader, let fields):
                kind = .unknown
                defer { kind = .csv(reader, fields) }
                return try csv(&reader, fields)
            }
        }
    }

    /// Overwrites what was read last.
    public mutating func wipe() {
        for index in line.indices { line[index] = 0 }
        switch kind {
        case .unknown: break
        case .json(var stream):
            kind = .unknown
            stream.wipe()
        case .csv(var reader, _):
            kind = .unknown
            reader.wipe()
        }
    }

    /// Tells the format by the first line: CSV names its columns there. A broken line of JSON has neither of the two.
    /// - Returns: false where there is nothing.
    private mutating func begin() throws -> Bool {
        try stream.skipByteOrderMark()
        while let byte = try stream.peek(), byte <= 0x20 { _ = try stream.next() }
        guard try stream.peek() != nil else { return false }
        let columns = try stream.peekLine().split(separator: UInt8(ascii: ",")).map { $0.filter { $0 > 0x20 && $0 != .doubleQuote } }
        let isCSV = columns.contains(Array("name".utf8)) || columns.contains(Array("provider".utf8))
        let rest = stream
        stream = ByteStream([])
        if !isCSV {
            kind = .json(rest)
            return true
        }
        var reader = CSVReader(rest, limit: Self.maximumLine)
        switch try reader.next() {
        case .fields(let head, let line)?: kind = .csv(reader, try CredentialField.read(head, line))
        case .broken(let error)?: throw error
        case nil: return false
        }
        return true
    }

    // MARK: JSON

    private mutating func json(_ stream: inout ByteStream) throws -> Item? {
        while try stream.peek() != nil {
            let number = stream.line
            for index in line.indices { line[index] = 0 }
            line.removeAll(keepingCapacity: true)
            guard try stream.line(into: &line, limit: Self.maximumLine) else {
                return Self.refusal(number, "it has more than \(Self.maximumLine) bytes")
            }
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            do throws(FormatError) {
                guard let members = try JSONTree.read(line).members else { return Self.refusal(number, "it is no object ('{')") }
                return Self.row(number) { fields throws(RowProblem) in
                    for member in members { try CredentialField.set(member, &fields) }
                }
            } catch {
                return Self.refusal(number, error.message)
            }
        }
        return nil
    }

    // MARK: CSV

    private func csv(_ reader: inout CSVReader, _ columns: [CredentialField]) throws -> Item? {
        switch try reader.next() {
        case nil: return nil
        case .broken(let error)?: return Self.refusal(error.line, error.message)
        case .fields(let values, let number)?:
            guard values.count == columns.count else {
                return Self.refusal(number, "it has \(values.count) fields, the first line \(columns.count)")
            }
            return Self.row(number) { fields throws(RowProblem) in
                for (column, value) in zip(columns, values) {
                    if case .text(let bytes) = value, !bytes.isEmpty { try column.set(cell: bytes, &fields) }
                }
            }
        }
    }

    // MARK: Rows

    private static func row(_ number: Int, _ fill: (inout LegacyFields) throws(RowProblem) -> Void) -> Item {
        var fields = LegacyFields()
        do throws(RowProblem) {
            try fill(&fields)
            for needed in ["name", "provider"] where fields[needed]?.isEmpty != false { throw .refused("it has no \(needed)") }
            guard fields.size <= LegacyImport.maximumSize else { throw .refused("it has more than \(LegacyImport.maximumSize) bytes") }
            return .row(fields.row(origin: "line \(number)", noun: "credential"))
        } catch {
            return refusal(number, error.reason)
        }
    }

    private static func refusal(_ number: Int, _ reason: String) -> Item {
        .refused(.init(origin: "line \(number)", reason: reason, isRefused: true))
    }
}
