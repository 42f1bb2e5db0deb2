import CofferWire

/// How far an import is.
public enum ImportProgress: Sendable {
    /// So many entries have been handed to the connection.
    case sent(entries: UInt64)
    /// What became of the entry at `index`, counted from 0 in the order in which they were given.
    case result(index: UInt64, ImportResults.Item)
}

/// What an import did, or would do.
public typealias ImportSummary = ImportEnd

private enum ImportPiece: Sendable {
    case credit(UInt32)
    case results([ImportResults.Item])
    case end(ImportEnd)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<ImportPiece?, ClientError> {
        if final { return try decodeAnswer(body) { decoder throws(WireError) in .end(try ImportEnd(from: &decoder)) } }
        if kind == .credit { return .success(.credit(try Credit(decoding: body).count)) }
        return .success(.results(try ImportResults(decoding: body).items))
    }
}

extension CofferClient {
    /// Stores many secrets in one change: all of them or none.
    /// - Parameters:
    ///   - entries: taken one by one, as fast as the daemon takes them. Names must differ.
    ///   - dryRun: reports what would change and changes nothing.
    ///   - createOnly: refuses the whole import where one of the names has a live version.
    ///   - timeout: the longest wait for the daemon's next sign.
    ///   - progress: told of each batch sent and of each result.
    /// - Returns: how many names were created, changed or left as they were, and the revision.
    /// - Throws: ``ClientError`` (``ClientError/outcome`` is unknown only where the connection broke after all entries
    ///   were sent), `CancellationError`, and what `entries` throws; nothing was changed then.
    @discardableResult
    public func importSecrets<Entries: AsyncSequence>(
        _ entries: Entries, dryRun: Bool = false, createOnly: Bool = false, timeout: Duration? = nil,
        progress: (@Sendable (ImportProgress) -> Void)? = nil
    ) async throws -> ImportSummary where Entries.Element == SecretEntry {
        let request = ImportRequest(
            dryRun: dryRun, createOnly: createOnly, idempotencyKey: try Self.idempotencyKey())
        var spec = spec(.import, RequestBody(request), timeout: timeout, repeatable: false, changes: !dryRun)
        spec.isStream = true
        var upload = Upload(handle: StreamHandle(self, spec, creditStep: .max, decode: ImportPiece.decode), progress: progress)
        do {
            for try await entry in entries { try await upload.add(entry) }
            return try await upload.finish()
        } catch let error as ClientError where !upload.isFinished {
            // The daemon changes nothing before it has the end.
            throw error.with(outcome: .none)
        }
    }

    /// The same for entries that are there already.
    @discardableResult
    public func importSecrets(
        _ entries: [SecretEntry], dryRun: Bool = false, createOnly: Bool = false, timeout: Duration? = nil,
        progress: (@Sendable (ImportProgress) -> Void)? = nil
    ) async throws -> ImportSummary {
        let stream = AsyncStream<SecretEntry> { continuation in
            for entry in entries { continuation.yield(entry) }
            continuation.finish()
        }
        return try await importSecrets(
            stream, dryRun: dryRun, createOnly: createOnly, timeout: timeout, progress: progress)
    }
}

/// The client's half of an import: gathers entries into chunks and sends each for one credit.
private struct Upload {
    /// Bytes of entries that make a chunk; a larger entry is a chunk of its own.
    static let chunkSize = 65_536
    static let chunkEntries = 1_000

    let handle: StreamHandle<ImportPiece>
    let progress: (@Sendable (ImportProgress) -> Void)?
    private var batch: [SecretEntry] = []
    private var batchSize = 0
    private var credit: UInt64 = 0
    private var sent: UInt64 = 0
    private var answered: UInt64 = 0
    private(set) var isFinished = false

    init(handle: StreamHandle<ImportPiece>, progress: (@Sendable (ImportProgress) -> Void)?) {
        self.handle = handle
        self.progress = progress
    }

    mutating func add(_ entry: SecretEntry) async throws {
        try entry.check()
        let size = entry.encodedSize
        if !batch.isEmpty, batchSize + size > Self.chunkSize || batch.count >= Self.chunkEntries { try await flush() }
        batch.append(entry)
        batchSize += size
    }

    mutating func finish() async throws -> ImportSummary {
        if !batch.isEmpty { try await flush() }
        // Nothing was sent yet: the request itself may still wait for its connection. The daemon's first credit says that it has it.
        while sent == 0 && credit == 0 { try await receiveBeforeEnd() }
        isFinished = handle.finish(RequestBody(ImportFinish(count: sent)))
        // Not sent: the stream has ended, and the reason comes next.
        while true {
            if let summary = try await receive() { return summary }
        }
    }

    private mutating func flush() async throws {
        let body = RequestBody(chunk: batch.map(\.transfer))
        while credit == 0 { try await receiveBeforeEnd() }
        guard handle.send(body) else {
            while true { try await receiveBeforeEnd() }
        }
        credit -= 1
        sent += UInt64(batch.count)
        batch = []
        batchSize = 0
        progress?(.sent(entries: sent))
    }

    private mutating func receiveBeforeEnd() async throws {
        guard try await receive() != nil else { return }
        throw ClientError(.protocolViolation, "the daemon ended the import before its end")
    }

    private mutating func receive() async throws -> ImportSummary? {
        switch try await handle.next() {
        case .credit(let count)?:
            credit += UInt64(count)
            return nil
        case .results(let items)?:
            for item in items {
                progress?(.result(index: answered, item))
                answered += 1
            }
            return nil
        case .end(let summary)?: return summary
        case nil: throw ClientError(.protocolViolation, "the import ended without an answer")
        }
    }
}
