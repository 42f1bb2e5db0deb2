import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire
import Dispatch

/// Searching, verifying and repairing the audit log. What walks over files runs here one at a time, off every loop.
final class AuditService: Sendable {
    private let log: AuditLog
    private let trail: AuditTrail
    private let store: Store
    private let accounts: Accounts
    private let queue = DispatchQueue(label: "coffer.audit.search")

    typealias Completion<T> = @Sendable (Result<T, Failure>) -> Void

    init(trail: AuditTrail, store: Store, accounts: Accounts) {
        log = trail.log
        self.trail = trail
        self.store = store
        self.accounts = accounts
    }

    /// - Throws: `denied`, `invalidArgument`.
    func search(_ caller: Caller, _ fields: AuditSearchRequest, completion: @escaping Completion<AuditSearchResponse>) throws(Failure) {
        try caller.require(.audit, .info)
        let query = try Self.query(fields)
        queue.async { [self] in completion(Result { () throws(Failure) in try answer(fields, query) }) }
    }

    private func answer(_ fields: AuditSearchRequest, _ asked: AuditQuery) throws(Failure) -> AuditSearchResponse {
        do throws(StoreError) {
            let reading = try log.reading()
            var query = asked
            if let value = fields.value { query.digest = value.withUnsafeBytes { reading.digest(of: $0) } }
            let page = fields.newestFirst
                ? try reading.descending(query, before: fields.cursor == 0 ? nil : fields.cursor, limit: Int(fields.limit))
                : try reading.ascending(query, after: fields.cursor, limit: Int(fields.limit))
            return cut(page, fields)
        } catch {
            throw Failure(error)
        }
    }

    /// As many as fit a frame.
    private func cut(_ page: AuditPage, _ fields: AuditSearchRequest) -> AuditSearchResponse {
        var response = AuditSearchResponse(entries: [], cursor: page.cursor, more: page.more)
        var bytes = 0
        for record in page.records {
            let entry = entry(record)
            bytes += entry.encoded().count
            guard bytes < Limits.value else {
                response.cursor = response.entries.last?.sequence ?? page.cursor
                response.more = true
                break
            }
            response.entries.append(entry)
        }
        return response
    }

    private func entry(_ record: AuditRecord) -> AuditEntry {
        let tenant = record.tenant == 0 ? "" : accounts.tenants.find(record.tenant)?.name.description ?? "#\(record.tenant)"
        return AuditEntry(record, tenant: tenant)
    }

    private static func query(_ fields: AuditSearchRequest) throws(Failure) -> AuditQuery {
        do throws(StoreError) {
            var query = try AuditQuery(
                name: fields.name, who: fields.who, noun: fields.noun, action: fields.action, since: fields.since, until: fields.until)
            query.result = switch fields.result {
            case .any: nil
            case .done: .done
            case .refused: .refused
            case .error(let code): .error(code)
            }
            return query
        } catch {
            throw Failure(error)
        }
    }

    /// - Throws: `denied`.
    func verify(_ caller: Caller, completion: @escaping Completion<AuditVerifyResponse>) throws(Failure) {
        try caller.require(.audit, .verify)
        queue.async { [self] in
            completion(Result { () throws(StoreError) in
                let head = try store.withWorker { (worker) throws(StoreError) in try worker.witnessHead() }
                return AuditVerifyResponse(try log.reading().verify(stored: head))
            }.mapError { Failure($0) })
        }
    }

    /// Administrators only: it says that what is missing will stay missing.
    func repair(_ caller: Caller, completion: @escaping Completion<AuditRepairResponse>) throws(Failure) {
        guard caller.rights.isAdministrator else { throw .denied }
        queue.async { [self] in
            completion(Result { () throws(StoreError) in
                let head = try store.withWorker { (worker) throws(StoreError) in try worker.witnessHead() }
                return AuditRepairResponse(result: String(try log.repair(by: caller.who, stored: head).prefix(250)))
            }.mapError { Failure($0) })
        }
    }
}

extension AuditEntry {
    init(_ record: AuditRecord, tenant: String) {
        self.init(
            sequence: record.sequence, time: record.time, last: record.last, count: record.count, who: record.who.selector,
            uid: record.who.uid, pid: UInt32(bitPattern: record.who.pid), door: record.who.door, address: record.who.address,
            selectors: record.who.selectors, noun: record.noun.word, action: record.action.word, result: record.result, tenant: tenant,
            name: record.name, version: record.version, revision: record.revision, hasDigest: !record.digest.isEmpty, note: record.note)
    }
}

extension AuditVerifyResponse {
    init(_ verdict: AuditVerdict) {
        self.init(
            files: UInt32(clamping: verdict.files), records: verdict.records, first: verdict.first, last: verdict.last,
            findings: verdict.findings.prefix(Limits.auditFindings).map {
                Finding(file: $0.file, record: $0.record, isKnown: $0.isKnown, message: String($0.message.prefix(250)))
            })
    }
}
