import CofferCredentials
import CofferStore
import CofferWire

/// What callers met with tokens that pools handed out.
struct TokenReports: Sendable {
    let credentials: Credentials
    let clock: @Sendable () -> UInt64

    func report(_ caller: Caller, _ request: ReportRequest) async throws(Failure) -> ReportResponse {
        guard caller.rights.allowsAny(.pool, .report), let tenant = caller.tenant else { throw .denied }
        let verdict = ReportedVerdict(request.verdict, retryAfter: UInt64(request.retryAfter), now: clock())
        let isAllowed: @Sendable (Pool) -> Bool = { pool in
            pool.tenant == tenant && caller.allows(.pool, .report, of: tenant, pool.name.bytes)
        }
        switch request.target {
        case .lease(let lease):
            do throws(CredentialError) {
                return ReportResponse(try credentials.pools.report(lease: lease.bytes, verdict, by: caller.selector, where: isAllowed))
            } catch {
                // A lease is known to whom it was given; one of a pool that is not the caller's looks like one that is over.
                guard error.code == .denied else { throw Failure(error) }
                throw Failure(.notFound, "lease: there is no such lease; one lasts for 60 seconds")
            }
        case .member(let pool, let credential):
            let name = Array(pool.utf8)
            try caller.require(.pool, .report, of: tenant, name)
            do throws(CredentialError) {
                guard let found = credentials.pools.find(tenant: tenant, name: name) else {
                    throw CredentialError(.notFound, "pool", "there is no such pool")
                }
                guard let member = credentials.credentials.find(tenant: tenant, name: Array(credential.utf8)) else {
                    throw CredentialError(.notFound, "credential", "the pool has no such member")
                }
                return ReportResponse(
                    try credentials.pools.report(
                        pool: found.number, credential: member.number, verdict, by: caller.selector, where: isAllowed))
            } catch {
                throw caller.failure(error, .pool, name)
            }
        }
    }
}

extension ReportedVerdict {
    /// - Parameter retryAfter: milliseconds; 0: the upstream did not say.
    fileprivate init(_ verdict: TokenVerdict, retryAfter: UInt64, now: UInt64) {
        self = switch verdict {
        case .ok: .ok
        case .unauthorized: .unauthorized
        case .paymentRequired: .paymentRequired(until: retryAfter == 0 ? 0 : now + retryAfter)
        case .limited: .limited(retryAfter: retryAfter)
        case .serverError: .serverError
        }
    }
}

extension ReportResponse {
    fileprivate init(_ result: PoolReportResult) {
        let effect: Effect = switch result.effect {
        case .taken: .taken
        case .repeated: .repeated
        case .outdated: .outdated
        }
        self.init(effect: effect, state: result.state.word, until: result.until)
    }
}
