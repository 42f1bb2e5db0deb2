import CofferWire

/// What arrives for an export.
enum ExportPiece: Sendable {
    case entries([SecretEntry])
    case end(ExportEnd)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<ExportPiece?, ClientError> {
        guard final else { return .success(.entries(try SecretEntry.chunk(body))) }
        return try decodeAnswer(body) { decoder throws(WireError) in .end(try ExportEnd(from: &decoder)) }
    }
}

/// The active values of the names with a prefix that the caller may read, fetched as they are used.
///
/// Each iteration asks the daemon anew. Leaving the loop early ends the stream. An export that ends without an error
/// is whole.
public struct ExportSequence: AsyncSequence, Sendable {
    /// A name with its active value.
    public typealias Element = SecretEntry

    let start: @Sendable () -> StreamHandle<ExportPiece>

    /// Starts an export.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: start()) }

    /// Takes entries from one export.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handle: StreamHandle<ExportPiece>
        private var entries: ArraySlice<Element> = []
        private var received: UInt64 = 0

        init(handle: StreamHandle<ExportPiece>) { self.handle = handle }

        /// The next entry; `nil` after the last one.
        /// - Throws: ``ClientError``, or `CancellationError`.
        public mutating func next() async throws -> Element? {
            while true {
                if let entry = entries.popFirst() { return entry }
                switch try await handle.next() {
                case nil: return nil
                case .entries(let chunk)?:
                    handle.used()
                    received += UInt64(chunk.count)
                    entries = chunk[...]
                case .end(let end)?:
                    guard end.count == received else {
                        throw ClientError(
                            .protocolViolation, "the daemon counts \(end.count) entries, \(received) arrived")
                    }
                    return nil
                }
            }
        }
    }
}

extension CofferClient {
    /// Streams active values.
    /// - Parameters:
    ///   - prefix: bytes with which each name begins, 0 to 512; empty for all names.
    ///   - timeout: the longest wait for the next piece.
    /// - Throws: ``ClientError/Code/invalidArgument`` for too long a prefix.
    public func export(
        prefix: some SecretNaming = "", timeout: Duration? = nil
    ) throws(ClientError) -> ExportSequence {
        let request = ExportRequest(prefix: try prefix.checkedPrefix())
        return ExportSequence {
            var spec = self.spec(.export, RequestBody(request), timeout: timeout, repeatable: true)
            spec.isStream = true
            return StreamHandle(self, spec, creditStep: max(1, request.credit / 2), decode: ExportPiece.decode)
        }
    }
}
