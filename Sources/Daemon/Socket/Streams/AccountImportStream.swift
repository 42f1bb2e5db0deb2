import CofferAccounts
import CofferStore
import CofferWire

/// An import of tenants, users and API keys on its way up: gathers the rows, then has them brought in as one batch.
final class AccountImportStream: RequestStream {
    /// Chunks that may be on their way at once.
    static let window: UInt32 = 8

    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: AccountImportRequest
    private var rows: [ImportRow] = []
    private var taken = 0

    init(_ connection: Connection, _ request: PendingRequest, _ fields: AccountImportRequest) {
        self.connection = connection
        self.request = request
        self.fields = fields
    }

    func closed() {
        connection.loop.services.imports.giveBack(taken)
        taken = 0
    }

    func received(chunk body: UnsafeRawBufferPointer) throws(Failure) {
        let chunk: AccountImportChunk
        do throws(WireError) { chunk = try AccountImportChunk(decoding: body) } catch { throw Failure(.malformed, error.description) }
        let weight = body.count * 2 + chunk.rows.count * 512
        guard connection.loop.services.imports.take(weight) else {
            throw Failure(.busy, "other imports hold as much memory as imports may", retry: .after(milliseconds: 1_000))
        }
        taken += weight
        guard rows.count + chunk.rows.count <= Limits.importRows else {
            throw Failure(.tooLarge, "one import takes \(Limits.importRows) rows")
        }
        for row in chunk.rows {
            rows.append(ImportRow(
                origin: row.origin, noun: row.noun,
                fields: Dictionary(row.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
                secrets: Dictionary(row.secrets.map { ($0.name, SecretBuffer($0.value)) }, uniquingKeysWith: { $1 })))
        }
        if case .up(let operation, let credit) = request.shape, credit <= Self.window / 2 {
            request.shape = .up(operation, credit: Self.window)
            connection.send(.credit, request.operation, request.id, Credit(count: Self.window - credit))
        }
    }

    func received(end body: UnsafeRawBufferPointer) throws(Failure) {
        let finish: ImportFinish
        do throws(WireError) { finish = try ImportFinish(decoding: body) } catch { throw Failure(.malformed, error.description) }
        guard finish.count == UInt64(rows.count) else {
            throw Failure(.invalidArgument, "\(rows.count) rows arrived, the client says that it sent \(finish.count)")
        }
        let handle = connection.handle(of: request)
        let (batch, dryRun) = (rows, fields.dryRun)
        rows = []
        request.isWithWriter = !dryRun
        let accounts = connection.loop.services.accounts
        let principal = connection.currentCaller().selector
        // The rows stay in memory until they are in, also where the client hangs up.
        let (imports, held) = (connection.loop.services.imports, taken)
        taken = 0
        connection.runInOrder {
            let result: Result<AccountImportResponse, Failure>
            do throws(AccountError) {
                result = .success(AccountImportResponse(try await accounts.bring(batch, dryRun: dryRun, by: principal)))
            } catch {
                result = .failure(Failure(error))
            }
            imports.giveBack(held)
            handle.finish(result)
        }
    }
}

extension AccountImportResponse {
    init(_ report: ImportReport) {
        let notes = report.notes.prefix(Limits.importNotes).map { Note(row: UInt32($0.row), text: $0.text) }
        self.init(
            revision: report.revision, effects: report.effects.map { AccountImportEffect(rawValue: $0.rawValue) ?? .refused }, notes: notes,
            moreNotes: UInt32(report.notes.count - notes.count))
    }
}
