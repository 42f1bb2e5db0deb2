import CofferClient
import CofferFormats

/// Sends rows of an import, as many at a time as fit a request, and reports each.
struct CredentialBatchSender {
    let client: CofferClient
    let source: String
    let dryRun: Bool
    let report: TokenImportReport
    /// In front of each origin.
    var prefix = ""
    private var batch = CredentialBatch()
    private var rows: [LegacyRow] = []

    init(client: CofferClient, source: String, dryRun: Bool, report: TokenImportReport) {
        self.client = client
        self.source = source
        self.dryRun = dryRun
        self.report = report
    }

    mutating func add(_ row: LegacyRow) async throws {
        let wire = AccountRow(
            origin: row.origin, noun: row.noun, fields: row.fields.map { RecordField($0.name, $0.value) },
            secrets: row.secrets.map { AccountRow.Secret($0.name, $0.value) })
        do throws(ClientError) {
            if try batch.add(wire) { return rows.append(row) }
        } catch {
            // No request can carry it; the others stand in front of it.
            try await finish()
            return try report.leftOut(.init(origin: prefix + row.origin, reason: error.message, isRefused: true))
        }
        try await finish()
        _ = try batch.add(wire)
        rows.append(row)
    }

    /// Sends what is gathered.
    mutating func finish() async throws {
        guard !rows.isEmpty else { return }
        defer {
            for row in rows.indices {
                for secret in rows[row].secrets.indices { Output.wipe(&rows[row].secrets[secret].value) }
            }
            rows.removeAll(keepingCapacity: true)
            batch = CredentialBatch()
        }
        let answer = try await client.importCredentials(source: source, rows: batch.rows, dryRun: dryRun)
        var notes: [Int: String] = [:]
        for note in answer.notes { notes[Int(note.row), default: ""] += (notes[Int(note.row)] == nil ? "" : "; ") + note.text }
        for (index, effect) in answer.effects.enumerated() where rows.indices.contains(index) {
            try report.row(prefix + rows[index].origin, "\(effect)", notes[index] ?? "")
        }
        if answer.moreNotes > 0 { report.remark("\(answer.moreNotes) more notes are not shown") }
    }
}
