import CofferWire

/// A backup on its way down: a thread of its own reads the store, and waits where the client does not keep up.
final class BackupStream: RequestStream {
    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let pipe: BackupPipe
    private var credit: UInt32
    /// Pieces that wait for credit or room, in order.
    private var held: [BackupChunk] = []
    /// What the export came to, once all pieces are here.
    private var result: Result<BackupFacts, Failure>?

    init(_ connection: Connection, _ request: PendingRequest, credit: UInt32) {
        self.connection = connection
        self.request = request
        self.credit = credit
        let handle = connection.handle(of: request)
        pipe = BackupPipe { chunk in handle.resume { _, request in (request.stream as? BackupStream)?.arrived(chunk) } }
    }

    /// - Throws: `denied`, `busy`.
    func start() throws(Failure) {
        let handle = connection.handle(of: request)
        try connection.loop.services.backups.create(connection.caller, into: pipe) { result in
            handle.resume { _, request in (request.stream as? BackupStream)?.ended(result) }
        }
    }

    func closed() { pipe.close(Failure(.cancelled, "the request is over", retry: .now)) }

    func credited(_ count: UInt32) {
        credit = credit.addingReportingOverflow(count).overflow ? .max : credit + count
        resume()
    }

    func resume() {
        while let chunk = held.first, credit > 0 {
            guard !connection.isBackedUp else {
                connection.streamsWait = true
                return
            }
            held.removeFirst()
            connection.send(.chunk, request.operation, request.id, chunk)
            credit -= 1
            pipe.taken()
        }
        if held.isEmpty, let result { connection.finish(request, result) }
    }

    private func arrived(_ chunk: BackupChunk) {
        held.append(chunk)
        resume()
    }

    private func ended(_ result: Result<BackupFacts, Failure>) {
        // What failed needs no further pieces.
        if case .failure = result { held = [] }
        self.result = result
        resume()
    }
}
