import CofferAccounts
import CofferAudit
import CofferStore
import CofferWire

/// Who asks, as services see it: in which tenant, with which rights, and how the store writes it down.
struct Caller: Sendable {
    /// `uid:1001`: kept with versions; idempotency keys belong to it.
    var selector: String
    /// `nil`: the tenant that the caller named does not exist; nothing is allowed there.
    var tenant: TenantID?
    var rights: PrincipalClass
    /// The same caller as the audit log writes it down, and where refusals go.
    var who: AuditWho
    var trail: AuditTrail
    /// Of the request at hand.
    var refusal = RefusalNote()

    @inline(__always)
    func allows(_ noun: Noun, _ action: Action, _ name: UnsafeRawBufferPointer) -> Bool {
        // Policies, slots and doors lie in no tenant: rules about them name the one that every store has.
        guard let tenant = noun == .secret ? tenant : .main else { return false }
        return rights.allows(noun, action, tenant: tenant, name: name)
    }

    /// About something of a tenant that is not the connection's: a user, an API key.
    func allows(_ noun: Noun, _ action: Action, of tenant: TenantID, _ name: [UInt8]) -> Bool {
        name.withUnsafeBytes { rights.allows(noun, action, tenant: tenant, name: $0) }
    }

    /// - Throws: `denied`.
    func require(_ noun: Noun, _ action: Action, of tenant: TenantID, _ name: [UInt8]) throws(Failure) {
        guard allows(noun, action, of: tenant, name) else { throw refused(noun, action, tenant, name) }
    }

    func allows(_ noun: Noun, _ action: Action, _ name: [UInt8] = []) -> Bool { name.withUnsafeBytes { allows(noun, action, $0) } }

    /// - Throws: `denied`.
    func require(_ noun: Noun, _ action: Action, _ name: [UInt8] = []) throws(Failure) {
        guard allows(noun, action, name) else { throw refused(noun, action, noun == .secret ? tenant : nil, name) }
    }

    /// In the log it stands as what it is; the caller cannot tell it from absent.
    private func refused(_ noun: Noun, _ action: Action, _ tenant: TenantID?, _ name: [UInt8]) -> Failure {
        refusal.take()
        trail.did(who, AuditNoun(noun), AuditAction(action), tenant: tenant, name: name, result: .denied)
        return .denied
    }

    /// What came of something long.
    func note<T>(_ noun: AuditNoun, _ action: AuditAction, _ result: Result<T, Failure>) {
        if case .failure(let failure) = result { trail.did(who, noun, action, result: failure.code) } else { trail.did(who, noun, action) }
    }

    /// Policy first, then the rules of names (protocol.md, "Rights").
    func authorize(_ action: Action, _ name: [UInt8]) throws(Failure) -> Name {
        try require(.secret, action, name)
        do throws(NameError) { return try Name(name) } catch { throw Failure(.invalidName, error.rawValue) }
    }

    /// What a failure of the store looks like to this caller: who may not know whether a name exists is told `denied`.
    func failure(_ error: StoreError, about name: [UInt8]) -> Failure {
        let failure = Failure(error)
        switch failure.code {
        case .notFound, .versionNotFound, .deleted, .expired: return allows(.secret, .info, name) ? failure : .denied
        default: return failure
        }
    }
}

extension Failure {
    /// One text for "not allowed" and "not there", so that the two look alike (formats.md 13, decisions 24).
    static let denied = Failure(.denied, "no policy allows this, or there is no such name")
    static let locked = Failure(.locked, "the store is locked: 'coffer unlock' opens it")
    /// What made the log fail is for those who may look: status and doctor say it.
    static let auditUnavailable = Failure(
        .auditUnavailable, "the audit log cannot be written: nothing is handed out meanwhile", retry: .after(milliseconds: 1_000))
    static let draining = Failure(.draining, "the daemon is stopping", retry: .after(milliseconds: 1_000))

    init(_ error: StoreError) {
        let code: ErrorCode = switch error.code {
        case .invalidName: .invalidName
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .versionNotFound: .versionNotFound
        case .deleted: .deleted
        case .expired: .expired
        case .conflict, .alreadyExists, .notEmpty, .newer: .conflict
        // Doors translate these before; whoever does not is told the next best.
        case .budgetExhausted, .walletExhausted, .dayExhausted, .monthExhausted, .inFlightExhausted: .conflict
        case .resync: .resync
        case .locked: .locked
        case .busy: .busy
        case .readOnly: .readOnly
        case .full: .storeFull
        case .audit: .auditUnavailable
        case .outcomeUnknown: .outcomeUnknown
        case .damaged, .unknownFormat, .unknownSuite, .unknownKey, .rolledBack, .notAStore: .damaged
        case .unlockFailed: .unlockFailed
        case .lastSlot: .lastSlot
        default: .failed
        }
        let retry: Retry = switch code {
        case .busy, .auditUnavailable: .after(milliseconds: 1_000)
        case .failed: .now
        default: .never
        }
        self.init(code, String(error.message.prefix(1_000)), retry: retry, outcome: code == .outcomeUnknown ? .unknown : .none)
    }
}

extension Failure {
    /// What accounts refused, in the protocol's words.
    init(_ error: AccountError) {
        let code: ErrorCode = switch error.code {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists, .conflict, .exhausted, .tooMany: .conflict
        case .denied, .loginFailed: .denied
        case .busy: .busy
        case .locked: .locked
        case .readOnly: .readOnly
        case .storeFull: .storeFull
        case .outcomeUnknown: .outcomeUnknown
        case .failed: .failed
        }
        if code == .locked {
            self = .locked
            return
        }
        if code == .readOnly, error.field == "audit" {
            self = .auditUnavailable
            return
        }
        let retry: Retry = code == .busy ? .after(milliseconds: 1_000) : code == .failed ? .now : .never
        self.init(code, String(error.message.prefix(1_000)), retry: retry, outcome: code == .outcomeUnknown ? .unknown : .none)
    }
}
