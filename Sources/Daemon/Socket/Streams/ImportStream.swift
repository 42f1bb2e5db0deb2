import CofferStore
import CofferWire

/// An import on its way up: gathers the entries, then hands all of them to the writer as one batch.
final class ImportStream: RequestStream {
    /// Chunks that may be on their way at once.
    static let window: UInt32 = 8
    private static let maximumEntries = 1_000_000
    private static let maximumBytes = 1 << 30
    private static let resultsAtOnce = 1_000

    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: ImportRequest
    private var versions: [NewVersion] = []
    private var bytes = 0
    private var taken = 0

    init(_ connection: Connection, _ request: PendingRequest, _ fields: ImportRequest) {
        self.connection = connection
        self.request = request
        self.fields = fields
    }

    func closed() {
        connection.loop.services.imports.giveBack(taken)
        taken = 0
    }

    func received(chunk body: UnsafeRawBufferPointer) throws(Failure) {
        let chunk: TransferChunk
        do throws(WireError) { chunk = try TransferChunk(decoding: body) } catch { throw Failure(.malformed, error.description) }
        // An entry takes some room besides its value.
        let weight = body.count + chunk.entries.count * 512
        guard connection.loop.services.imports.take(weight) else {
            throw Failure(.busy, "other imports hold as much memory as imports may", retry: .after(milliseconds: 1_000))
        }
        taken += weight
        let secrets = connection.loop.services.secrets
        let caller = connection.currentCaller()
        for entry in chunk.entries {
            let number = versions.count + 1
            let name = try secrets.importable(caller, name: entry.name, number: number)
            guard entry.version == 0 else {
                throw Failure(.invalidArgument, "entry \(number), \(name.description): an import gives versions their numbers itself")
            }
            bytes += entry.value.count + entry.name.count
            guard versions.count < Self.maximumEntries, bytes <= Self.maximumBytes else {
                throw Failure(.tooLarge, "one import takes \(Self.maximumEntries) entries and \(Self.maximumBytes >> 20) MiB")
            }
            versions.append(NewVersion(
                name: name, value: SecretBuffer(entry.value), expires: entry.expires, contentType: entry.contentType,
                settings: SettingsChange(entry.settings), expected: fields.createOnly ? .exactly(0) : .any))
        }
        if case .up(let operation, let credit) = request.shape, credit <= Self.window / 2 {
            request.shape = .up(operation, credit: Self.window)
            connection.send(.credit, request.operation, request.id, Credit(count: Self.window - credit))
        }
    }

    func received(end body: UnsafeRawBufferPointer) throws(Failure) {
        let finish: ImportFinish
        do throws(WireError) { finish = try ImportFinish(decoding: body) } catch { throw Failure(.malformed, error.description) }
        guard finish.count == UInt64(versions.count) else {
            throw Failure(.invalidArgument, "\(versions.count) entries arrived, the client says that it sent \(finish.count)")
        }
        let handle = connection.handle(of: request)
        let (batch, dryRun) = (versions, fields.dryRun)
        versions = []
        request.isWithWriter = !fields.dryRun
        try connection.loop.services.secrets.importAll(
            connection.currentCaller(), batch, dryRun: fields.dryRun, idempotencyKey: fields.idempotencyKey?.bytes
        ) { result in
            handle.resume { connection, request in Self.answer(result, dryRun: dryRun, connection, request) }
        }
    }

    private static func answer(_ result: Result<Receipt, Failure>, dryRun: Bool, _ connection: Connection, _ request: PendingRequest) {
        let receipt: Receipt
        switch result {
        case .failure(let failure): return connection.finish(request, failure)
        case .success(let done): receipt = done
        }
        var end = ImportEnd(revision: receipt.revision, created: 0, changed: 0, unchanged: 0)
        var index = 0
        while index < receipt.results.count {
            let piece = receipt.results[index..<min(index + resultsAtOnce, receipt.results.count)]
            let items = piece.map { result in
                // A version that would be made has no number yet.
                ImportResults.Item(
                    result: ImportResult(rawValue: result.effect.rawValue) ?? .changed,
                    version: dryRun && result.effect != .unchanged ? 0 : result.version)
            }
            connection.send(.chunk, request.operation, request.id, ImportResults(items: items))
            for item in items {
                switch item.result {
                case .created: end.created += 1
                case .changed: end.changed += 1
                case .unchanged: end.unchanged += 1
                }
            }
            index += piece.count
        }
        connection.finish(request, .success(end))
    }
}
