import CofferWire

/// What arrives for a list.
enum ListPiece: Sendable {
    case page(ListPage, incarnation: Bytes16)
    case end(ListEnd)

    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<ListPiece?, ClientError> {
        guard final else {
            return .success(.page(try ListPage(decoding: body), incarnation: hello.position.incarnation))
        }
        return try decodeAnswer(body) { decoder throws(WireError) in .end(try ListEnd(from: &decoder)) }
    }
}

/// The names with a prefix, in the order of their bytes, fetched page by page as they are used.
///
/// Each iteration asks the daemon anew. Leaving the loop early ends the stream.
public struct ListSequence: AsyncSequence, Sendable {
    /// A name, and whether it is deleted.
    public typealias Element = ListPage.Entry

    let start: @Sendable () -> StreamHandle<ListPiece>

    /// Starts a list.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: start()) }

    /// Takes names from one list.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let handle: StreamHandle<ListPiece>
        private var entries: ArraySlice<Element> = []

        init(handle: StreamHandle<ListPiece>) { self.handle = handle }

        /// The next name; `nil` after the last one.
        /// - Throws: ``ClientError``, or `CancellationError`.
        public mutating func next() async throws -> Element? {
            while true {
                if let entry = entries.popFirst() { return entry }
                guard case .page(let page, _)? = try await handle.next() else { return nil }
                handle.used()
                entries = page.entries[...]
            }
        }
    }
}

/// Some names, and how to go on behind them.
public struct ListResult: Sendable {
    /// In the order of their bytes.
    public var entries: [ListPage.Entry]
    /// The revision of the store that was listed.
    public var revision: UInt64
    /// Where to go on; `nil` where there are no more names.
    public var cursor: ListRequest.Cursor?
}

extension CofferClient {
    /// Lists names.
    /// - Parameters:
    ///   - prefix: bytes with which each name begins, 0 to 512; empty for all names.
    ///   - includeDeleted: also names that are deleted and can be undeleted.
    ///   - timeout: the longest wait for a page.
    /// - Throws: ``ClientError/Code/invalidArgument`` for too long a prefix.
    public func list(
        prefix: some SecretNaming = "", includeDeleted: Bool = false, timeout: Duration? = nil
    ) throws(ClientError) -> ListSequence {
        let request = ListRequest(prefix: try prefix.checkedPrefix(), includeDeleted: includeDeleted)
        return ListSequence { self.startList(request, timeout) }
    }

    /// Lists at most `limit` names, for callers that go on later.
    /// - Parameters:
    ///   - prefix: as for ``list(prefix:includeDeleted:timeout:)``.
    ///   - limit: 1 or more.
    ///   - cursor: from the result before.
    /// - Throws: ``ClientError/Code/resync`` where the cursor belongs to another incarnation, and others.
    public func list(
        prefix: some SecretNaming = "", limit: UInt32, cursor: ListRequest.Cursor? = nil,
        includeDeleted: Bool = false, timeout: Duration? = nil
    ) async throws -> ListResult {
        guard limit > 0 else { throw ClientError(.invalidArgument, "the limit must be 1 or more") }
        let pageSize = UInt16(clamping: min(limit, 500))
        let handle = startList(
            ListRequest(
                prefix: try prefix.checkedPrefix(), cursor: cursor, pageSize: pageSize, limit: limit,
                includeDeleted: includeDeleted),
            timeout)
        var result = ListResult(entries: [], revision: 0, cursor: nil)
        var seen: Bytes16?
        while let piece = try await handle.next() {
            switch piece {
            case .page(let page, let incarnation):
                handle.used()
                seen = incarnation
                result.entries += page.entries
            case .end(let end):
                result.revision = end.revision
                if end.more, let seen, let last = result.entries.last {
                    result.cursor = ListRequest.Cursor(incarnation: seen, after: last.name)
                }
            }
        }
        return result
    }

    private func startList(_ request: ListRequest, _ timeout: Duration?) -> StreamHandle<ListPiece> {
        var spec = spec(.list, RequestBody(request), timeout: timeout, repeatable: true)
        spec.isStream = true
        return StreamHandle(self, spec, creditStep: max(1, request.credit / 2), decode: ListPiece.decode)
    }
}
