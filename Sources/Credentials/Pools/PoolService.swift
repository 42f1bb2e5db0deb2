import CofferAccounts
import CofferStore
import Synchronization

/// Named groups of credentials; asking one gives one live token.
///
/// Reading, picking and reporting work on memory and wait for nothing: they may be called on an event loop. What is known of members is
/// written to the store within a second.
public final class PoolService: CredentialFollowing, Sendable {
    let context: CredentialContext
    let tokens: TokenIssuer
    let memory = Mutex(PoolMemory())
    /// Whether what was learned is written by itself.
    let isRunning = Atomic<Bool>(false)

    init(context: CredentialContext, tokens: TokenIssuer) {
        self.context = context
        self.tokens = tokens
        tokens.setPools(self)
    }

    // MARK: Reading, from memory

    public func find(_ number: UInt64) -> Pool? { memory.withLock { $0.pools[number]?.pool } }

    public func find(tenant: TenantID, name: [UInt8]) -> Pool? {
        memory.withLock { memory in
            guard let number = memory.names[NameInTenant(tenant: tenant, bytes: name)] else { return nil }
            return memory.pools[number]?.pool
        }
    }

    /// Ascending by number.
    /// - Parameter tenant: `nil`: of all tenants.
    public func list(tenant: TenantID? = nil, where isWanted: (Pool) -> Bool = { _ in true }) -> [Pool] {
        let all = memory.withLock { memory in memory.order.compactMap { memory.pools[$0]?.pool } }
        return all.filter { (tenant == nil || $0.tenant == tenant) && isWanted($0) }
    }

    public var count: Int { memory.withLock { $0.order.count } }

    /// Numbers of the pools that a credential is in, ascending.
    public func pools(with credential: UInt64) -> [UInt64] {
        memory.withLock { $0.memberships[credential]?.sorted() ?? [] }
    }

    /// How the members of a pool stand, in their order.
    /// - Throws: `notFound`.
    public func members(of number: UInt64) throws(CredentialError) -> [PoolMemberView] {
        let now = context.now
        let members = memory.withLock { memory -> [PoolMachine.Member]? in
            memory.pools[number]?.machine.advance(to: now)
            return memory.pools[number]?.machine.members
        }
        scheduleSaving()
        guard let members else { throw .noPool }
        return members.map { view($0, now: now) }
    }

    /// How the pool's own token stands; `nil`: it has none.
    /// - Throws: `notFound`.
    public func ownView(of number: UInt64) throws(CredentialError) -> PoolMemberView? {
        let now = context.now
        let found = memory.withLock { memory -> PoolMachine.Member?? in
            memory.pools[number]?.machine.advance(to: now)
            return memory.pools[number].map { $0.machine.own }
        }
        guard let own = found else { throw .noPool }
        return own.map { view($0, now: now) }
    }

    private func view(_ member: PoolMachine.Member, now: UInt64) -> PoolMemberView {
        let credential = context.directory.credential(member.credential).flatMap { $0.deleted == 0 ? $0 : nil }
        let health = member.health
        return PoolMemberView(
            credential: member.credential, name: credential?.name, weight: member.weight, inFlightLimit: member.inFlightLimit,
            inFlight: member.inFlight, state: health.state, until: health.until > now ? health.until : 0, since: health.since,
            isHalfOpen: health.state != .live && health.isOpen(at: now), reason: health.reason, failures: health.failures,
            verdict: health.verdict, verdictTime: health.verdictTime, takesPart: member.standing.takesPart,
            credentialWord: credential?.word(now: now) ?? (member.credential == 0 ? "" : "deleted"))
    }

    // MARK: Sealed. Waits for the disk: not on an event loop

    /// The pool's own token as it lies in the store, alive or not; `nil`: it has none.
    public func ownToken(_ number: UInt64) throws(CredentialError) -> SecretBuffer? {
        guard let bytes = try context.document(.poolTokens, try .number(number)) else { return nil }
        return try CredentialError.translating { () throws(StoreError) in
            try CredentialDocuments.token(bytes, kind: Pool.ownKind).value
        }
    }

    // MARK: What happens by itself

    public func start() { isRunning.store(true, ordering: .releasing) }

    /// Writes what was learned; blocks.
    public func stop() {
        isRunning.store(false, ordering: .releasing)
        context.queue.runAndWait { try? save() }
    }
}

extension CredentialError {
    static let noPool = CredentialError(.notFound, "pool", "there is no such pool")
    static let noMember = CredentialError(.notFound, "credential", "the pool has no such member")
}
