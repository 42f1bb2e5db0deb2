import CofferWire

/// A restore on its way up: what arrives goes to a thread of its own, which gives credit as it keeps up.
final class RestoreStream: RequestStream {
    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: RestoreRequest
    private let feed = RestoreFeed()
    private var hasEnded = false

    init(_ connection: Connection, _ request: PendingRequest, _ fields: RestoreRequest) {
        self.connection = connection
        self.request = request
        self.fields = fields
    }

    /// - Throws: `denied`, `busy`.
    func start() throws(Failure) {
        let handle = connection.handle(of: request)
        try connection.loop.services.backups.restore(
            connection.caller, fields, from: feed,
            granted: { count in handle.resume { _, request in (request.stream as? RestoreStream)?.granted(count) } },
            done: { handle.finish($0) })
    }

    /// Once the end has come the restore is not stopped any more: it happens, or it does not, as a whole.
    func closed() { if !hasEnded { feed.add(.gone) } }

    private func granted(_ count: UInt32) {
        guard case .up(let operation, let credit) = request.shape else { return }
        request.shape = .up(operation, credit: credit + count)
        connection.send(.credit, request.operation, request.id, Credit(count: count))
    }

    func received(chunk body: UnsafeRawBufferPointer) throws(Failure) {
        do throws(WireError) { feed.add(.data(try RestoreChunk(decoding: body).data)) } catch { throw Failure(.malformed, error.description) }
    }

    func received(end body: UnsafeRawBufferPointer) throws(Failure) {
        let finish: ImportFinish
        do throws(WireError) { finish = try ImportFinish(decoding: body) } catch { throw Failure(.malformed, error.description) }
        hasEnded = true
        request.isWithWriter = !fields.dryRun
        feed.add(.end(finish.count))
    }
}
