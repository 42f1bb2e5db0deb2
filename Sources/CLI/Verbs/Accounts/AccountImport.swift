import CofferClient
import CofferFormats

/// `import --from newapi` and `--from ragflow`: tenants, users and API keys of another system.
struct AccountImport {
    let system: LegacySystem
    let file: String
    let dryRun: Bool
    let global: GlobalOptions

    private static let fileLimit = 1 << 30

    func run() async throws {
        let client = try global.client()
        var legacy = try read()
        defer { Self.wipe(&legacy) }
        guard legacy.rows.count <= LegacyImport.maximumRows else {
            throw CommandFailure.badInput("\(source): \(legacy.rows.count) rows; one import takes \(LegacyImport.maximumRows)")
        }
        var report: AccountImportReport?
        if !legacy.rows.isEmpty {
            report = try await client.importAccounts(source: system.rawValue, rows: legacy.rows.map(Self.row), dryRun: dryRun)
        }
        let outcome = Outcome(legacy, report)
        if global.json { try outcome.printJSON(dryRun) } else { try outcome.printLines(dryRun) }
        // Said already, line by line.
        if outcome.refused > 0 { throw QuietExit(status: .badInput) }
        if legacy.rows.isEmpty { throw CommandFailure.badInput("\(source): no row could be read") }
    }

    private var source: String { file == "-" ? "standard input" : Printable.text(file) }

    private func read() throws -> LegacyImport {
        do {
            if file != "-", LegacySystem.isDatabase(file) { return try system.read(database: file) }
            var bytes = try SecretInput.bytes(file: file, limit: Self.fileLimit)
            defer { Output.wipe(&bytes) }
            return try system.read(json: bytes)
        } catch let error as FormatError {
            throw CommandFailure.badInput("\(source): \(error.description)")
        }
    }

    /// The row as the client takes it.
    private static func row(_ legacy: LegacyRow) -> AccountRow {
        AccountRow(
            origin: legacy.origin, noun: legacy.noun, fields: legacy.fields.map { RecordField($0.name, $0.value) },
            secrets: legacy.secrets.map { AccountRow.Secret($0.name, $0.value) })
    }

    private static func wipe(_ legacy: inout LegacyImport) {
        for row in legacy.rows.indices {
            for secret in legacy.rows[row].secrets.indices { Output.wipe(&legacy.rows[row].secrets[secret].value) }
        }
    }

    /// What became of each row.
    private struct Outcome {
        struct Line {
            var origin: String
            var result: String
            var note: String
        }

        let lines: [Line]
        let remarks: [String]
        let revision: UInt64

        init(_ legacy: LegacyImport, _ report: AccountImportReport?) {
            var notes: [Int: String] = [:]
            for note in report?.notes ?? [] { notes[Int(note.row), default: ""] += (notes[Int(note.row)] == nil ? "" : "; ") + note.text }
            let sent = zip(legacy.rows, report?.effects ?? []).enumerated().map { index, pair in
                Line(origin: pair.0.origin, result: "\(pair.1)", note: notes[index] ?? "")
            }
            lines = sent + legacy.leftOut.map {
                Line(origin: $0.origin, result: $0.isRefused ? "refused" : "skipped", note: $0.reason)
            }
            var remarks = legacy.remarks
            if let more = report?.moreNotes, more > 0 { remarks.append("\(more) more notes are not shown") }
            self.remarks = remarks
            revision = report?.revision ?? 0
        }

        var refused: Int { count("refused") }

        func count(_ result: String) -> Int { lines.count { $0.result == result } }

        func printLines(_ dryRun: Bool) throws {
            for remark in remarks { Output.remark("coffer: \(Printable.text(remark))") }
            var output: [UInt8] = []
            for line in lines {
                let note = line.note.isEmpty ? "" : ": " + Printable.text(line.note)
                output += Array("\(Printable.text(line.origin)): \(line.result)\(note)\n".utf8)
            }
            let counts = Self.results.map { "\(count($0)) \($0)" }.joined(separator: ", ")
            output += Array((dryRun ? "would be: \(counts)\n" : "\(counts)\n").utf8)
            try Output.write(output)
        }

        func printJSON(_ dryRun: Bool) throws {
            try Output.line(.object(
                [("dry_run", .bool(dryRun)), ("revision", .number(revision))]
                    + Self.results.map { ($0, .number(UInt64(count($0)))) }
                    + [
                        ("remarks", .texts(remarks)),
                        ("rows", .array(lines.map { line in
                            .object([("origin", .text(line.origin)), ("result", .text(line.result)), ("note", .text(line.note))])
                        })),
                    ]))
        }

        private static let results = ["created", "changed", "unchanged", "refused", "skipped"]
    }
}
