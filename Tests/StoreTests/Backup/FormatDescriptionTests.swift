import Foundation
import Testing

@testable import CofferStore

/// docs/backup-format.md says of each layout what its fields are; this keeps the two together.
@Suite("The description of the backup format")
struct FormatDescriptionTests {
    private static func words(_ fields: [LayoutField]) -> String {
        fields.map { field in
            if case .embedded = field.type { return "`\(field.name)` request line or base64" }
            return "`\(field.name)` \(word(field.type))"
        }.joined(separator: ", ")
    }

    private static func word(_ type: LayoutType) -> String {
        switch type {
        case .bool: "bool"
        case .u8: "u8"
        case .u16: "u16"
        case .u32: "u32"
        case .u64: "u64"
        case .i64: "i64"
        case .hashKey: "key number"
        case .word(let words): "(\(words.map(\.word).joined(separator: " \\| ")))"
        case .text: "text"
        case .bytes: "bytes"
        case .binary: "base64"
        case .list(_, let element): "list of \(word(element))"
        case .map: "map"
        case .optional(let type): "\(word(type)) or null"
        case .record(let fields): "{ \(words(fields)) }"
        case .cases(let cases):
            "one of { \(cases.map { $0.isEmpty ? "`\($0.field.name)` true" : "`\($0.field.name)` \(word($0.field.type))" }.joined(separator: "; ")) }"
        case .embedded: ""
        }
    }

    private static var rows: [String] {
        var rows = [
            "| `secret` | \(words(Layout.nameRecord.fields)) |", "| `counters` | \(words(Layout.budgetCounters.fields)) |",
            "| `budget` | \(words(Layout.budget.fields)) |", "| `reservation_of` | \(words(Layout.reservation.fields)) |",
            "| `usage_of` | \(words(Layout.usageLine.fields)) |", "| request line | \(words(Layout.requestLine.fields)) |",
        ]
        for table in DocumentTable.allCases {
            rows.append("| `\(Table(table).name)` | \(words(Layout.of(table, document("1")).fields)) |")
            if table == .schedules || table == .sinks {
                rows.append("| `\(Table(table).name)`, `NUMBER/state` | \(words(Layout.of(table, document("1/state")).fields)) |")
            }
        }
        return rows
    }

    private static func file(_ path: String) throws -> String {
        try String(contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../\(path)").standardized, encoding: .utf8)
    }

    @Test("each layout stands in it as it is")
    func layouts() throws {
        let text = try Self.file("docs/backup-format.md")
        let missing = Self.rows.filter { !text.contains($0 + "\n") }
        #expect(missing.isEmpty, "\(missing.joined(separator: "\n"))")
    }

    @Test("the script in it is the one that is tested")
    func script() throws {
        let script = try Self.file("Tests/Tools/backup_digest.py")
        #expect(try Self.file("docs/backup-format.md").contains("```python\n\(script)```\n"))
    }
}
