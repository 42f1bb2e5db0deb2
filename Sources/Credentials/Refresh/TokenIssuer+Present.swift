import CofferStore
import CofferUpstream

// Handing out from the store, in microseconds.
extension TokenIssuer {
    /// A live token from the store, at once. Waits at most for the disk; takes a lock, so not on event loops.
    /// - Returns: `nil`: there is no live one now; ``live(_:deadline:)`` gets one, or says why not.
    public func present(_ request: TokenRequest, now: UInt64) -> LiveToken? {
        try? reading { (reader) throws(StoreError) in try present(request, now: now, reader: reader) }
    }

    /// The same for an event loop, with the loop's own reader: nothing waits.
    ///
    /// Where the token is due, its refresh begins behind it.
    /// - Parameter reader: between begin and end.
    public func present(_ request: TokenRequest, now: UInt64, reader: StoreReader) throws(StoreError) -> LiveToken? {
        guard request.isPool else {
            let found = context.directory.read { memory -> Found? in
                guard let number = memory.names[NameInTenant(tenant: request.tenant, bytes: request.name)] else { return nil }
                return memory.credentials[number].flatMap { Found($0, request.kind, request.minimumLeft, now) }
            }
            return try found.flatMap { (found) throws(StoreError) in try hand(found, request, now, reader) }
        }
        guard let pools, let pick = try? pools.pick(request, excluding: [], now: now) else { return nil }
        switch pick {
        case .own(let pool):
            return try pools.ownToken(pool, minimumLeft: request.minimumLeft, now: now, reader: reader)
        case .member(let number, let lease):
            guard var token = try present(credential: number, request, now: now, reader: reader) else {
                // Not a verdict on the member: whoever asks again, waiting, gets its token made.
                pools.giveBack(lease: lease, because: CredentialError(.busy, "", "its token must be got first"))
                return nil
            }
            token.lease = lease
            return token
        }
    }

    /// The token of one credential; the request's name is not looked at.
    func present(credential number: UInt64, _ request: TokenRequest, now: UInt64, reader: StoreReader) throws(StoreError) -> LiveToken? {
        let found = context.directory.read { $0.credentials[number].flatMap { Found($0, request.kind, request.minimumLeft, now) } }
        return try found.flatMap { (found) throws(StoreError) in try hand(found, request, now, reader) }
    }

    /// What memory says of a token that may be handed out.
    private struct Found: Sendable {
        let number: UInt64
        let name: DocumentName
        let provider: String
        let fact: TokenFact
        let canRefresh: Bool

        init?(_ credential: Credential, _ kind: String, _ left: UInt64, _ now: UInt64) {
            guard credential.isEnabled, credential.deleted == 0, credential.state.phase != .dead, let fact = credential.fact(kind),
                fact.isLive(at: now, left: left)
            else { return nil }
            number = credential.number
            name = credential.name
            provider = credential.provider
            self.fact = fact
            canRefresh = switch credential.state.phase {
            case .idle: true
            case .cooling: credential.state.until <= now
            case .claimed, .dialled, .needsPerson, .dead: false
            }
        }
    }

    private func hand(_ found: Found, _ request: TokenRequest, _ now: UInt64, _ reader: StoreReader) throws(StoreError) -> LiveToken? {
        guard let name = try? DocumentName.token(found.number, request.kind),
            let (bytes, revision) = try reader.documentWithRevision(.credentialTokens, name)
        else { return nil }
        let (fact, value) = try CredentialDocuments.token(bytes, kind: request.kind)
        // Memory may be a commit ahead of the reader, or behind.
        guard fact.isLive(at: now, left: request.minimumLeft) else { return nil }
        if found.canRefresh, fact.expires != 0 { renewIfDue(found, fact, now) }
        return LiveToken(
            value: value, kind: request.kind, expires: fact.expires, credential: found.number, name: found.name, revision: revision)
    }

    /// The asker has a token that lives; the next one is made behind it, once.
    private func renewIfDue(_ found: Found, _ fact: TokenFact, _ now: UInt64) {
        guard let provider = providers.find(found.provider) else { return }
        let lead = fact.leadTime(provider.lead)
        guard !fact.isLive(at: now, left: lead), engine.mayBegin(found.number, now) else { return }
        engine.refresh(
            found.number, RefreshWish(kinds: [fact.kind], need: .left(lead), principal: RefreshWriter.principal))
    }
}
