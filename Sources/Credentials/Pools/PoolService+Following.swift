import CofferStore
import Synchronization

extension PoolService {
    func load(reader: StoreReader) throws(StoreError) {
        var loaded = PoolMemory()
        try reader.forEachDocument(.pools) { (name, bytes, revision) throws(StoreError) in
            let pool = try Self.pool(name.bytes, bytes, revision)
            loaded.set(pool.number, pool, standing: standing)
        }
        try reader.forEachDocument(.poolTokens) { (name, bytes, revision) throws(StoreError) in
            let number = try CredentialNames.number(name.bytes)
            loaded.set(number, own: try CredentialDocuments.fact(bytes, kind: Pool.ownKind).fact, revision: revision)
        }
        for number in loaded.order { loaded.pools[number]?.machine.changed = [] }
        try reader.forEachDocument(.poolStates) { (name, bytes, _) throws(StoreError) in
            let (pool, credential) = try PoolDocuments.member(name.bytes)
            loaded.restore(pool, credential, try PoolDocuments.health(bytes))
        }
        let memory = loaded
        self.memory.withLock { $0 = memory }
    }

    /// What is known of members is written by ``save()`` alone: memory is ahead of the store.
    func follow(_ changes: [Change], reader: StoreReader) throws(StoreError) {
        var settings: Set<[UInt8]> = []
        var own: Set<[UInt8]> = []
        var credentials: Set<UInt64> = []
        for change in changes {
            switch change.table {
            case .pools: settings.insert(change.name)
            case .poolTokens: own.insert(change.name)
            case .credentials, .credentialStates: credentials.insert(try CredentialNames.number(change.name))
            case .credentialTokens: credentials.insert(try CredentialNames.token(change.name).number)
            default: break
            }
        }
        for name in settings {
            let found = try reader.documentWithRevision(.pools, try Self.name(name))
            let pool = try found.map { (found) throws(StoreError) in try Self.pool(name, found.bytes, found.revision) }
            let number = try CredentialNames.number(name)
            memory.withLock { $0.set(number, pool, standing: standing) }
        }
        for name in own {
            let found = try reader.documentWithRevision(.poolTokens, try Self.name(name))
            let fact = try found.map { (found) throws(StoreError) in try CredentialDocuments.fact(found.bytes, kind: Pool.ownKind).fact }
            let number = try CredentialNames.number(name)
            memory.withLock { $0.set(number, own: fact, revision: found?.revision ?? 0) }
        }
        follow(credentials)
        if !settings.isEmpty || !own.isEmpty || !credentials.isEmpty { scheduleSaving() }
    }

    private func follow(_ credentials: Set<UInt64>) {
        for credential in credentials {
            memory.withLock { memory in
                guard let pools = memory.memberships[credential] else { return }
                let standing = standing(credential)
                for pool in pools { memory.pools[pool]?.machine.set(standing, of: credential) }
            }
        }
    }

    func forget() { memory.withLock { $0 = PoolMemory() } }

    private func standing(_ credential: UInt64) -> MemberStanding {
        context.directory.credential(credential).map { MemberStanding($0) } ?? MemberStanding()
    }

    private static func name(_ bytes: [UInt8]) throws(StoreError) -> DocumentName {
        guard let name = try? DocumentName(bytes) else { throw StoreError(.damaged, "a changed document has no valid name") }
        return name
    }

    static func pool(_ name: [UInt8], _ bytes: SecretBuffer, _ revision: UInt64) throws(StoreError) -> Pool {
        let pool = try PoolDocuments.pool(bytes, revision: revision)
        guard pool.number == (try CredentialNames.number(name)) else {
            throw StoreError(.damaged, "a pool's document is about another one")
        }
        return pool
    }
}
