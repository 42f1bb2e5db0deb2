import CofferStore
import CofferUpstream

/// What memory holds, with its look-up maps. A value: whoever changes it holds the directory's lock.
struct CredentialMemory: Sendable {
    enum Phase: Sendable, Equatable {
        case locked, ready
        case failed(StoreError)
    }

    var phase: Phase = .locked
    var credentials: [UInt64: Credential] = [:]
    /// Those that are not deleted, by name.
    var names: [NameInTenant: UInt64] = [:]
    /// Ascending numbers of all, deleted ones among them.
    var order: [UInt64] = []
    var sequences: [CredentialSequence: UInt64] = [:]
    /// Revision that wrote a credential's tokens last: what a client compares to see whether its token changed.
    var tokenRevisions: [UInt64: UInt64] = [:]
    /// Whose a refresh token is, or was when it was imported.
    private(set) var holders = TokenHolders()

    mutating func apply(_ event: CredentialEvent) {
        switch event {
        case .settings(let number, let new): set(number, new)
        case .state(let number, let state): credentials[number]?.state = state ?? CredentialState()
        case .token(let number, let kind, let fact, let mark, let revision):
            set(number, kind, fact, revision)
            if kind == TokenHolders.kind, let credential = credentials[number] { holders.set(current: mark, of: credential) }
        case .sequence(let sequence, let last): sequences[sequence] = last
        }
    }

    private mutating func set(_ number: UInt64, _ new: Credential?) {
        let old = credentials[number]
        if let old, old.deleted == 0 {
            let key = NameInTenant(tenant: old.tenant, bytes: old.name.bytes)
            if names[key] == number { names[key] = nil }
        }
        guard var new else {
            credentials[number] = nil
            tokenRevisions[number] = nil
            holders.forget(number)
            order.removeAll { $0 == number }
            return
        }
        new.state = old?.state ?? CredentialState()
        new.tokens = old?.tokens ?? []
        credentials[number] = new
        holders.set(new)
        if new.deleted == 0 { names[NameInTenant(tenant: new.tenant, bytes: new.name.bytes)] = number }
        if old == nil {
            if let last = order.last, last > number {
                order.insert(number, at: order.firstIndex { $0 > number } ?? order.endIndex)
            } else {
                order.append(number)
            }
        }
    }

    private mutating func set(_ number: UInt64, _ kind: String, _ fact: TokenFact?, _ revision: UInt64) {
        guard var tokens = credentials[number]?.tokens else { return }
        tokens.removeAll { $0.kind == kind }
        if let fact {
            tokens.append(fact)
            tokens.sort { $0.kind < $1.kind }
        }
        credentials[number]?.tokens = tokens
        tokenRevisions[number] = max(revision, tokenRevisions[number] ?? 0)
    }
}

/// What one document says now; `nil`: it is gone.
enum CredentialEvent: Sendable {
    case settings(UInt64, Credential?)
    case state(UInt64, CredentialState?)
    /// `mark`: of a refresh token alone.
    case token(UInt64, kind: String, TokenFact?, TokenMark?, revision: UInt64)
    case sequence(CredentialSequence, UInt64)
}
