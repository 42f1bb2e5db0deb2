import CofferClient
import CofferFormats

/// Sends rows of an import, as many at a time as fit a request, and reports each; those that are left out in their place between them.
struct CredentialBatchSender {
    private enum Line {
        case row(LegacyRow)
        case leftOut(LegacyImport.LeftOut)
    }

    let client: CofferClient
    let source: String
    let dryRun: Bool
    let report: TokenImportReport
    /// In front of each origin.
    var prefix = ""
    private var batch = CredentialBatch()
    private var lines: [Line] = []

    /// Lines that wait at most: of a file that is broken throughout none is ever sent.
    private static let maximumLines = 4_096

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
        do {
            if try batch.add(wire) { return lines.append(.row(row)) }
        } catch {
            // No request can carry it.
            return try await add(.init(origin: row.origin, reason: error.message, isRefused: true))
        }
        try await finish()
        _ = try batch.add(wire)
        lines.append(.row(row))
    }

    mutating func add(_ out: LegacyImport.LeftOut) async throws {
        lines.append(.leftOut(out))
        if lines.count >= Self.maximumLines { try await finish() }
    }

    /// Sends what is gathered.
    mutating func finish() async throws {
        defer { wipe() }
        var effects: [String] = []
        var notes: [Int: String] = [:]
        if !batch.rows.isEmpty {
            let answer = try await client.importCredentials(source: source, rows: batch.rows, dryRun: dryRun)
            effects = answer.effects.map { "\($0)" }
            for note in answer.notes { notes[Int(note.row), default: ""] += (notes[Int(note.row)] == nil ? "" : "; ") + note.text }
            if answer.moreNotes > 0 { report.remark("\(answer.moreNotes) more notes are not shown") }
        }
        var index = 0
        for line in lines {
            switch line {
            case .leftOut(let out): try report.row(prefix + out.origin, out.isRefused ? "refused" : "skipped", out.reason)
            case .row(let row):
                guard effects.indices.contains(index) else { throw CommandFailure.failed("the daemon told nothing of \(row.origin)") }
                try report.row(prefix + row.origin, effects[index], notes[index] ?? "")
                index += 1
            }
        }
    }

    private mutating func wipe() {
        // Arrays are wiped in place only where nobody else holds them.
        batch = CredentialBatch()
        while let line = lines.popLast() {
            guard case .row(var row) = consume line else { continue }
            for secret in row.secrets.indices { Output.wipe(&row.secrets[secret].value) }
        }
    }
}
