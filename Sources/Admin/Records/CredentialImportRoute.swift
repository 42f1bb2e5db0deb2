import CofferClient
import CofferFormats
import CofferJSON
import CofferWire

/// Credentials out of JSON lines or CSV (docs/cli.md, "import --from credentials"), with a report for each line.
enum CredentialImportRoute {
    static var route: AdminRoute {
        AdminRoute(
            "POST", "/v1/credentials/import", "importCredentials", tag: "credentials", "Brings credentials: JSON lines or CSV, each line by itself",
            body: .object([
                .init("text", .text, required: true, "JSON lines, or CSV with a head"), .init("dry_run", .flag, "report, and change nothing"),
            ]),
            answer: .object([
                .init("counts", .object([]), required: true, "how many lines came to what"),
                .init("lines", .list(.object([
                    .init("origin", .text, required: true), .init("name", .text), .init("outcome", .text, required: true), .init("message", .text),
                ])), required: true),
            ])
        ) { call in
            let text = Array(try call.body.text("text", 1...Int.max).utf8)
            let dryRun = try call.body.flag("dry_run", default: false)
            try call.body.finish()
            var importing = Importing(client: try call.client(), dryRun: dryRun)
            do {
                return .json(try await importing.run(text))
            } catch let error as FormatError {
                throw AdminFailure.invalid("text", error.description)
            }
        }
    }

    /// Rows on their way to the daemon, as many at a time as fit a request.
    private struct Importing {
        let client: CofferClient
        let dryRun: Bool
        private var batch = CredentialBatch()
        /// In the order of the text; `refusal`: it is not among the batch's rows.
        private var waiting: [(origin: String, name: String, refusal: String?)] = []
        private var lines: [JSONValue] = []
        private var counts: [String: Int] = [:]

        init(client: CofferClient, dryRun: Bool) {
            self.client = client
            self.dryRun = dryRun
        }

        mutating func run(_ text: [UInt8]) async throws -> JSONValue {
            var position = 0
            var reader = CredentialLines { buffer in
                let count = min(buffer.count, text.count - position)
                buffer.copyBytes(from: text[position..<(position + count)])
                position += count
                return count
            }
            defer { reader.wipe() }
            while let item = try reader.next() {
                switch item {
                case .row(let row): try await add(row)
                case .refused(let out): waiting.append((out.origin, "", out.reason))
                }
            }
            try await send()
            return .object([
                ("counts", .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) })), ("lines", .array(lines)),
            ])
        }

        private mutating func add(_ row: LegacyRow) async throws {
            let wire = AccountRow(
                origin: row.origin, noun: row.noun, fields: row.fields.map { RecordField($0.name, $0.value) },
                secrets: row.secrets.map { AccountRow.Secret($0.name, $0.value) })
            do {
                if try !batch.add(wire) {
                    try await send()
                    _ = try batch.add(wire)
                }
                waiting.append((row.origin, row["name"] ?? "", nil))
            } catch let error as ClientError where error.code == .invalidArgument {
                waiting.append((row.origin, row["name"] ?? "", error.message))
            }
        }

        private mutating func send() async throws {
            var effects: [String] = []
            var notes: [Int: [String]] = [:]
            if !batch.rows.isEmpty {
                let answer = try await client.importCredentials(source: "credentials", rows: batch.rows, dryRun: dryRun)
                effects = answer.effects.map { "\($0)" }
                for note in answer.notes { notes[Int(note.row), default: []].append(note.text) }
            }
            var index = 0
            for row in waiting {
                if let refusal = row.refusal {
                    report(row.origin, row.name, "refused", refusal)
                } else if index < effects.count {
                    report(row.origin, row.name, effects[index], (notes[index] ?? []).joined(separator: "; "))
                    index += 1
                }
            }
            batch = CredentialBatch()
            waiting = []
        }

        private mutating func report(_ origin: String, _ name: String, _ outcome: String, _ message: String) {
            counts[outcome, default: 0] += 1
            lines.append(.object([
                ("origin", .string(origin)), ("name", .string(name)), ("outcome", .string(outcome)), ("message", .string(message)),
            ]))
        }
    }
}
