import CofferStore
import CofferUpstream

/// Schedules act through the issuer and the pools: single flight, journal and pace are theirs.
struct IssuerActing: ScheduleActing {
    let tokens: TokenIssuer
    let pools: PoolService

    func refresh(_ number: UInt64, relogin: Bool, kinds: [String], by principal: String) async throws(CredentialError) {
        let report = try await tokens.refresh(number, options: RefreshOptions(relogin: relogin, kinds: Set(kinds)), by: principal)
        if let error = report.error { throw error }
    }

    func check(_ number: UInt64, by principal: String) async throws(CredentialError) -> CheckOutcome {
        let report = try await tokens.check(number, by: principal)
        return CheckOutcome(isLive: report.verdict == .live, word: report.verdict.rawValue)
    }

    func pools(tenant: TenantID, matching filter: CredentialFilter) -> [UInt64] {
        pools.list(tenant: tenant) { pool in
            (filter.pattern.isEmpty || NamePattern(filter.pattern).matches(pool.name.bytes))
                && (filter.pool.isEmpty || pool.name.bytes.elementsEqual(filter.pool.utf8))
                && (filter.provider.isEmpty || pool.provider == filter.provider)
                && filter.attributes.allSatisfy { pool.attributes[$0.key] == $0.value }
        }.map(\.number)
    }

    func members(tenant: TenantID, pool: String) -> Set<UInt64>? {
        pools.find(tenant: tenant, name: Array(pool.utf8)).map { Set($0.members.map(\.credential)) }
    }

    /// The step of purpose `pool` of the pool's provider, with the share tokens of its members and the token that it has.
    func renewPool(_ number: UInt64, by principal: String) async throws(CredentialError) {
        guard let pool = pools.find(number) else { throw CredentialError(.notFound, "pool", "there is no such pool") }
        guard let step = tokens.providers.find(pool.provider)?.steps(.pool).first else {
            throw CredentialError(.invalidArgument, "pool", "the pool's provider gives pools no token of their own")
        }
        let members = pool.members.compactMap { tokens.context.directory.credential($0.credential) }
            .filter { $0.deleted == 0 && $0.isEnabled && $0.fact("share") != nil }
        guard let caller = members.first(where: { $0.provider == pool.provider }) else {
            throw CredentialError(.noLiveMember, "pool", "no member of the pool has a share token")
        }
        var values: [String: SecretBuffer] = ["share_tokens": try shareTokens(of: members)]
        // Without it the upstream would make another pool; it asks for an empty one where there is none yet.
        values["pool"] = try pools.ownToken(number)
        let result = try await tokens.perform(caller.number, step: step.name, values: values, by: principal)
        guard result.verdict == .ok, let token = result.values[Pool.ownKind] else {
            throw CredentialError(result.verdict == .ok ? .upstream : .failed, "pool", result.reason)
        }
        try await pools.setOwnToken(number, token, expires: result.expiries[Pool.ownKind] ?? 0, by: principal)
    }

    /// Each with a line feed behind it.
    private func shareTokens(of members: [Credential]) throws(CredentialError) -> SecretBuffer {
        var tokens: [SecretBuffer] = []
        for member in members {
            if let token = try self.tokens.context.token(of: member.number, kind: "share") { tokens.append(token) }
        }
        let count = tokens.reduce(0) { $0 + $1.count + 1 }
        return SecretBuffer(count: count) { output in
            var offset = 0
            for token in tokens {
                UnsafeMutableRawBufferPointer(rebasing: output[offset..<(offset + token.count)]).copyMemory(from: token.bytes)
                offset += token.count
                output[offset] = UInt8(ascii: "\n")
                offset += 1
            }
            withExtendedLifetime(tokens) {}
        }
    }
}
