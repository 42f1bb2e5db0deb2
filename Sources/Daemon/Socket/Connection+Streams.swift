import CofferAudit
import CofferStore
import CofferWire

// Opening streams, and the frames of the client that are about one: cancel, credit, chunk, end.
extension Connection {
    func control(_ kind: FrameKind, _ request: PendingRequest, _ body: UnsafeRawBufferPointer) {
        do throws(Failure) {
            switch kind {
            case .cancel:
                guard body.isEmpty else { throw Failure(.malformed, "a cancel has no body") }
                throw Failure(
                    .cancelled, "the client cancelled the request", retry: .now)
            case .credit:
                let credit: Credit
                do throws(WireError) { credit = try Credit(decoding: body) } catch { throw Failure(.malformed, error.description) }
                request.stream?.credited(credit.count)
            case .chunk:
                if case .up(let operation, let credit) = request.shape { request.shape = .up(operation, credit: credit - 1) }
                try request.stream?.received(chunk: body)
            default:
                request.shape = .finishing(request.operation)
                try request.stream?.received(end: body)
            }
        } catch {
            var failure = error
            if request.isWithWriter { failure.outcome = .unknown }
            finish(request, failure)
        }
    }

    func list(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ListRequest> = try decode(body)
        guard let tenant = caller.tenant else { throw .denied }
        if let cursor = request.fields.cursor, cursor.incarnation.bytes != loop.incarnation {
            throw Failure(.resync, "the cursor is of another incarnation of the store: list from the beginning")
        }
        try countRead(.list, request.fields.prefix, version: 0)
        let pending = wait(.list, id, request, shape: .down(Operation.list.rawValue))
        let stream = ListStream(self, pending, request.fields, tenant: tenant)
        pending.stream = stream
        stream.resume()
    }

    func export(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ExportRequest> = try decode(body)
        guard let tenant = caller.tenant else { throw .denied }
        let pending = wait(.export, id, request, shape: .down(Operation.export.rawValue))
        let stream = ExportStream(self, pending, request.fields, tenant: tenant)
        pending.stream = stream
        stream.resume()
    }

    func startImport(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ImportRequest> = try decode(body)
        guard caller.tenant != nil else { throw .denied }
        let pending = wait(.import, id, request, shape: .up(Operation.import.rawValue, credit: ImportStream.window))
        pending.stream = ImportStream(self, pending, request.fields)
        send(.credit, pending.operation, id, Credit(count: ImportStream.window))
    }

    /// Whole accounts come in, their owners, rights and passwords with them: only administrators bring them.
    func startAccountImport(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<AccountImportRequest> = try decode(body)
        guard caller.rights.isAdministrator else { throw .denied }
        let operation = Operation.accountImport
        let pending = wait(operation, id, request, shape: .up(operation.rawValue, credit: AccountImportStream.window))
        pending.stream = AccountImportStream(self, pending, request.fields)
        send(.credit, pending.operation, id, Credit(count: AccountImportStream.window))
    }

    func watch(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<WatchRequest> = try decode(body)
        let fields = request.fields
        guard let tenant = caller.tenant else { throw .denied }
        if fields.exact {
            try caller.require(.secret, fields.values ? .get : .info, fields.name)
            do throws(NameError) { _ = try Name(fields.name) } catch { throw Failure(.invalidName, error.rawValue) }
        }
        // Its deadline is over with the response, which comes now.
        let pending = PendingRequest(id: id, operation: Operation.watch.rawValue, shape: .down(Operation.watch.rawValue))
        unfinished[id] = pending
        let stream = WatchStream(self, pending, fields, tenant: tenant)
        pending.stream = stream
        send(.response, pending.operation, id, Answer.success(stream.start()))
        stream.resume()
    }
}
