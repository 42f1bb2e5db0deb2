import CofferStore
import CofferWire

/// A list on its way down: asks the list worker for one page at a time, and sends it while credit and output allow.
final class ListStream: RequestStream {
    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: ListRequest
    private let tenant: TenantID
    private var credit: UInt32
    private var after: [UInt8]?
    private var sent: UInt32 = 0
    private var revision: UInt64
    private var isAsking = false
    private var isDone = false
    /// A page that waits for credit or room.
    private var held: (entries: [ListPage.Entry], more: Bool, isCut: Bool)?

    init(_ connection: Connection, _ request: PendingRequest, _ fields: ListRequest, tenant: TenantID) {
        self.connection = connection
        self.request = request
        self.fields = fields
        self.tenant = tenant
        credit = fields.credit
        after = fields.cursor?.after
        revision = connection.loop.position.revision
    }

    func closed() { isDone = true }

    func credited(_ count: UInt32) {
        credit = credit.addingReportingOverflow(count).overflow ? .max : credit + count
        resume()
    }

    /// A page is asked for ahead of its credit: where there is nothing to send, the end needs none.
    func resume() {
        if held != nil { sendHeld() }
        guard !isAsking, held == nil, !isDone else { return }
        isAsking = true
        let handle = connection.handle(of: request)
        let (tenant, prefix, after, deleted) = (tenant, fields.prefix, after, fields.includeDeleted)
        // One more than is wanted: whether there are more is said of names that the caller may see.
        let wanted = Int(fields.limit - min(sent, fields.limit))
        let size = fields.limit == 0 ? Int(fields.pageSize) : wanted == 0 ? Limits.pageSize : min(Int(fields.pageSize), wanted + 1)
        connection.loop.store.onWorker { worker in
            let page: Result<NamesPage, StoreError>
            do throws(StoreError) {
                page = .success(try worker.get().names(tenant: tenant, prefix: prefix, after: after, limit: size, includeDeleted: deleted))
            } catch {
                page = .failure(error)
            }
            handle.resume { _, request in (request.stream as? ListStream)?.arrived(page) }
        }
    }

    private func arrived(_ result: Result<NamesPage, StoreError>) {
        isAsking = false
        let page: NamesPage
        switch result {
        case .failure(let error): return connection.finish(request, Failure(error))
        case .success(let found): page = found
        }
        let caller = connection.currentCaller()
        revision = page.revision
        after = page.entries.last?.name.bytes ?? after
        let entries = page.entries.filter { caller.allows(.secret, .list, $0.name.bytes) }
            .map { ListPage.Entry(name: $0.name.bytes, deleted: $0.deleted) }
        let wanted = fields.limit == 0 ? entries.count : Int(fields.limit - sent)
        held = (Array(entries.prefix(wanted)), page.more, entries.count > wanted)
        resume()
        connection.loop.touch(connection)
    }

    private func sendHeld() {
        guard let page = held else { return }
        if !page.entries.isEmpty {
            guard credit > 0 else { return }
            guard !connection.isBackedUp else {
                connection.streamsWait = true
                return
            }
            connection.send(.chunk, request.operation, request.id, ListPage(revision: revision, entries: page.entries))
            credit -= 1
            sent += UInt32(page.entries.count)
        }
        held = nil
        if !page.more || page.isCut { connection.finish(request, .success(ListEnd(revision: revision, more: page.isCut))) }
    }
}
