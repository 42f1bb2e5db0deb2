import CofferStore
import CofferUpstream

// Handing out with waiting.
extension TokenIssuer {
    /// A live token. Where none is there, waits for the one refresh that runs, or starts it; where one is there and due, it is handed out
    /// and the refresh begins behind it.
    /// - Parameters:
    ///   - deadline: Unix milliseconds; 0: none. What was begun goes on behind it.
    ///   - completion: called once, on any thread, perhaps before this returns; must not block.
    public func live(
        _ request: TokenRequest, deadline: UInt64, completion: @escaping @Sendable (Result<LiveToken, CredentialError>) -> Void
    ) {
        LiveAsk(issuer: self, request: request, deadline: deadline, completion: completion).begin()
    }

    /// The same, waiting. A cancelled task waits too, until the deadline: what it asked for is on its way to it.
    /// - Throws: `notFound`, `denied` (disabled), `needsPerson`, `dead`, `limited`, `upstream`, `noLiveMember`, `timedOut`, `busy`,
    ///   `locked`, `invalidArgument` for more time left than its tokens ever have.
    public func live(_ request: TokenRequest, deadline: UInt64) async throws(CredentialError) -> LiveToken {
        let result: Result<LiveToken, CredentialError> = await withCheckedContinuation { continuation in
            live(request, deadline: deadline) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

/// One ask for a live token, until it is answered. Bounded: each round is a refresh that ended, a pause that was allowed, or a member.
private struct LiveAsk: Sendable {
    let issuer: TokenIssuer
    let request: TokenRequest
    let deadline: UInt64
    let completion: @Sendable (Result<LiveToken, CredentialError>) -> Void

    private static let rounds = 8

    func begin() {
        if request.isPool { member(excluding: []) } else { named() }
    }

    private var context: CredentialContext { issuer.context }

    private func fail(_ error: CredentialError) { completion(.failure(error)) }

    private func named() {
        do throws(CredentialError) { try context.directory.requireReady() } catch { return fail(error) }
        guard let credential = context.directory.credential(tenant: request.tenant, name: request.name) else {
            return fail(CredentialError(.notFound, "name", "there is no credential of this name"))
        }
        get(credential.number, round: 0, failure: nil) { result in completion(result) }
    }

    // MARK: One credential

    /// - Parameter failure: what the last round came to; it is told where no more rounds are left.
    private func get(
        _ number: UInt64, round: Int, failure: CredentialError?, _ done: @escaping @Sendable (Result<LiveToken, CredentialError>) -> Void
    ) {
        let now = context.now
        do throws(StoreError) {
            let token = try issuer.reading { (reader) throws(StoreError) in
                try issuer.present(credential: number, request, now: now, reader: reader)
            }
            if let token { return done(.success(token)) }
        } catch { return done(.failure(CredentialError(error))) }
        guard let credential = context.directory.credential(number), credential.deleted == 0 else {
            return done(.failure(RefreshPlanning.gone))
        }
        guard credential.isEnabled else { return done(.failure(.isDisabled)) }
        if let error = tooLong(credential) { return done(.failure(error)) }
        let refusal = RefreshMachine(state: credential.state, journal: nil).refusal(RefreshForce(), now)
        guard round < Self.rounds else {
            let reason = "the token that was got does not live as long as was asked"
            return done(.failure(refusal ?? failure ?? CredentialError(.upstream, "", reason, retryAfter: 1_000)))
        }
        if let error = refusal {
            // Whoever waits must have a round left to dial in.
            guard round + 1 < Self.rounds else { return done(.failure(error)) }
            return wait(for: error, now) { refused in
                if let refused { done(.failure(refused)) } else { get(number, round: round + 1, failure: error, done) }
            }
        }
        let wish = RefreshWish(kinds: [request.kind], need: .left(request.minimumLeft), principal: RefreshWriter.principal)
        issuer.engine.refresh(number, wish, deadline: deadline) { end in
            if let error = end.error {
                // Cooling may have an end that lies within the deadline: the next round sees to it. Of a request that could not be made
                // (the field says why) waiting makes no better one.
                let mayWait = deadline != 0 && error.retryAfter > 0 && error.field.isEmpty && [.limited, .upstream].contains(error.code)
                guard mayWait else { return done(.failure(error)) }
                return get(number, round: round + 1, failure: error, done)
            }
            get(number, round: round + 1, failure: nil, done)
        }
    }

    /// Waits for the end of cooling where the deadline allows it.
    private func wait(for error: CredentialError, _ now: UInt64, _ done: @escaping @Sendable (CredentialError?) -> Void) {
        let mayPass = error.code == .limited || error.code == .upstream
        guard mayPass, error.retryAfter > 0, deadline != 0, now + error.retryAfter < deadline else { return done(error) }
        _ = context.options.alarm.after(error.retryAfter) { done(nil) }
    }

    /// Asking for more than the provider ever gives would dial at each request and never end.
    private func tooLong(_ credential: Credential) -> CredentialError? {
        guard request.minimumLeft > 0, let fact = credential.fact(request.kind), fact.expires > fact.obtained, fact.obtained != 0,
            fact.expires - fact.obtained <= request.minimumLeft
        else { return nil }
        return CredentialError(
            .invalidArgument, "minimum_left",
            "tokens of this credential live \((fact.expires - fact.obtained) / 1_000) seconds in all; less must be asked for")
    }

    // MARK: A pool

    private func member(excluding: Set<UInt64>) {
        do throws(CredentialError) { try context.directory.requireReady() } catch { return fail(error) }
        guard let pools = issuer.pools else { return fail(CredentialError(.notFound, "name", "there is no pool of this name")) }
        let now = context.now
        let pick: PoolPick
        do throws(CredentialError) { pick = try pools.pick(request, excluding: excluding, now: now) } catch { return fail(error) }
        switch pick {
        case .own(let pool):
            let result = Result { () throws(StoreError) in
                try issuer.reading { (reader) throws(StoreError) in
                    try pools.ownToken(pool, minimumLeft: request.minimumLeft, now: now, reader: reader)
                }
            }
            switch result {
            case .success(let token?): completion(.success(token))
            case .success(nil): fail(CredentialError(.noLiveMember, "", "the pool's own token is gone", retryAfter: 1_000))
            case .failure(let error): fail(CredentialError(error))
            }
        case .member(let number, let lease):
            get(number, round: 0, failure: nil) { result in
                switch result {
                case .success(var token):
                    token.lease = lease
                    completion(.success(token))
                case .failure(let error):
                    pools.giveBack(lease: lease, because: error)
                    // Another member may do better; whoever ran out of time, or asks for what nobody has, is told.
                    guard ![.timedOut, .locked, .invalidArgument].contains(error.code), !excluding.contains(number),
                        excluding.count < 64
                    else { return fail(error) }
                    member(excluding: excluding.union([number]))
                }
            }
        }
    }
}
