import CofferStore
import Synchronization

extension PoolService: PoolPicking {
    /// Bytes of a sticky key.
    public static let maximumSticky = 128

    func pick(_ request: TokenRequest, excluding: Set<UInt64>, now: UInt64) throws(CredentialError) -> PoolPick {
        guard request.lease.sticky.count <= Self.maximumSticky else {
            throw CredentialError(.invalidArgument, "sticky", "a sticky key has at most \(Self.maximumSticky) bytes")
        }
        let ask = PoolAsk(kind: request.kind, minimumLeft: request.minimumLeft, sticky: request.lease.sticky, avoiding: excluding)
        let key = NameInTenant(tenant: request.tenant, bytes: request.name)
        let found = memory.withLock { memory -> (number: UInt64, answer: PoolAnswer, isEmpty: Bool, isDirty: Bool)? in
            guard let number = memory.names[key], let place = memory.pools.index(forKey: number) else { return nil }
            let answer = memory.pools.values[place].machine.pick(ask, now: now, random: &memory.random)
            let machine = memory.pools.values[place].machine
            return (number, answer, machine.members.isEmpty, !memory.isSaving && !machine.changed.isEmpty)
        }
        guard let found else {
            try context.directory.requireReady()
            throw .noPool
        }
        if found.isDirty { scheduleSaving() }
        switch found.answer {
        case .member(let credential, let lease): return .member(credential: credential, lease: lease.bytes)
        case .own: return .own(pool: found.number)
        case .none(let retryAfter):
            throw CredentialError(
                .noLiveMember, "pool",
                found.isEmpty ? "the pool has no members" : "no member of the pool can be handed out now",
                retryAfter: retryAfter)
        }
    }

    func ownToken(_ pool: UInt64, minimumLeft: UInt64, now: UInt64, reader: StoreReader) throws(StoreError) -> LiveToken? {
        guard let name = try? DocumentName.number(pool), let (bytes, revision) = try reader.documentWithRevision(.poolTokens, name) else {
            return nil
        }
        let (fact, value) = try CredentialDocuments.token(bytes, kind: Pool.ownKind)
        guard fact.isLive(at: now, left: minimumLeft) else { return nil }
        let begun = memory.withLock { memory -> (DocumentName, LeaseID)? in
            guard let name = memory.pools[pool]?.pool.name,
                let lease = memory.pools[pool]?.machine.takeOwn(now: now, random: &memory.random)
            else { return nil }
            return (name, lease)
        }
        guard let (poolName, lease) = begun else { return nil }
        return LiveToken(
            value: value, kind: Pool.ownKind, expires: fact.expires, credential: 0, name: poolName, revision: revision, lease: lease.bytes)
    }

    func giveBack(lease: [UInt8], because error: CredentialError) {
        guard let id = LeaseID(lease) else { return }
        let now = context.now
        memory.withLock { memory in
            guard let pool = memory.pool(of: id) else { return }
            memory.pools[pool]?.machine.giveBack(id, now: now)
        }
    }
}

extension PoolMemory {
    /// The pool whose lease it is. Ids are random: no two pools have the same.
    func pool(of id: LeaseID) -> UInt64? {
        order.first { pools[$0]?.machine.leases.find(id) != nil }
    }
}
