import CofferAccounts
import CofferStore
import Synchronization

extension PoolService {
    /// Makes a pool. Nothing is dialled.
    /// - Throws: `alreadyExists` for a name that the tenant has, `notFound` for an unknown provider or member, `invalidArgument` with
    ///   the field.
    public func create(_ draft: PoolDraft, by principal: String) async throws(CredentialError) -> Pool {
        try PoolChecks.check(memo: draft.memo, attributes: draft.attributes)
        try PoolChecks.check(draft.members)
        if let token = draft.ownToken { try PoolChecks.check(ownToken: token) }
        let number = try await context.queue.run { [self] () throws(CredentialError) in
            try context.directory.requireReady()
            try requireFree(draft.name, in: draft.tenant)
            try requireProvider(draft.provider)
            try PoolChecks.check(joining: draft.members, tenant: draft.tenant, directory: context.directory)
            let now = context.now
            let number = try context.directory.next(.pool)
            let pool = Pool(
                number: number, tenant: draft.tenant, name: draft.name, provider: draft.provider, members: draft.members,
                memo: draft.memo, attributes: draft.attributes, created: now, updated: now)
            var mutations: [Mutation] = [
                .putDocument(.pools, try .number(number), PoolDocuments.encode(pool), expected: .exactly(0)),
                try CredentialSequence.pool.mutation(last: number),
            ]
            if let token = draft.ownToken { mutations.append(try own(number, token, draft.ownExpires)) }
            try context.commit(mutations, by: principal)
            return number
        }
        return try existing(number)
    }

    /// Changes a pool's settings and members. Who stays a member keeps its state; who leaves and comes back is live.
    /// - Parameters:
    ///   - expected: the revision that must have changed its settings last; `nil`: any.
    ///   - isAllowed: judged on the change queue, to the pool as it is then.
    /// - Throws: `notFound`, `conflict`, `alreadyExists` for a name that is taken, `invalidArgument` with the field, `denied`.
    public func update(
        _ number: UInt64, _ change: PoolChange, expected: UInt64? = nil, by principal: String,
        where isAllowed: @escaping Permission<Pool> = { _ in true }
    ) async throws(CredentialError) -> Pool {
        try await context.queue.run { [self] () throws(CredentialError) in
            try context.directory.requireReady()
            let present = try existing(number)
            guard isAllowed(present) else { throw .notAllowed }
            if let expected, expected != present.revision {
                throw CredentialError(.conflict, "", "the pool is not what revision \(expected) wrote")
            }
            var new = try plan(change, of: present)
            guard new != present else { return }
            new.updated = context.now
            try context.commit(
                [.putDocument(.pools, try .number(number), PoolDocuments.encode(new), expected: .exactly(present.revision))], by: principal)
        }
        return try existing(number)
    }

    /// Deletes pools, with their own tokens and what was known of their members, in one change; those that are not there are skipped.
    /// Their credentials stay. There is no way back.
    /// - Returns: how many were there.
    public func delete(
        _ numbers: [UInt64], by principal: String, where isAllowed: @escaping Permission<Pool> = { _ in true }
    ) async throws(CredentialError) -> Int {
        try await context.queue.run { [self] () throws(CredentialError) in
            try context.directory.requireReady()
            var mutations: [Mutation] = []
            var count = 0
            for number in Set(numbers).sorted() {
                guard let (pool, stored) = memory.withLock({ memory in memory.pools[number].map { ($0.pool, $0.stored) } }) else { continue }
                guard isAllowed(pool) else { throw .notAllowed }
                count += 1
                mutations.append(.deleteDocument(.pools, try .number(number), expected: .exactly(pool.revision)))
                if pool.ownToken != nil { mutations.append(.deleteDocument(.poolTokens, try .number(number), expected: .any)) }
                for credential in stored.sorted() {
                    mutations.append(.deleteDocument(.poolStates, try .member(number, credential), expected: .any))
                }
            }
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            return count
        }
    }

    /// Sets or takes away the token that the upstream gave the pool itself. What was known of the last one is forgotten.
    /// - Parameters:
    ///   - token: 1 to 65,536 bytes; `nil`: takes it away.
    ///   - expires: Unix milliseconds; 0: unknown.
    /// - Throws: `notFound`, `invalidArgument`, `denied`.
    public func setOwnToken(
        _ number: UInt64, _ token: SecretBuffer?, expires: UInt64 = 0, by principal: String,
        where isAllowed: @escaping Permission<Pool> = { _ in true }
    ) async throws(CredentialError) {
        if let token { try PoolChecks.check(ownToken: token) }
        try await context.queue.run { [self] () throws(CredentialError) in
            try context.directory.requireReady()
            let pool = try existing(number)
            guard isAllowed(pool) else { throw .notAllowed }
            if let token {
                try context.commit([try own(number, token, expires)], by: principal)
            } else if pool.ownToken != nil {
                try context.commit([.deleteDocument(.poolTokens, try .number(number), expected: .any)], by: principal)
            }
        }
    }

    // MARK: On the change queue

    private func plan(_ change: PoolChange, of present: Pool) throws(CredentialError) -> Pool {
        var new = present
        if let name = change.name, name != new.name {
            try requireFree(name, in: new.tenant)
            new.name = name
        }
        if let provider = change.provider, provider != new.provider {
            try requireProvider(provider)
            new.provider = provider
        }
        if let memo = change.memo { new.memo = memo }
        for (name, value) in change.attributes {
            try CredentialChecks.check(key: name)
            new.attributes[name] = value
        }
        try PoolChecks.check(memo: new.memo, attributes: new.attributes)
        new.members = try members(change, of: present)
        return new
    }

    private func members(_ change: PoolChange, of present: Pool) throws(CredentialError) -> [PoolMember] {
        var members = change.members ?? present.members
        if let anew = change.members { try PoolChecks.check(anew) }
        try PoolChecks.check(change.adding)
        if !change.removing.isEmpty {
            let leaving = Set(change.removing)
            members.removeAll { leaving.contains($0.credential) }
        }
        var places: [UInt64: Int] = [:]
        for (place, member) in members.enumerated() { places[member.credential] = place }
        for member in change.adding {
            if let place = places[member.credential] { members[place] = member } else { members.append(member) }
        }
        guard members != present.members else { return members }
        try PoolChecks.check(members)
        let before = Set(present.members.map(\.credential))
        try PoolChecks.check(
            joining: members.filter { !before.contains($0.credential) }, tenant: present.tenant, directory: context.directory)
        return members
    }

    private func own(_ number: UInt64, _ token: SecretBuffer, _ expires: UInt64) throws(CredentialError) -> Mutation {
        let fact = TokenFact(kind: Pool.ownKind, expires: expires, obtained: context.now)
        return .putDocument(.poolTokens, try .number(number), CredentialDocuments.encode(token: token, fact), expected: .any)
    }

    private func requireFree(_ name: DocumentName, in tenant: TenantID) throws(CredentialError) {
        guard find(tenant: tenant, name: name.bytes) == nil else {
            throw CredentialError(.alreadyExists, "name", "the tenant has a pool of this name")
        }
    }

    private func requireProvider(_ name: String) throws(CredentialError) {
        guard name.isEmpty || tokens.providers.find(name) != nil else {
            throw CredentialError(.notFound, "provider", "there is no provider of this name; 'coffer provider list' shows them")
        }
    }

    func existing(_ number: UInt64) throws(CredentialError) -> Pool {
        guard let pool = find(number) else { throw .noPool }
        return pool
    }
}
