import CofferClient
import CofferFormats
import CofferRecords

// How records are shown.
extension RecordShape {
    // MARK: For people

    /// A value in a cell of a table.
    func cell(_ record: Record, _ name: String) -> String {
        guard let value = record[name], !value.isEmpty else { return "-" }
        switch field(name).kind {
        case .text, .number: return value
        case .bool: return value == "true" ? "yes" : value == "false" ? "no" : value
        case .moment: return value == "never" ? value : UInt64(value).map { Moment.cell($0) } ?? value
        case .time: return UInt64(value).map { Moment.cell($0) } ?? "-"
        case .seconds: return value == "never" ? value : UInt64(value).map { Self.secondsText($0) } ?? value
        case .lines: return value.split(separator: "\n").joined(separator: ", ")
        case .map:
            let text = TextMap.read(value)?.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") ?? value
            return text.isEmpty ? "-" : text
        case .words(let names):
            return value.split(separator: "\n").map { line in
                Self.words(line, names).map { $0.isMoment ? UInt64($0.value).map { Moment.cell($0) } ?? $0.value : $0.value }
                    .joined(separator: " ")
            }.joined(separator: ", ")
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
        case .moment, .time:
            if value.isEmpty || value == "never" { return .null }
            return UInt64(value).map { .moment($0) } ?? .text(value)
        case .seconds:
            if value.isEmpty || value == "never" { return .null }
            return UInt64(value).map { .text(Self.secondsText($0)) } ?? .text(value)
        case .lines: return .texts(value.split(separator: "\n").map(String.init))
        case .map: return TextMap.read(value).map { .object($0.map { ($0.key, .text($0.value)) }) } ?? .text(value)
        case .words(let names):
            return .array(value.split(separator: "\n").map { line in
                .object(Self.words(line, names).map { word in
                    (word.name, word.isMoment ? UInt64(word.value).map { .moment($0) } ?? .text(word.value) : .text(word.value))
                })
            })
        }
    }

    /// Seconds that fit no moment are shown as they are.
    private static func secondsText(_ seconds: UInt64) -> String {
        seconds <= 253_402_300_799 ? Moment.text(seconds * 1_000) : String(seconds)
    }
}
