import CofferAudit
import CofferStore
import CofferWire
import Synchronization

/// What services and doors write into the audit log.
struct AuditTrail: Sendable {
    let log: AuditLog
    let clock: @Sendable () -> UInt64

    /// Something was done, or refused. What is refused to one caller again and again is counted.
    func did(
        _ who: AuditWho, _ noun: AuditNoun, _ action: AuditAction, tenant: TenantID? = nil, name: [UInt8] = [], version: UInt64 = 0,
        result: ErrorCode = .ok, note: String = ""
    ) {
        let record = record(who, noun, action, tenant, name, version, result, note)
        if result == .ok { log.record(record) } else { log.recordRefusal(record) }
    }

    /// A door did something for somebody; beyond some a second it is counted. `name` is a route, never what the caller chose.
    func served(_ who: AuditWho, _ action: AuditAction, name: [UInt8], note: String) {
        log.recordAct(record(who, .door, action, nil, name, 0, .ok, note))
    }

    /// The same, durable before it returns; does not block.
    /// - Returns: false where it could not be made durable.
    func servedDurably(_ who: AuditWho, _ action: AuditAction, name: [UInt8], note: String) async -> Bool {
        await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
            log.recordAct(record(who, .door, action, nil, name, 0, .ok, note)) { done.resume(returning: $0) }
        }
    }

    /// What must not happen without its record: written, durable, before it does.
    /// - Throws: `audit-unavailable`.
    func require(
        _ who: AuditWho, _ noun: AuditNoun, _ action: AuditAction, tenant: TenantID? = nil, name: [UInt8] = [], version: UInt64 = 0, note: String = ""
    ) throws(StoreError) {
        try log.require(record(who, noun, action, tenant, name, version, .ok, note))
    }

    /// The same without blocking.
    func requireSoon(
        _ who: AuditWho, _ noun: AuditNoun, _ action: AuditAction, tenant: TenantID? = nil, name: [UInt8] = [], note: String = ""
    ) async throws(StoreError) {
        let isDurable = await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
            log.record(record(who, noun, action, tenant, name, 0, .ok, note)) { done.resume(returning: $0) }
        }
        guard isDurable else { throw StoreError(.audit, "the audit log cannot be written") }
    }

    private func record(
        _ who: AuditWho, _ noun: AuditNoun, _ action: AuditAction, _ tenant: TenantID?, _ name: [UInt8], _ version: UInt64, _ result: ErrorCode,
        _ note: String
    ) -> AuditRecord {
        AuditRecord(
            time: clock(), who: who, noun: noun, action: action, result: result.rawValue, tenant: tenant ?? 0, name: name, version: version,
            note: note)
    }
}

/// Whether the refusal of a request is in the log already, with what it was about. One for each request.
final class RefusalNote: Sendable {
    private let state = Mutex(false)
    var isTaken: Bool { state.withLock { $0 } }
    func take() { state.withLock { $0 = true } }
}

extension AuditNoun {
    init(_ noun: Noun) { self = AuditNoun(rawValue: noun.code) ?? .store }
}

extension AuditAction {
    init(_ action: Action) { self = AuditAction(rawValue: action.code) ?? .request }
}

extension Operation {
    /// What a request is about, where its refusal says no more.
    var audited: (noun: AuditNoun, action: AuditAction) {
        switch self {
        case .get: (.secret, .get)
        case .put: (.secret, .put)
        case .info: (.secret, .info)
        case .list: (.secret, .list)
        case .activate: (.secret, .activate)
        case .delete: (.secret, .delete)
        case .undelete: (.secret, .undelete)
        case .destroy: (.secret, .destroy)
        case .update: (.secret, .update)
        case .export: (.secret, .export)
        case .import: (.secret, .import)
        case .watch: (.secret, .watch)
        case .policyApply: (.policy, .put)
        case .policyShow, .policyList, .explain: (.policy, .info)
        case .policyDelete: (.policy, .delete)
        case .slotList: (.slot, .list)
        case .slotAdd: (.slot, .add)
        case .slotRemove: (.slot, .remove)
        case .slotRotate: (.slot, .rotate)
        case .slotRehearse: (.slot, .verify)
        case .rekey, .rekeyRoot: (.store, .rekey)
        case .verify: (.apikey, .verify)
        case .reserve: (.apikey, .reserve)
        case .settle, .release: (.apikey, .settle)
        case .reveal: (.apikey, .reveal)
        case .usage: (.apikey, .info)
        case .accountImport: (.user, .import)
        case .credentialImport: (.credential, .import)
        case .token: (.credential, .token)
        case .tokenWatch: (.credential, .watch)
        case .report: (.pool, .report)
        case .backupCreate, .backupRun: (.backup, .create)
        case .backupList: (.backup, .info)
        case .restore: (.backup, .restore)
        case .auditSearch: (.audit, .info)
        case .auditVerify: (.audit, .verify)
        case .auditRepair: (.audit, .repair)
        case .scrub: (.store, .scrub)
        case .unlock: (.store, .unlock)
        case .lock: (.store, .lock)
        default: (.store, .request)
        }
    }
}
