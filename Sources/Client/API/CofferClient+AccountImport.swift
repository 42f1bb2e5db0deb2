import CofferWire

/// What an import of accounts did, or would do: an effect for each row, and notes on some.
public typealias AccountImportReport = AccountImportResponse

private enum AccountImportPiece: Sendable {
    case credit(UInt32)
    case end(AccountImportReport)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<AccountImportPiece?, ClientError> {
        if final { return try decodeAnswer(body) { decoder throws(WireError) in .end(try AccountImportReport(from: &decoder)) } }
        // Unlike an import of secrets it has no results in between.
        guard kind == .credit else { throw .unknownKind }
        return .success(.credit(try Credit(decoding: body).count))
    }
}

extension CofferClient {
    /// Brings tenants, users and API keys of another system. Rows that the daemon refuses are left out, and the report says why; the
    /// others are carried out.
    /// - Parameters:
    ///   - source: the system they come from, 1 to 32 bytes: `newapi`, `ragflow`, …
    ///   - rows: at most 200,000. Their secrets are plain arrays, which the client copies to memory that it wipes; the arrays are the
    ///     caller's to wipe.
    ///   - dryRun: reports what would happen and changes nothing.
    ///   - timeout: the longest wait for the daemon's next sign.
    /// - Throws: ``ClientError`` (``ClientError/outcome`` is unknown only where the connection broke after all rows were sent), or
    ///   `CancellationError`.
    public func importAccounts(
        source: String, rows: [AccountRow], dryRun: Bool = false, timeout: Duration? = nil
    ) async throws -> AccountImportReport {
        guard (1...Limits.importSource).contains(source.utf8.count) else {
            throw ClientError(.invalidArgument, "a source must have 1 to \(Limits.importSource) bytes")
        }
        guard rows.count <= Limits.importRows else {
            throw ClientError(.invalidArgument, "more than \(Limits.importRows) rows")
        }
        let request = AccountImportRequest(source: source, dryRun: dryRun)
        var spec = spec(.accountImport, RequestBody(request), timeout: timeout, repeatable: false, changes: !dryRun)
        spec.isStream = true
        var upload = AccountUpload(StreamHandle(self, spec, creditStep: .max, decode: AccountImportPiece.decode))
        do {
            for row in rows { try await upload.add(row) }
            let report = try await upload.finish()
            guard report.effects.count == rows.count else {
                throw ClientError(.protocolViolation, "the daemon answered \(report.effects.count) rows of \(rows.count)")
            }
            return report
        } catch let error as ClientError where !upload.isFinished {
            // The daemon changes nothing before it has the end.
            throw error.with(outcome: .none)
        }
    }
}

/// The client's half of an import of accounts: gathers rows into chunks and sends each for one credit.
private struct AccountUpload {
    /// Bytes of rows that make a chunk; a larger row is a chunk of its own.
    static let chunkSize = 65_536

    let handle: StreamHandle<AccountImportPiece>
    private var batch: [AccountRow] = []
    private var batchSize = 0
    private var credit: UInt64 = 0
    private var sent: UInt64 = 0
    private(set) var isFinished = false

    init(_ handle: StreamHandle<AccountImportPiece>) { self.handle = handle }

    mutating func add(_ row: AccountRow) async throws {
        try row.check()
        let size = row.approximateSize
        if !batch.isEmpty, batchSize + size > Self.chunkSize || batch.count >= Limits.importChunkRows { try await flush() }
        batch.append(row)
        batchSize += size
    }

    mutating func finish() async throws -> AccountImportReport {
        if !batch.isEmpty { try await flush() }
        // Nothing was sent yet: the request itself may still wait for its connection. The daemon's first credit says that it has it.
        while sent == 0 && credit == 0 { try await receiveBeforeEnd() }
        isFinished = handle.finish(RequestBody(ImportFinish(count: sent)))
        // Not sent: the stream has ended, and the reason comes next.
        while true {
            if let report = try await receive() { return report }
        }
    }

    private mutating func flush() async throws {
        let body = RequestBody(rows: batch)
        while credit == 0 { try await receiveBeforeEnd() }
        guard handle.send(body) else {
            while true { try await receiveBeforeEnd() }
        }
        credit -= 1
        sent += UInt64(batch.count)
        batch = []
        batchSize = 0
    }

    private mutating func receiveBeforeEnd() async throws {
        guard try await receive() != nil else { return }
        throw ClientError(.protocolViolation, "the daemon ended the import before its end")
    }

    private mutating func receive() async throws -> AccountImportReport? {
        switch try await handle.next() {
        case .credit(let count)?:
            credit += UInt64(count)
            return nil
        case .end(let report)?: return report
        case nil: throw ClientError(.protocolViolation, "the import ended without an answer")
        }
    }
}

extension AccountRow {
    /// Bytes that the row takes in a chunk, or a few more.
    var approximateSize: Int {
        let fields = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 6 }
        let secrets = secrets.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 6 }
        return fields + secrets + origin.utf8.count + noun.utf8.count + 8
    }

    /// Refuses what no import can carry; what it says of a row never shows a value.
    func check() throws(ClientError) {
        guard origin.utf8.count <= Limits.rowOrigin else {
            throw ClientError(.invalidArgument, "the origin of a row has more than \(Limits.rowOrigin) bytes")
        }
        try CofferClient.check(noun: noun)
        try CofferClient.check(fields)
        guard secrets.count <= Limits.rowSecrets,
            secrets.allSatisfy({ (1...Limits.rowSecretName).contains($0.name.utf8.count) && $0.value.count <= Limits.recordSecret })
        else {
            throw ClientError(
                .invalidArgument, "\(origin): a row has at most \(Limits.rowSecrets) secrets, each of at most \(Limits.recordSecret) bytes")
        }
        guard approximateSize <= Limits.frame - 1_024 else { throw ClientError(.tooLarge, "\(origin): the row does not fit a frame") }
    }
}
