import CofferWire

/// What arrives for a backup.
private enum BackupPiece: Sendable {
    case data(SecretBytes, done: UInt64, total: UInt64)
    case end(BackupFacts)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<BackupPiece?, ClientError> {
        guard !final else { return try decodeAnswer(body) { decoder throws(WireError) in .end(try BackupFacts(from: &decoder)) } }
        var decoder = WireDecoder(body)
        let (done, total) = (try decoder.u64("done"), try decoder.u64("total"))
        let data = try decoder.slice32("data", limit: Limits.backupChunk)
        guard !data.isEmpty else { throw .tooShort("data") }
        try decoder.finish()
        return .success(.data(SecretBytes(copying: data), done: done, total: total))
    }
}

extension CofferClient {
    /// Streams everything that the store holds, of one revision, as the JSON lines of a backup. They are **not encrypted**: whoever
    /// writes them somewhere encrypts them.
    ///
    /// - Parameters:
    ///   - timeout: the longest wait for the daemon's next sign.
    ///   - take: gets the bytes in order, in pieces of up to 1 MiB, which are wiped behind the call, and how many of how many things are
    ///     in what came so far. What it throws ends the backup.
    /// - Returns: what the backup is; only then it is whole.
    /// - Throws: ``ClientError``, `CancellationError`, and what `take` throws.
    public func backup(
        timeout: Duration? = nil, _ take: (UnsafeRawBufferPointer, _ done: UInt64, _ total: UInt64) throws -> Void
    ) async throws -> BackupFacts {
        try await backup(timeout: timeout) { (piece: SecretBytes, done, total) async throws in
            try piece.withUnsafeBytes { try take($0, done, total) }
        }
    }

    /// The same for whoever cannot take a piece at once: the next one is asked for when `take` has returned.
    public func backup(
        timeout: Duration? = nil, _ take: (SecretBytes, _ done: UInt64, _ total: UInt64) async throws -> Void
    ) async throws -> BackupFacts {
        let request = BackupCreateRequest()
        var spec = spec(.backupCreate, RequestBody(request), timeout: timeout, repeatable: false)
        spec.isStream = true
        let handle = StreamHandle(self, spec, creditStep: 1, decode: BackupPiece.decode)
        var received: UInt64 = 0
        while true {
            switch try await handle.next() {
            case .data(let data, let done, let total)?:
                received += UInt64(data.count)
                try await take(data, done, total)
                handle.used()
            case .end(let facts)?:
                guard facts.bytes == received else {
                    throw ClientError(.protocolViolation, "the daemon counts \(facts.bytes) bytes of the backup, \(received) arrived")
                }
                return facts
            case nil: throw ClientError(.protocolViolation, "the backup ended without an answer")
            }
        }
    }

    /// How the backups stand that the daemon takes by itself.
    /// - Throws: ``ClientError``, or `CancellationError`.
    public func scheduledBackups(timeout: Duration? = nil) async throws -> BackupListResponse {
        try await read(.backupList, Empty(), timeout: timeout)
    }

    /// Has the daemon take a scheduled backup now, and prove it.
    /// - Parameter timeout: of the whole: the default is short for a large store. Whoever stops waiting does not stop the backup.
    /// - Throws: ``ClientError``, or `CancellationError`.
    public func runScheduledBackup(timeout: Duration? = nil) async throws -> ScheduledBackup {
        try await change(.backupRun, RequestBody(Empty()), timeout: timeout, repeatable: false)
    }
}
