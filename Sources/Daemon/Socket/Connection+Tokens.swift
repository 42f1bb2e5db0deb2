import CofferAudit
import CofferCredentials
import CofferStore
import CofferWire

// Live tokens: from the store on this thread where there is one, otherwise when the refresh is done.
extension Connection {
    func token(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<CofferWire.TokenRequest> = try decode(body)
        let fields = request.fields
        let name = Array(fields.name.utf8)
        let noun: Noun = fields.isPool ? .pool : .credential
        guard let tenant = caller.tenant else { throw .denied }
        try caller.require(noun, .token, of: tenant, name)
        try caller.requireKind(fields.kind, noun, of: tenant, name)
        try requireCredentials()
        let wish = CofferCredentials.TokenRequest(
            tenant: tenant, name: name, isPool: fields.isPool, kind: fields.kind, minimumLeft: UInt64(fields.minimumLeft) * 1_000,
            lease: LeaseWish(sticky: fields.sticky))
        let tokens = loop.services.credentials.tokens
        do throws(StoreError) {
            if let token = try tokens.present(wish, now: loop.now, reader: loop.reader) {
                if loop.recorder.isSync { return send(token, behindRecordOf: fields.isPool ? .pool : .credential, name, wait(.token, id, request)) }
                guard count(.token, fields.isPool ? .pool : .credential, name, version: 0, result: .ok) else {
                    return send(.response, Operation.token.rawValue, id, Failure.auditUnavailable)
                }
                return send(token, id)
            }
        } catch {
            throw Failure(error)
        }
        let pending = wait(.token, id, request)
        let handle = handle(of: pending)
        let caller = caller
        let recorded: AuditNoun = fields.isPool ? .pool : .credential
        tokens.live(wish, deadline: pending.deadline) { result in
            handle.resume { connection, request in
                switch result {
                case .success(let token): connection.answer(request, token, recorded, name)
                case .failure(let error): connection.finish(request, caller.failure(error, noun, name))
                }
            }
        }
    }

    private func answer(_ request: PendingRequest, _ token: LiveToken, _ noun: AuditNoun, _ name: [UInt8]) {
        if loop.recorder.isSync { return send(token, behindRecordOf: noun, name, request) }
        guard count(.token, noun, name, version: 0, result: .ok) else { return finish(request, Failure.auditUnavailable) }
        finish(request, .success(TokenResponse(token)))
    }

    /// Once its record is durable.
    private func send(_ token: LiveToken, behindRecordOf noun: AuditNoun, _ name: [UInt8], _ pending: PendingRequest) {
        let handle = handle(of: pending)
        let record = AuditRecord(time: loop.now, who: caller.who, noun: noun, action: .token, tenant: caller.tenant ?? 0, name: name)
        loop.services.trail.log.record(record) { isDurable in
            handle.finish(isDurable ? .success(TokenResponse(token)) : Result<TokenResponse, Failure>.failure(.auditUnavailable))
        }
    }

    /// Straight into the output: no further copy of the token lies about.
    private func send(_ token: LiveToken, _ id: UInt32) {
        var head = WireEncoder(reserving: 128)
        head.u16(ErrorCode.ok.rawValue)
        TokenResponse(token, value: []).encodeHead(to: &head)
        head.u32(UInt32(clamping: token.value.count))
        let length = head.bytes.count + token.value.count
        let room = output.reserve(FrameHeader.size + length)
        guard let base = room.baseAddress else { return }
        FrameHeader(kind: .response, operation: .token, requestID: id).write(to: base, bodyLength: length)
        let body = UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.size...])
        body.copyBytes(from: head.bytes)
        withExtendedLifetime(token.value) {
            UnsafeMutableRawBufferPointer(rebasing: body[head.bytes.count...]).copyMemory(from: token.value.bytes)
        }
        output.commit(FrameHeader.size + length)
    }

    /// - Throws: `locked` where the store was unlocked this moment and its credentials are still being read.
    func requireCredentials() throws(Failure) {
        do throws(CredentialError) { try loop.services.credentials.requireReady() } catch { throw Failure(error) }
    }

    // MARK: Acts, reports, imports

    func credentials(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let services = loop.services
        switch operation {
        case .token: try token(id, body)
        case .tokenWatch: try tokenWatch(id, body)
        case .report: try run(operation, id, body) { (caller, fields: ReportRequest) async throws(Failure) in
            try await services.reports.report(caller, fields)
        }
        case .credentialAct: try run(operation, id, body) { (caller, fields: CredentialActRequest) async throws(Failure) in
            try await services.acts.act(caller, fields)
        }
        case .credentialImport: try run(operation, id, body) { (caller, fields: CredentialImportRequest) async throws(Failure) -> AccountImportResponse in
            try await services.credentialImports.bring(caller, fields)
        }
        default: throw Failure(.unknownOperation, "there is no operation \(operation.rawValue)")
        }
    }

    private func tokenWatch(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let fields = (try decode(body) as Request<TokenWatchRequest>).fields
        guard let tenant = caller.tenant else { throw .denied }
        if fields.exact {
            guard caller.maySeeTokens(of: tenant, fields.name, pool: fields.isPool) else { throw .denied }
            do throws(NameError) { _ = try DocumentName(fields.name) } catch { throw Failure(.invalidName, error.rawValue) }
        }
        try requireCredentials()
        // Its deadline is over with the response, which comes now.
        let operation = Operation.tokenWatch.rawValue
        let pending = PendingRequest(id: id, operation: operation, shape: .down(operation))
        unfinished[id] = pending
        let stream = TokenWatchStream(self, pending, fields, tenant: tenant)
        pending.stream = stream
        send(.response, operation, id, Answer.success(stream.start()))
        stream.resume()
    }
}

extension Caller {
    /// Tokens that are made to be handed out need no more than the right to one; all others are part of a login.
    func requireKind(_ kind: String, _ noun: Noun, of tenant: TenantID, _ name: [UInt8]) throws(Failure) {
        if CofferCredentials.TokenRequest.isHandedOut(kind, ofPool: noun == .pool) { return }
        // Which member of a pool answers is not known before; no rule gives the right for all of them.
        guard noun == .credential ? allows(.credential, .reveal, of: tenant, name) : rights.isAdministrator else { throw .denied }
    }

    /// Whether a watch tells the caller of this one.
    func maySeeTokens(of tenant: TenantID, _ name: [UInt8], pool: Bool) -> Bool {
        let noun: Noun = pool ? .pool : .credential
        return allows(noun, .info, of: tenant, name) || allows(noun, .token, of: tenant, name)
    }
}

extension TokenResponse {
    init(_ token: LiveToken) { self.init(token, value: withExtendedLifetime(token.value) { Array(token.value.bytes) }) }

    fileprivate init(_ token: LiveToken, value: [UInt8]) {
        self.init(
            expires: token.expires, revision: token.revision, number: token.credential, lease: token.lease, kind: token.kind,
            name: token.credential == 0 ? "" : token.name.description, value: value)
    }
}
