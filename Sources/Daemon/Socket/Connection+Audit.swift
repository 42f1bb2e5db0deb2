import CofferAudit
import CofferStore
import CofferWire

// What goes into the audit log on this thread, and what is refused while it cannot be written.
extension Connection {
    // MARK: Reads

    /// Counts a read that is about to be answered. Allocates nothing and takes no lock; where the log is to be durable first, the read is
    /// made again behind it.
    /// - Returns: whether to answer now; otherwise what was opened is wiped, and the request sees to its own end.
    @inline(__always)
    func mayAnswer(_ found: ReadOutcome.Value, _ requestID: UInt32, _ tenant: TenantID, _ name: UnsafeRawBufferPointer) -> Bool {
        if loop.recorder.isSync {
            waitForRecord(found, requestID, tenant, Array(name))
            return false
        }
        let counted = loop.recorder.count(
            .get, .secret, who, hash: loop.reader.identify(tenant: tenant, name: name, wasRead: true), tenant: tenant, name: name,
            version: found.version, now: loop.now)
        if counted { return true }
        output.commit(0, scribbled: Self.valueOffset + found.writtenLength)
        send(.response, Operation.get.rawValue, requestID, Failure.auditUnavailable)
        return false
    }

    private static let recordTime: UInt64 = 2_500

    private func waitForRecord(_ found: ReadOutcome.Value, _ requestID: UInt32, _ tenant: TenantID, _ name: [UInt8]) {
        output.commit(0, scribbled: Self.valueOffset + found.writtenLength)
        let pending = PendingRequest(id: requestID, operation: Operation.get.rawValue, shape: .single(Operation.get.rawValue))
        unfinished[requestID] = pending
        let handle = handle(of: pending)
        // The log answers within two seconds, unless the disk hangs.
        pending.deadline = loop.now + Self.recordTime
        loop.schedule(deadline: pending.deadline, handle)
        let version = found.version
        let record = AuditRecord(
            time: loop.now, who: caller.who, noun: .secret, action: .get, tenant: tenant, name: name, version: version)
        loop.services.trail.log.record(record) { isDurable in
            handle.resume { connection, request in
                guard isDurable else { return connection.finish(request, Failure.auditUnavailable) }
                connection.answerRecorded(request, tenant, name, version)
            }
        }
    }

    /// As it is now: it may have been deleted, or the store locked, while the record was written.
    private func answerRecorded(_ request: PendingRequest, _ tenant: TenantID, _ name: [UInt8], _ version: UInt64) {
        loop.refreshReader()
        guard loop.isUnlocked else { return finish(request, loop.lockFailure) }
        guard unfinished.removeValue(forKey: request.id) != nil else { return }
        name.withUnsafeBytes { get(request.id, tenant, $0, version, .none, isRecorded: true) }
    }

    /// A read of something else than a secret's value, on this thread.
    /// - Throws: `auditUnavailable` where it cannot be recorded.
    func countRead(_ action: AuditAction, noun: AuditNoun = .secret, _ name: [UInt8], version: UInt64) throws(Failure) {
        guard count(action, noun, name, version: version, result: .ok) else { throw .auditUnavailable }
    }

    /// The same for what is sent in the middle of a stream.
    func count(_ action: AuditAction, _ noun: AuditNoun, _ name: [UInt8], version: UInt64, result: ErrorCode) -> Bool {
        guard loop.recorder.permits else { return false }
        let tenant = caller.tenant ?? 0
        return name.withUnsafeBytes { bytes in
            loop.recorder.count(
                action, noun, caller.who, hash: loop.reader.identify(tenant: tenant, name: bytes, wasRead: false), tenant: tenant, name: bytes,
                version: version, result: result.rawValue, now: loop.now)
        }
    }

    func countMiss(_ failure: Failure, _ name: [UInt8]) -> Bool { count(.get, .secret, name, version: 0, result: failure.code) }

    /// A GET that no policy allows: many of them are one record.
    func countRefusedGet(_ name: UnsafeRawBufferPointer) {
        let tenant = caller.tenant ?? 0
        _ = loop.recorder.count(
            .get, .secret, who, hash: loop.reader.identify(tenant: tenant, name: name, wasRead: false), tenant: tenant, name: name,
            version: 0, result: ErrorCode.denied.rawValue, now: loop.now)
    }

    // MARK: Refusals

    /// Whatever refused, it passes here; where the service has said more already, nothing is said twice.
    func noteRefusal(_ failure: Failure, _ operation: Operation?, _ note: RefusalNote?) {
        guard failure.code == .denied, let operation, operation != .get, note?.isTaken != true else { return }
        note?.take()
        let (noun, action) = operation.audited
        loop.services.trail.did(caller.who, noun, action, tenant: caller.tenant, result: .denied)
    }

    /// While the log cannot be written nothing is handed out and nothing changed; what helps it back, and what says how things stand, is
    /// answered.
    func checkAudit(_ operation: Operation, _ body: UnsafeRawBufferPointer) throws(Failure) {
        guard loop.isUnlocked, !loop.recorder.permits else { return }
        switch operation {
        case .hello, .confirm, .get, .verify, .ping, .status, .whoami, .unlock, .lock, .doctor, .slotList, .auditSearch, .auditVerify,
            .auditRepair:
            return
        default:
            try check(operation, body)
            throw .auditUnavailable
        }
    }

    // MARK: Asking for it

    func audit(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let service = loop.services.audit
        switch operation {
        case .auditSearch:
            let request: Request<AuditSearchRequest> = try decode(body)
            let handle = handle(of: wait(operation, id, request))
            try service.search(caller, request.fields) { handle.finish($0) }
        case .auditVerify:
            let handle = handle(of: wait(operation, id, try decode(body) as Request<Empty>))
            try service.verify(caller) { handle.finish($0) }
        default:
            let handle = handle(of: wait(operation, id, try decode(body) as Request<Empty>))
            try service.repair(caller) { handle.finish($0) }
        }
    }
}
