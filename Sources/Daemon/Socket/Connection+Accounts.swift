import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire

// Records, reservations and the rest about accounts: decode, call the service, answer when it is done.
extension Connection {
    func accounts(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let records = loop.services.records
        do throws(AccountError) {
            try loop.services.accounts.requireReady()
        } catch {
            // The store was unlocked this moment, and its accounts are still being read.
            try checkAccounts(operation, body)
            throw Failure(error)
        }
        switch operation {
        case .recordCreate: try run(operation, id, body) { (caller, fields: RecordCreateRequest) async throws(Failure) in
            try await records.create(caller, fields)
        }
        case .recordList: try run(operation, id, body) { (caller, fields: RecordListRequest) async throws(Failure) in
            try await records.list(caller, fields)
        }
        case .recordShow: try run(operation, id, body) { (caller, fields: RecordShowRequest) async throws(Failure) in
            try await records.show(caller, fields)
        }
        case .recordUpdate: try run(operation, id, body) { (caller, fields: RecordUpdateRequest) async throws(Failure) in
            try await records.update(caller, fields)
        }
        case .recordDelete: try run(operation, id, body) { (caller, fields: RecordDeleteRequest) async throws(Failure) in
            try await records.delete(caller, fields)
        }
        case .reveal: try run(operation, id, body) { (caller, fields: RevealRequest) async throws(Failure) in
            let revealed = try await records.apiKeys.reveal(caller, id: fields.id)
            do throws(StoreError) { try await caller.trail.requireSoon(caller.who, .apikey, .reveal, name: Array(fields.id.utf8)) } catch { throw Failure(error) }
            return revealed
        }
        case .usage: try run(operation, id, body) { (caller, fields: UsageRequest) async throws(Failure) in
            try await records.apiKeys.usage(caller, id: fields.id, limit: Int(fields.limit))
        }
        case .reserve: try reserve(id, body)
        case .settle: try settle(id, body)
        case .release: try release(id, body)
        default: throw Failure(.unknownOperation, "operation \(operation.rawValue) is unknown")
        }
    }

    /// What waits for the accounts' queue runs beside the loop; only its answer comes back.
    func run<Fields: WireMessage, Answer: WireMessage>(
        _ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer,
        _ call: @escaping @Sendable (Caller, Fields) async throws(Failure) -> Answer
    ) throws(Failure) {
        let request: Request<Fields> = try decode(body)
        let budget = loop.services.records.budget
        let size = body.count
        guard budget.take(size) else {
            throw Failure(.busy, "too many requests about records are unfinished", retry: .after(milliseconds: 1_000))
        }
        let pending = wait(operation, id, request)
        let isChange = [.recordCreate, .recordUpdate, .recordDelete, .credentialImport].contains(operation)
        // An act may wait for an upstream: the next one does not wait for it.
        pending.isWithWriter = isChange || [.credentialAct, .report].contains(operation)
        let handle = handle(of: pending)
        let caller = caller
        let work: @Sendable () async -> Void = {
            let result: Result<Answer, Failure>
            do throws(Failure) { result = .success(try await call(caller, request.fields)) } catch { result = .failure(error) }
            budget.giveBack(size)
            handle.finish(result)
        }
        if isChange { runInOrder(work) } else { Task(operation: work) }
    }

    /// Changes of one connection are made in the order in which they arrived (protocol.md, "Requests"): each waits for the one before,
    /// though a slow password hash be in it. Reads wait for nobody.
    func runInOrder(_ work: @escaping @Sendable () async -> Void) {
        let earlier = lastChange
        lastChange = Task {
            await earlier?.value
            await work()
        }
    }

    /// Only decodes: a bad body is `malformed` before it is `locked`.
    func checkAccounts(_ operation: Operation, _ body: UnsafeRawBufferPointer) throws(Failure) {
        switch operation {
        case .recordCreate: let _: Request<RecordCreateRequest> = try decode(body)
        case .recordList: let _: Request<RecordListRequest> = try decode(body)
        case .recordShow: let _: Request<RecordShowRequest> = try decode(body)
        case .recordUpdate: let _: Request<RecordUpdateRequest> = try decode(body)
        case .recordDelete: let _: Request<RecordDeleteRequest> = try decode(body)
        case .reveal: let _: Request<RevealRequest> = try decode(body)
        case .usage: let _: Request<UsageRequest> = try decode(body)
        case .reserve: let _: Request<ReserveRequest> = try decode(body)
        case .settle: let _: Request<SettleRequest> = try decode(body)
        case .release: let _: Request<ReleaseRequest> = try decode(body)
        case .accountImport: let _: Request<AccountImportRequest> = try decode(body)
        default: break
        }
    }

    // MARK: Reservations

    private func reserve(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ReserveRequest> = try decode(body)
        let fields = request.fields
        let rights = caller.rights
        guard rights.allowsAny(.apikey, .reserve) else { throw .denied }
        let pending = wait(.reserve, id, request)
        pending.isWithWriter = true
        let handle = handle(of: pending)
        let address = fields.address.withUnsafeBytes { ClientAddress(raw: $0) }
        let model = Array(fields.model.utf8)
        fields.key.withUnsafeBytes { key in
            model.withUnsafeBytes { model in
                loop.services.accounts.apiKeys.reserve(
                    key: key, address: address, model: model, amount: Int64(fields.amount), requestID: Array(fields.requestID.utf8),
                    lifetime: UInt64(fields.lifetime), by: caller.selector,
                    mayReserve: { rights.allows(.apikey, .reserve, tenant: $0, name: $1) }
                ) { result in
                    handle.finish(ReserveResponse.result(of: result))
                }
            }
        }
    }

    private func settle(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<SettleRequest> = try decode(body)
        let fields = request.fields
        try requireSettle(fields.number)
        let pending = wait(.settle, id, request)
        pending.isWithWriter = true
        let handle = handle(of: pending)
        let line = CofferAccounts.UsageLine(
            time: loop.now, amount: Int64(fields.amount), requestID: fields.requestID, model: fields.model,
            inputTokens: Int64(fields.inputTokens), outputTokens: Int64(fields.outputTokens))
        loop.services.accounts.apiKeys.settle(
            fields.number, requestID: Array(fields.requestID.utf8), amount: Int64(fields.amount), line: line, by: caller.selector
        ) { result in
            handle.finish(result.map { SettleResponse($0) }.mapError { Failure($0) })
        }
    }

    private func release(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ReleaseRequest> = try decode(body)
        try requireSettle(request.fields.number)
        let pending = wait(.release, id, request)
        pending.isWithWriter = true
        let handle = handle(of: pending)
        loop.services.accounts.apiKeys.release(
            request.fields.number, requestID: Array(request.fields.requestID.utf8), by: caller.selector
        ) { result in
            handle.finish(result.map { SettleResponse($0) }.mapError { Failure($0) })
        }
    }

    /// Unknown and not allowed look alike.
    private func requireSettle(_ number: UInt64) throws(Failure) {
        guard caller.rights.allowsAny(.apikey, .settle) else { throw .denied }
        guard let view = loop.services.accounts.apiKeys.find(number) else {
            throw caller.rights.isAdministrator ? Failure(.notFound, "there is no API key of this number") : .denied
        }
        try caller.require(.apikey, .settle, of: view.key.tenant, view.key.name.bytes)
    }
}

extension ReserveResponse {
    /// Where there is no verdict, only a reason to try later, that is a failure.
    static func result(of result: Result<ReserveAnswer, AccountError>) -> Result<ReserveResponse, Failure> {
        switch result {
        case .failure(let error): return .failure(Failure(error))
        case .success(let answer):
            if let failure = Failure(answer.verdict) { return .failure(failure) }
            return .success(ReserveResponse(
                verdict: VerifyResponse(answer.verdict), amount: answer.amount, expires: answer.expires, repeated: answer.repeated))
        }
    }
}

extension SettleResponse {
    init(_ answer: SettleAnswer) {
        self.init(
            charged: answer.charged, shortfall: answer.shortfall, remaining: answer.remaining, unlimited: answer.unlimited,
            repeated: answer.repeated)
    }
}
