import CofferAudit
import CofferStore
import CofferWire

/// An export on its way down: the list worker reads names and values, one chunk at a time.
final class ExportStream: RequestStream {
    /// One chunk's worth, and where the next begins.
    private struct Piece: Sendable {
        var entries: [TransferEntry]
        var after: [UInt8]?
        var revision: UInt64
        var isLast: Bool
    }

    /// A chunk is full at half a frame: the next value fits in any case but the largest, which gets a chunk of its own.
    private static let chunkBytes = 256 << 10
    private static let namesAtOnce = 200

    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let prefix: [UInt8]
    private let tenant: TenantID
    private var credit: UInt32
    private var after: [UInt8]?
    private var count: UInt64 = 0
    private var revision: UInt64
    private var isAsking = false
    private var isDone = false
    /// A piece that waits for credit or room.
    private var held: Piece?

    init(_ connection: Connection, _ request: PendingRequest, _ fields: ExportRequest, tenant: TenantID) {
        self.connection = connection
        self.request = request
        self.tenant = tenant
        prefix = fields.prefix
        credit = fields.credit
        revision = connection.loop.position.revision
    }

    func closed() { isDone = true }

    func credited(_ count: UInt32) {
        credit = credit.addingReportingOverflow(count).overflow ? .max : credit + count
        resume()
    }

    /// A piece is asked for ahead of its credit: where there is nothing to send, the end needs none.
    func resume() {
        if held != nil { sendHeld() }
        guard !isAsking, held == nil, !isDone else { return }
        isAsking = true
        let handle = connection.handle(of: request)
        let (tenant, prefix, after, now, caller) = (tenant, prefix, after, connection.loop.now, connection.currentCaller())
        connection.loop.store.onWorker { worker in
            let piece: Result<Piece, StoreError>
            do throws(StoreError) {
                piece = .success(try Self.read(try worker.get(), tenant: tenant, prefix: prefix, after: after, now: now, caller: caller))
            } catch {
                piece = .failure(error)
            }
            handle.resume { _, request in (request.stream as? ExportStream)?.arrived(piece) }
        }
    }

    /// On the worker's thread.
    private static func read(
        _ worker: StoreWorker, tenant: TenantID, prefix: [UInt8], after: [UInt8]?, now: UInt64, caller: Caller
    ) throws(StoreError) -> Piece {
        let page = try worker.names(tenant: tenant, prefix: prefix, after: after, limit: namesAtOnce, includeDeleted: false)
        var piece = Piece(entries: [], after: after, revision: page.revision, isLast: !page.more)
        var bytes = 0
        for entry in page.entries {
            if bytes >= chunkBytes {
                piece.isLast = false
                break
            }
            piece.after = entry.name.bytes
            guard caller.allows(.secret, .get, entry.name.bytes) else { continue }
            guard let value = try read(worker.reader, tenant: tenant, name: entry.name, now: now) else { continue }
            bytes += value.value.count + 256
            if bytes > Limits.frame - 64_000 && !piece.entries.isEmpty {
                // It does not fit behind the others: the next chunk begins with it.
                piece.after = piece.entries.last?.name
                piece.isLast = false
                break
            }
            piece.entries.append(value)
        }
        return piece
    }

    private static func read(_ reader: StoreReader, tenant: TenantID, name: Name, now: UInt64) throws(StoreError) -> TransferEntry? {
        guard let info = try reader.info(tenant: tenant, name: name, now: now),
            let active = info.versions.first(where: { $0.version == info.activeVersion }), active.state == .live
        else { return nil }
        var outcome = ReadOutcome.missing
        var entry: TransferEntry?
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(active.size) + 2_048, alignment: 16)
        defer {
            // Freed memory is wiped by the daemon (formats.md 18); this one also where the library is used without it.
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.deallocate()
        }
        name.bytes.withUnsafeBytes { outcome = reader.readActive(tenant: tenant, name: $0, now: now, into: buffer) }
        switch outcome {
        case .value(let found):
            entry = TransferEntry(
                name: name.bytes, value: Array(buffer[..<found.valueLength]), version: found.version, expires: found.expires,
                contentType: active.contentType,
                settings: SecretSettings(
                    metadata: info.metadata.map { MetadataPair(key: $0.key, value: $0.value) }, tags: info.tags, keepLast: info.keepLast,
                    deleteAfter: info.deleteAfter))
        case .failure(let error): throw error
        case .tooSmall, .missing, .deleted, .expired, .versionNotFound: break
        }
        return entry
    }

    private func arrived(_ result: Result<Piece, StoreError>) {
        isAsking = false
        let piece: Piece
        switch result {
        case .failure(let error): return connection.finish(request, Failure(error))
        case .success(let found): piece = found
        }
        revision = piece.revision
        after = piece.after
        held = piece
        resume()
        connection.loop.touch(connection)
    }

    private func sendHeld() {
        guard let piece = held else { return }
        if !piece.entries.isEmpty {
            guard credit > 0 else { return }
            guard !connection.isBackedUp else {
                connection.streamsWait = true
                return
            }
            for entry in piece.entries where !connection.count(.export, .secret, entry.name, version: entry.version, result: .ok) {
                held = nil
                return connection.finish(request, Failure.auditUnavailable)
            }
            connection.send(.chunk, request.operation, request.id, TransferChunk(entries: piece.entries))
            credit -= 1
            count += UInt64(piece.entries.count)
        }
        held = nil
        if piece.isLast { connection.finish(request, .success(ExportEnd(revision: revision, count: count))) }
    }
}
