import CofferWire

extension CofferClient {
    /// Brings credentials, pools and schedules of another system: one batch, which is carried out whole but for the rows that are
    /// refused. Rows of a large import are brought batch by batch; the same rows again are unchanged.
    /// - Parameters:
    ///   - source: the system they come from, 1 to 32 bytes: `rtmanage`, `tokenstool`, …
    ///   - rows: 1 to 1,000, within one frame; ``CredentialBatch`` cuts them. Their secrets are plain arrays, which the client copies to
    ///     memory that it wipes; the arrays are the caller's to wipe.
    ///   - dryRun: reports what would happen and changes nothing.
    public func importCredentials(
        source: String, rows: [AccountRow], dryRun: Bool = false, timeout: Duration? = nil
    ) async throws -> AccountImportReport {
        guard (1...Limits.importSource).contains(source.utf8.count) else {
            throw ClientError(.invalidArgument, "a source must have 1 to \(Limits.importSource) bytes")
        }
        guard (1...Limits.credentialRows).contains(rows.count) else {
            throw ClientError(.invalidArgument, "1 to \(Limits.credentialRows) rows can be brought at once")
        }
        for row in rows { try row.check() }
        guard rows.reduce(0, { $0 + $1.approximateSize }) <= CredentialBatch.maximumSize else {
            throw ClientError(.tooLarge, "the rows do not fit a frame: bring them in several batches")
        }
        let body = RequestBody(rows: rows, behind: CredentialImportRequest(source: source, dryRun: dryRun, rows: []))
        let spec = spec(.credentialImport, body, timeout: timeout, repeatable: dryRun, changes: !dryRun)
        let report: AccountImportReport = try await engine.answer(to: spec) { decoder, _ throws(WireError) in
            try AccountImportReport(from: &decoder)
        }
        guard report.effects.count == rows.count else {
            throw ClientError(.protocolViolation, "the daemon answered \(report.effects.count) rows of \(rows.count)")
        }
        return report
    }
}

/// Gathers rows until they fill one request.
public struct CredentialBatch: Sendable {
    /// Bytes of rows that surely fit a frame.
    static let maximumSize = Limits.frame - 4_096

    public private(set) var rows: [AccountRow] = []
    private var size = 0

    public init() {}

    /// - Returns: false where the row does not fit behind the others: the batch is to be sent first, and the row given to a new one.
    /// - Throws: ``ClientError`` for a row that no request can carry.
    public mutating func add(_ row: AccountRow) throws(ClientError) -> Bool {
        try row.check()
        let more = row.approximateSize
        guard rows.count < Limits.credentialRows, rows.isEmpty || size + more <= Self.maximumSize else { return false }
        rows.append(row)
        size += more
        return true
    }
}
