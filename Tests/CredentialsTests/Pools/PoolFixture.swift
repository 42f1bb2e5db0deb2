import CofferStore
import CofferUpstream

@testable import CofferCredentials

extension CredentialsFixture {
    var pools: PoolService { credentials.pools }

    /// Whatever is dialled is down.
    static func withoutUpstream() throws -> CredentialsFixture { try CredentialsFixture(ScriptedTransport { _ in .down(sent: false) }) }

    func document(_ table: DocumentTable, _ name: String) throws -> SecretBuffer? {
        try credentials.context.document(table, try DocumentName(name.utf8))
    }

    /// A credential that can be refreshed.
    /// - Parameter life: milliseconds that its access token lives; 0: it has none.
    @discardableResult
    func member(_ name: String, life: UInt64 = 86_400_000, tenant: TenantID = .main) async throws -> Credential {
        var draft = CredentialDraft(tenant: tenant, name: try DocumentName(name.utf8), provider: "oauth2")
        draft.parameters = ["token_url": "http://127.0.0.1:9/token"]
        draft.tokens["refresh"] = buffer(tenant == .main ? "r-\(name)" : "r-\(tenant)-\(name)")
        if life > 0 {
            draft.tokens["access"] = buffer("a-\(name)")
            draft.expiries["access"] = clock.now + life
        }
        return try await service.create(draft, by: "test")
    }

    func pool(_ name: String, _ members: [PoolMember], _ change: (inout PoolDraft) -> Void = { _ in }) async throws -> Pool {
        var draft = PoolDraft(tenant: .main, name: try DocumentName(name.utf8))
        draft.members = members
        change(&draft)
        return try await pools.create(draft, by: "test")
    }

    func request(_ pool: String, sticky: [UInt8] = [], kind: String = "access") -> TokenRequest {
        TokenRequest(tenant: .main, name: Array(pool.utf8), isPool: true, kind: kind, lease: LeaseWish(sticky: sticky))
    }

    /// The member that is picked and its lease; a pool's own token is nobody.
    func pick(
        _ pool: String, sticky: [UInt8] = [], excluding: Set<UInt64> = []
    ) throws(CredentialError) -> (credential: UInt64, lease: [UInt8]) {
        switch try pools.pick(request(pool, sticky: sticky), excluding: excluding, now: clock.now) {
        case .member(let credential, let lease): return (credential, lease)
        case .own: return (0, [])
        }
    }

    func state(_ pool: Pool, _ credential: UInt64) throws -> PoolMemberState? {
        try pools.members(of: pool.number).first { $0.credential == credential }?.state
    }

    /// A fresh access token, as a refresh brings it.
    func renew(_ credential: UInt64) async throws {
        clock.advance(1)
        var change = CredentialChange()
        change.tokens["access"] = buffer("a-\(clock.now)")
        change.expiries["access"] = clock.now + 86_400_000
        _ = try await service.update(credential, change, by: "test")
    }
}
