import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore

// Live tokens, and what came of them (docs/admin-api.md).
extension GatewayVerbs {
    func token(_ request: inout AdminBody, _ session: Session) async throws(AdminFailure) -> JSONValue {
        let tenant = try tenant(&request, session)
        let (name, isPool) = try subject(&request)
        let kind = try request.text("kind", 1...64, default: "access")
        let left = try request.number("min_left_ms", 0...86_400_000, default: 0)
        let sticky = try request.text("sticky", 0...128, default: "")
        let timeout = try request.number("timeout_ms", 1...600_000, default: 30_000)
        try request.finish()
        guard TokenRequest.isHandedOut(kind, ofPool: isPool) else {
            throw .invalid("kind", "must be access or share: other tokens are handed out on the socket only")
        }
        guard isAllowed(isPool ? .poolToken : .token, session, tenant, name) else { throw .denied }
        let wish = TokenRequest(
            tenant: tenant, name: name, isPool: isPool, kind: kind, minimumLeft: UInt64(left), lease: LeaseWish(sticky: Array(sticky.utf8)))
        do throws(CredentialError) {
            try credentials.requireReady()
            return Self.members(of: try await credentials.tokens.live(wish, deadline: Store.systemClock() + UInt64(timeout)))
        } catch {
            throw AdminFailure(error)
        }
    }

    func report(_ request: inout AdminBody, _ session: Session) throws(AdminFailure) -> JSONValue {
        let tenant = try tenant(&request, session)
        let lease = try request.optionalText("lease", 32...32)
        let pool = try request.optionalText("pool", 1...255)
        let credential = try request.optionalText("credential", 1...255)
        let verdict = try Self.verdict(&request)
        try request.finish()
        let rights = session.rights
        let by = session.principal.selector
        let isAllowed: @Sendable (Pool) -> Bool = { pool in
            pool.tenant == tenant && pool.name.bytes.withUnsafeBytes { rights.allows(.report, tenant: tenant, name: $0) }
        }
        guard rights.allowsAny(.report) else { throw .denied }
        do throws(CredentialError) {
            try credentials.requireReady()
            if let lease {
                guard pool == nil, credential == nil else { throw CredentialError(.invalidArgument, "lease", "it stands alone, without pool and credential") }
                guard let id = Hexadecimal.bytes(lease) else { throw CredentialError(.invalidArgument, "lease", "it is 32 hexadecimal digits") }
                return Self.members(of: try credentials.pools.report(lease: id, verdict, by: by, where: isAllowed))
            }
            guard let pool, let credential else { throw CredentialError(.invalidArgument, "lease", "a lease is needed, or pool and credential") }
            guard self.isAllowed(.report, session, tenant, Array(pool.utf8)) else { throw CredentialError(.denied, "", "no policy allows this") }
            guard let found = credentials.pools.find(tenant: tenant, name: Array(pool.utf8)),
                let member = credentials.credentials.find(tenant: tenant, name: Array(credential.utf8))
            else { throw CredentialError(.notFound, "pool", "there is no such pool, or it has no such member") }
            return Self.members(of: try credentials.pools.report(pool: found.number, credential: member.number, verdict, by: by, where: isAllowed))
        } catch {
            // A lease of a pool that is not the caller's looks like one that is over.
            guard error.code == .denied, lease != nil else { throw AdminFailure(error) }
            throw AdminFailure(status: 404, code: "not-found", field: "lease", message: "there is no such lease; one lasts for 60 seconds")
        }
    }

    // MARK: Parts

    private func isAllowed(_ action: AdminAction, _ session: Session, _ tenant: TenantID, _ name: [UInt8]) -> Bool {
        name.withUnsafeBytes { session.rights.allows(action, tenant: tenant, name: $0) }
    }

    /// The caller's own, unless it names another; policy decides either way.
    private func tenant(_ request: inout AdminBody, _ session: Session) throws(AdminFailure) -> TenantID {
        guard let name = try request.optionalText("tenant", 1...255) else { return session.principal.user.home }
        guard let tenant = accounts.tenants.find(name: Array(name.utf8)) else { throw .denied }
        return tenant.number
    }

    /// `credential` or `pool`, one of them.
    private func subject(_ request: inout AdminBody) throws(AdminFailure) -> (name: [UInt8], isPool: Bool) {
        let credential = try request.optionalText("credential", 1...255)
        let pool = try request.optionalText("pool", 1...255)
        switch (credential, pool) {
        case (let name?, nil): return (Array(name.utf8), false)
        case (nil, let name?): return (Array(name.utf8), true)
        default: throw .invalid("credential", "either credential or pool must be there")
        }
    }

    /// `result` in words, or the HTTP `status` that the caller met.
    private static func verdict(_ request: inout AdminBody) throws(AdminFailure) -> ReportedVerdict {
        let word = try request.optionalText("result", 1...32)
        let status = try request.number("status", 0...599, default: 0)
        let wait = UInt64(try request.number("retry_after_ms", 0...86_400_000, default: 0))
        guard (word == nil) != (status == 0) else { throw .invalid("result", "either result or status must be there") }
        switch (word, status) {
        case ("ok", _), (nil, 200...299): return .ok
        case ("unauthorized", _), (nil, 401): return .unauthorized
        case ("payment-required", _), (nil, 402): return .paymentRequired(until: wait == 0 ? 0 : Store.systemClock() + wait)
        case ("limited", _), (nil, 429): return .limited(retryAfter: wait)
        case ("server-error", _), (nil, 500...599): return .serverError
        case (nil, _): throw .invalid("status", "says nothing about a token: 2xx, 401, 402, 429 and 5xx do")
        default: throw .invalid("result", "must be ok, unauthorized, payment-required, limited or server-error")
        }
    }

    private static func members(of token: LiveToken) -> JSONValue {
        defer { withExtendedLifetime(token.value) {} }
        return .object([
            ("token", .string(String(decoding: token.value.bytes, as: UTF8.self))), ("kind", .string(token.kind)),
            ("expires_at", token.expires == 0 ? .null : .exact(token.expires)),
            ("credential", token.credential == 0 ? .null : .string(token.name.description)), ("revision", .exact(token.revision)),
            ("lease", token.lease.isEmpty ? .null : .string(Hexadecimal.text(token.lease))),
        ])
    }

    private static func members(of result: PoolReportResult) -> JSONValue {
        let effect = switch result.effect {
        case .taken: "taken"
        case .repeated: "repeated"
        case .outdated: "outdated"
        }
        return .object([
            ("effect", .string(effect)), ("state", .string(result.state.word)), ("until", result.until == 0 ? .null : .exact(result.until)),
        ])
    }
}
