import CofferStore

/// The pools in memory, with their machines. A value: whoever changes it holds the service's lock.
struct PoolMemory: Sendable {
    struct Entry: Sendable {
        var pool: Pool
        var machine = PoolMachine()
        /// Revision that wrote the pool's own token last.
        var ownRevision: UInt64 = 0
        /// Members whose state lies in the store; 0: the pool's own token.
        var stored: Set<UInt64> = []
    }

    var pools: [UInt64: Entry] = [:]
    var names: [NameInTenant: UInt64] = [:]
    /// Ascending numbers.
    var order: [UInt64] = []
    /// The pools that each credential is in.
    var memberships: [UInt64: Set<UInt64>] = [:]
    var random = BufferedRandom()
    var isSaving = false

    mutating func set(_ number: UInt64, _ new: Pool?, standing: (UInt64) -> MemberStanding) {
        let old = pools[number]?.pool
        if let old {
            let key = NameInTenant(tenant: old.tenant, bytes: old.name.bytes)
            if names[key] == number { names[key] = nil }
        }
        guard var new else {
            pools[number] = nil
            order.removeAll { $0 == number }
            move(number, from: old?.members ?? [], to: [])
            return
        }
        new.ownToken = old?.ownToken
        names[NameInTenant(tenant: new.tenant, bytes: new.name.bytes)] = number
        if old == nil {
            order.insert(number, at: order.firstIndex { $0 > number } ?? order.endIndex)
            pools[number] = Entry(pool: new)
        } else {
            pools[number]?.pool = new
        }
        guard old?.members != new.members else { return }
        move(number, from: old?.members ?? [], to: new.members)
        pools[number]?.machine.set(new.members, standing: standing)
    }

    private mutating func move(_ number: UInt64, from old: [PoolMember], to new: [PoolMember]) {
        for member in old {
            memberships[member.credential]?.remove(number)
            if memberships[member.credential]?.isEmpty == true { memberships[member.credential] = nil }
        }
        for member in new { memberships[member.credential, default: []].insert(number) }
    }

    mutating func set(_ number: UInt64, own fact: TokenFact?, revision: UInt64) {
        pools[number]?.pool.ownToken = fact
        pools[number]?.ownRevision = revision
        pools[number]?.machine.set(own: fact)
    }

    /// At the start. What belongs to nobody is noted to be removed.
    mutating func restore(_ number: UInt64, _ credential: UInt64, _ health: MemberHealth) {
        pools[number]?.stored.insert(credential)
        if pools[number]?.machine.member(credential) != nil {
            pools[number]?.machine.restore(health, of: credential)
        } else {
            pools[number]?.machine.changed.insert(credential)
        }
    }
}
