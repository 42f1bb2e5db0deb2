import CofferWire

private enum RestorePiece: Sendable {
    case credit(UInt32)
    case end(RestoreResponse)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<RestorePiece?, ClientError> {
        if final { return try decodeAnswer(body) { decoder throws(WireError) in .end(try RestoreResponse(from: &decoder)) } }
        guard kind == .credit else { throw .unknownKind }
        return .success(.credit(try Credit(decoding: body).count))
    }
}

extension CofferClient {
    /// Puts a backup back: all of it, or nothing.
    /// - Parameters:
    ///   - request: what is to become of what the store has.
    ///   - timeout: the longest wait for the daemon's next sign. The last one comes when all is done, which takes its time with a large
    ///     store; zero is no limit.
    /// - Returns: what takes the backup's lines. Letting go of it before its end leaves the store as it was.
    public func restore(_ request: RestoreRequest, timeout: Duration? = nil) -> RestoreUpload {
        var spec = spec(.restore, RequestBody(request), timeout: timeout, repeatable: false, changes: !request.dryRun)
        spec.isStream = true
        return RestoreUpload(StreamHandle(self, spec, creditStep: .max, decode: RestorePiece.decode))
    }
}

/// A restore under way. One task at a time.
public struct RestoreUpload: ~Copyable {
    private let handle: StreamHandle<RestorePiece>
    private var credit: UInt64 = 0
    /// Bytes that were handed to the connection.
    public private(set) var sent: UInt64 = 0

    fileprivate init(_ handle: StreamHandle<RestorePiece>) { self.handle = handle }

    /// Sends the next bytes of the lines, as fast as the daemon takes them.
    /// - Parameter bytes: 1 to 1,048,576; lines may be cut anywhere.
    /// - Throws: ``ClientError`` (nothing was changed), or `CancellationError`.
    public mutating func send(_ bytes: SecretBytes) async throws {
        guard (1...Limits.backupChunk).contains(bytes.count) else {
            throw ClientError(.invalidArgument, "a piece of a backup has 1 to \(Limits.backupChunk) bytes")
        }
        do {
            while credit == 0 { try await receiveBeforeEnd() }
            guard handle.send(RequestBody(RestoreChunk(data: []), endingIn: bytes, lengthSize: 4)) else {
                while true { try await receiveBeforeEnd() }
            }
        } catch let error as ClientError {
            // The daemon changes nothing before it has the end.
            throw error.with(outcome: .none)
        }
        credit -= 1
        sent += UInt64(bytes.count)
    }

    /// Says that all was sent, and waits for the verdict.
    /// - Throws: ``ClientError`` (``ClientError/outcome`` is unknown only where the connection broke), or `CancellationError`.
    public mutating func finish() async throws -> RestoreResponse {
        // Nothing was sent yet: the request itself may still wait for its connection. The daemon's first credit says that it has it.
        while sent == 0 && credit == 0 { try await receiveBeforeEnd() }
        _ = handle.finish(RequestBody(ImportFinish(count: sent)))
        // Not sent: the stream has ended, and the reason comes next.
        while true {
            if let response = try await receive() { return response }
        }
    }

    private mutating func receiveBeforeEnd() async throws {
        guard try await receive() != nil else { return }
        throw ClientError(.protocolViolation, "the daemon ended the restore before its end")
    }

    private mutating func receive() async throws -> RestoreResponse? {
        switch try await handle.next() {
        case .credit(let count)?:
            credit += UInt64(count)
            return nil
        case .end(let response)?: return response
        case nil: throw ClientError(.protocolViolation, "the restore ended without an answer")
        }
    }
}
