import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire

// Everything but GET: decode, call the service, answer when it is done. A door translates and decides nothing.
extension Connection {
    func begin(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) {
        do throws(Failure) {
            if loop.isDraining { throw Failure.draining }
            try checkUnread(operation)
            if operation == .get { return get(id, body) }
            if operation == .verify { return verify(id, body) }
            caller.refusal = RefusalNote()
            try checkAudit(operation, body)
            if !loop.isUnlocked {
                switch operation {
                case .status, .ping, .whoami, .unlock, .doctor, .slotRehearse: break
                default:
                    try check(operation, body)
                    throw loop.lockFailure
                }
            }
            switch operation {
            case .hello, .confirm, .get: break
            case .ping:
                let _: Empty = try decode(body).fields
                send(.response, operation.rawValue, id, Answer.success(PingResponse(serverTime: loop.now)))
            case .status, .doctor, .whoami, .unlock, .lock, .slotList, .slotAdd, .slotRemove: try administer(operation, id, body)
            case .slotRotate, .slotRehearse, .rekey, .rekeyRoot: try changeKeys(operation, id, body)
            case .policyApply, .policyShow, .policyList, .policyDelete, .explain: try policy(operation, id, body)
            case .put: try put(id, body)
            case .info: try info(id, body)
            case .activate, .delete, .undelete, .destroy: try changeVersion(operation, id, body)
            case .update: try update(id, body)
            case .list: try list(id, body)
            case .export: try export(id, body)
            case .import: try startImport(id, body)
            case .watch: try watch(id, body)
            case .verify: verify(id, body)
            case .accountImport: try startAccountImport(id, body)
            case .recordCreate, .recordList, .recordShow, .recordUpdate, .recordDelete, .reveal, .usage, .reserve, .settle, .release:
                try accounts(operation, id, body)
            case .token, .report, .credentialAct, .tokenWatch, .credentialImport:
                try credentials(operation, id, body)
            case .backupCreate, .restore, .backupList, .backupRun: try backups(operation, id, body)
            case .scrub: try scrub(id, body)
            case .auditSearch, .auditVerify, .auditRepair: try audit(operation, id, body)
            }
        } catch {
            // A stream is ended, anything else (and a watch that does not open) answered.
            let kind: FrameKind = [.list, .export, .import, .accountImport, .backupCreate, .restore].contains(operation) ? .end : .response
            unfinished.removeValue(forKey: id)
            noteRefusal(error, operation, caller.refusal)
            send(kind, operation.rawValue, id, error)
        }
    }

    /// While tenants cannot be read nobody is in one: that is no verdict of a policy.
    var unread: Failure? {
        guard caller.tenant == nil, loop.isUnlocked, loop.services.accounts.hasFailed else { return nil }
        return Failure(.failed, "what the store holds could not be read; it is tried again each second", retry: .after(milliseconds: 1_000))
    }

    private func checkUnread(_ operation: Operation) throws(Failure) {
        guard caller.tenant == nil, let unread else { return }
        switch operation {
        case .hello, .confirm, .status, .ping, .whoami, .lock, .unlock, .doctor: return
        // What puts it right again lies in no tenant.
        case .restore, .backupCreate, .backupList, .backupRun, .scrub, .slotList, .slotAdd, .slotRemove, .slotRotate, .slotRehearse, .rekey,
            .rekeyRoot, .auditSearch, .auditVerify, .auditRepair:
            guard caller.rights.isAdministrator else { throw unread }
        default: throw unread
        }
    }

    func decode<Fields: WireMessage>(_ body: UnsafeRawBufferPointer) throws(Failure) -> Request<Fields> {
        do throws(WireError) { return try Request<Fields>(decoding: body) } catch { throw Failure(.malformed, error.description) }
    }

    /// Only decodes: a bad body is `malformed` before it is `locked` (protocol.md, "Order of the checks").
    func check(_ operation: Operation, _ body: UnsafeRawBufferPointer) throws(Failure) {
        switch operation {
        case .put: let _: Request<PutRequest> = try decode(body)
        case .info: let _: Request<InfoRequest> = try decode(body)
        case .activate, .delete, .undelete, .destroy: let _: Request<VersionRequest> = try decode(body)
        case .update: let _: Request<UpdateRequest> = try decode(body)
        case .list: let _: Request<ListRequest> = try decode(body)
        case .export: let _: Request<ExportRequest> = try decode(body)
        case .import: let _: Request<ImportRequest> = try decode(body)
        case .watch: let _: Request<WatchRequest> = try decode(body)
        case .policyApply: let _: Request<PolicyApplyRequest> = try decode(body)
        case .policyShow, .policyDelete: let _: Request<PolicyNameRequest> = try decode(body)
        case .explain: let _: Request<ExplainRequest> = try decode(body)
        case .slotAdd: let _: Request<SlotAddRequest> = try decode(body)
        case .slotRemove: let _: Request<SlotRemoveRequest> = try decode(body)
        case .slotRotate: let _: Request<SlotRotateRequest> = try decode(body)
        case .rekey: let _: Request<RekeyRequest> = try decode(body)
        case .rekeyRoot: let _: Request<RekeyRootRequest> = try decode(body)
        case .lock, .slotList, .policyList: let _: Request<Empty> = try decode(body)
        case .verify: let _: Request<CofferWire.VerifyRequest> = try decode(body)
        case .recordCreate, .recordList, .recordShow, .recordUpdate, .recordDelete, .reveal, .usage, .accountImport, .reserve, .settle,
            .release:
            try checkAccounts(operation, body)
        case .token: let _: Request<CofferWire.TokenRequest> = try decode(body)
        case .report: let _: Request<ReportRequest> = try decode(body)
        case .credentialAct: let _: Request<CredentialActRequest> = try decode(body)
        case .tokenWatch: let _: Request<TokenWatchRequest> = try decode(body)
        case .credentialImport: let _: Request<CredentialImportRequest> = try decode(body)
        case .backupCreate: let _: Request<BackupCreateRequest> = try decode(body)
        case .restore: let _: Request<RestoreRequest> = try decode(body)
        case .backupList, .backupRun: let _: Request<Empty> = try decode(body)
        case .scrub: let _: Request<ScrubRequest> = try decode(body)
        case .auditSearch: let _: Request<AuditSearchRequest> = try decode(body)
        case .auditVerify, .auditRepair: let _: Request<Empty> = try decode(body)
        case .hello, .confirm, .get, .ping, .status, .whoami, .unlock, .doctor, .slotRehearse: break
        }
    }

    /// Enters a request that is completed later, with its deadline.
    func wait<Fields>(_ operation: Operation, _ id: UInt32, _ request: Request<Fields>, shape: ConnectionRules.Unfinished? = nil) -> PendingRequest {
        let pending = PendingRequest(id: id, operation: operation.rawValue, shape: shape ?? .single(operation.rawValue))
        pending.refusal = caller.refusal
        unfinished[id] = pending
        if request.deadline > 0 {
            pending.deadline = loop.now + UInt64(request.deadline)
            loop.schedule(deadline: pending.deadline, handle(of: pending))
        }
        return pending
    }

    // MARK: Secrets

    private func put(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<PutRequest> = try decode(body)
        let fields = request.fields
        let pending = wait(.put, id, request)
        let handle = handle(of: pending)
        try loop.services.secrets.put(
            caller, name: fields.name, idempotencyKey: fields.idempotencyKey?.bytes,
            version: { name in
                NewVersion(
                    name: name, value: SecretBuffer(fields.value), activate: fields.activate, expires: fields.expires,
                    contentType: fields.contentType, settings: SettingsChange(fields.settings), expected: ExpectedVersion(fields.expected))
            },
            completion: { result in
                handle.finish(result.map { PutResponse(version: $0.results.first?.version ?? 0, revision: $0.revision) })
            })
        pending.isWithWriter = true
    }

    private func changeVersion(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<VersionRequest> = try decode(body)
        let fields = request.fields
        let pending = wait(operation, id, request)
        let handle = handle(of: pending)
        let expected = ExpectedVersion(fields.expected)
        let key = fields.idempotencyKey?.bytes
        let completion: SecretService.Completion = { result in handle.finish(result.map { ChangeResponse(revision: $0.revision) }) }
        let secrets = loop.services.secrets
        switch operation {
        case .activate:
            try secrets.activate(
                caller, name: fields.name, version: fields.version, expected: expected, idempotencyKey: key, completion: completion)
        case .delete:
            try secrets.delete(
                caller, name: fields.name, version: fields.version, expected: expected, idempotencyKey: key, completion: completion)
        case .undelete:
            try secrets.undelete(
                caller, name: fields.name, version: fields.version, expected: expected, idempotencyKey: key, completion: completion)
        default:
            try secrets.destroy(
                caller, name: fields.name, version: fields.version, expected: expected, idempotencyKey: key, completion: completion)
        }
        pending.isWithWriter = true
    }

    private func update(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<UpdateRequest> = try decode(body)
        let fields = request.fields
        let pending = wait(.update, id, request)
        let handle = handle(of: pending)
        try loop.services.secrets.update(
            caller, name: fields.name, settings: SettingsChange(fields.settings), expected: ExpectedVersion(fields.expected),
            idempotencyKey: fields.idempotencyKey?.bytes
        ) { result in
            handle.finish(result.map { ChangeResponse(revision: $0.revision) })
        }
        pending.isWithWriter = true
    }

    private func info(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let name = (try decode(body) as Request<InfoRequest>).fields.name
        guard let info = try loop.services.secrets.info(caller, name: name, reader: loop.reader, now: loop.now) else {
            throw Failure(.notFound, "there is no such name")
        }
        try countRead(.info, name, version: 0)
        send(.response, Operation.info.rawValue, id, Answer.success(InfoResponse(info)))
    }

    // MARK: Policies

    private func policy(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let policies = loop.policies
        switch operation {
        case .policyApply:
            let request: Request<PolicyApplyRequest> = try decode(body)
            let pending = wait(operation, id, request)
            pending.isWithWriter = !request.fields.dryRun
            let handle = handle(of: pending)
            policies.apply(caller, source: request.fields.source, dryRun: request.fields.dryRun) { handle.finish($0) }
        case .policyDelete:
            let request: Request<PolicyNameRequest> = try decode(body)
            let pending = wait(operation, id, request)
            pending.isWithWriter = true
            let handle = handle(of: pending)
            try policies.delete(caller, name: Array(request.fields.name.utf8)) { handle.finish($0) }
        case .policyShow:
            let request: Request<PolicyNameRequest> = try decode(body)
            send(.response, operation.rawValue, id, Answer.success(try policies.show(caller, name: Array(request.fields.name.utf8))))
        case .policyList:
            let _: Request<Empty> = try decode(body)
            let pending = PendingRequest(id: id, operation: operation.rawValue, shape: .single(operation.rawValue))
            unfinished[id] = pending
            finish(pending, .success(TextList(policies.list(caller))))
        default:
            let request: Request<ExplainRequest> = try decode(body)
            let answer = try policies.explain(caller, principal: peer.principal, request.fields)
            send(.response, operation.rawValue, id, Answer.success(answer))
        }
    }

    // MARK: The daemon

    private func administer(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let services = loop.services
        let mayLook = caller.rights.isAdministrator || caller.allows(.store, .info)
        switch operation {
        case .status:
            let handle = handle(of: wait(operation, id, try decode(body) as Request<Empty>))
            services.status.report(detailed: mayLook) { handle.finish(.success($0)) }
        case .doctor:
            let request: Request<Empty> = try decode(body)
            guard mayLook else { throw loop.isUnlocked ? .denied : .locked }
            let handle = handle(of: wait(operation, id, request))
            services.status.examine { handle.finish(.success($0)) }
        case .whoami:
            let _: Request<Empty> = try decode(body)
            send(.response, operation.rawValue, id, Answer.success(TextList(peer.principal.selectors)))
        case .unlock:
            let request: Request<UnlockRequest> = try decode(body)
            guard loop.policies.isAdministrator(uid) else { throw .denied }
            let handle = handle(of: wait(operation, id, request))
            try services.unlock.unlock(uid: uid, caller.who, request.fields, now: loop.clock) { handle.finish($0) }
        case .lock:
            let request: Request<Empty> = try decode(body)
            guard caller.allows(.store, .lock) || caller.rights.isAdministrator else { throw .denied }
            let handle = handle(of: wait(operation, id, request))
            services.unlock.lock(caller.who) { handle.finish($0) }
        case .slotList:
            let _: Request<Empty> = try decode(body)
            guard mayLook else { throw .denied }
            send(.response, operation.rawValue, id, Answer.success(MessageList(services.unlock.slots())))
        case .slotAdd:
            let request: Request<SlotAddRequest> = try decode(body)
            let handle = handle(of: wait(operation, id, request))
            try services.unlock.addSlot(caller, request.fields) { handle.finish($0) }
        default:
            let request: Request<SlotRemoveRequest> = try decode(body)
            let handle = handle(of: wait(operation, id, request))
            try services.unlock.removeSlot(caller, id: request.fields.id) { handle.finish($0) }
        }
    }
}
