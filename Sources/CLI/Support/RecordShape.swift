import CofferClient

/// What the fields of a noun are called for people, in which order, and of what kind (protocol.md, "Nouns").
struct RecordShape {
    enum Kind {
        case text
        case number
        case bool
        /// Unix milliseconds.
        case moment
        /// Unix seconds.
        case seconds
        /// One on a line.
        case lines
    }

    struct Field {
        let name: String
        let title: String
        let kind: Kind

        init(_ name: String, _ kind: Kind = .text, _ title: String? = nil) {
            self.name = name
            self.kind = kind
            self.title = title ?? name.replacing("_", with: " ")
        }
    }

    let noun: String
    let fields: [Field]
    /// The fields that lists show, and the heads of their columns.
    let columns: [(name: String, head: String)]

    func field(_ name: String) -> Field { fields.first { $0.name == name } ?? Field(name) }

    // MARK: For people

    /// A value in a cell of a table.
    func cell(_ record: Record, _ name: String) -> String {
        guard let value = record[name], !value.isEmpty else { return "-" }
        switch field(name).kind {
        case .text, .number: return value
        case .bool: return value == "true" ? "yes" : value == "false" ? "no" : value
        case .moment: return value == "never" ? value : UInt64(value).map { Moment.cell($0) } ?? value
        case .seconds: return value == "never" ? value : UInt64(value).map { Self.secondsText($0) } ?? value
        case .lines: return value.split(separator: "\n").joined(separator: ", ")
        }
    }

    func table(_ records: [Record]) -> Table {
        var table = Table(columns.map(\.head))
        for record in records { table.add(columns.map { cell(record, $0.name) }) }
        return table
    }

    /// A line for each field: those that are known in their order, then the others.
    func table(_ record: Record) -> Table {
        var table = Table([])
        for name in names(record) { table.add([field(name).title, cell(record, name)]) }
        table.add(["revision", String(record.revision)])
        return table
    }

    // MARK: For programs

    func json(_ record: Record) -> JSON {
        let values = names(record).map { ($0, json($0, record[$0] ?? "")) }
        return .object([("id", .text(record.id))] + values + [("revision", .number(record.revision))])
    }

    private func json(_ name: String, _ value: String) -> JSON {
        switch field(name).kind {
        case .text: return .text(value)
        case .number: return Int64(value).map { .signed($0) } ?? (value.isEmpty ? .null : .text(value))
        case .bool: return value == "true" ? .bool(true) : value == "false" ? .bool(false) : .text(value)
        case .moment:
            if value.isEmpty || value == "never" { return .null }
            return UInt64(value).map { .moment($0) } ?? .text(value)
        case .seconds:
            if value.isEmpty || value == "never" { return .null }
            return UInt64(value).map { .text(Self.secondsText($0)) } ?? .text(value)
        case .lines: return .texts(value.split(separator: "\n").map(String.init))
        }
    }

    private func names(_ record: Record) -> [String] {
        let known = fields.map(\.name)
        let present = record.fields.map(\.name)
        return known.filter { present.contains($0) } + present.filter { !known.contains($0) && $0 != "id" }
    }

    /// Seconds that fit no moment are shown as they are.
    private static func secondsText(_ seconds: UInt64) -> String {
        seconds <= 253_402_300_799 ? Moment.text(seconds * 1_000) : String(seconds)
    }
}
