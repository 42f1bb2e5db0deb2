import CofferAccounts
import CofferStore
import CofferUpstream

extension CredentialService {
    /// Changes fields of a credential.
    /// - Parameters:
    ///   - expected: the revision that must have changed its settings last; `nil`: any.
    ///   - isAllowed: judged on the change queue, to the credential as it is then.
    /// - Throws: `notFound`, `conflict`, `alreadyExists` for a name that is taken, `invalidArgument` with the field, `denied`; `busy` where
    ///   tokens or login are to change while they are being refreshed.
    public func update(
        _ number: UInt64, _ change: CredentialChange, expected: UInt64? = nil, by principal: String,
        where isAllowed: @escaping Permission<Credential> = { _ in true }
    ) async throws(CredentialError) -> Credential {
        try CredentialChecks.check(change)
        let context = context
        let providers = providers
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let present = try context.directory.existing(number)
            guard isAllowed(present) else { throw .notAllowed }
            if let expected, expected != present.revision {
                throw CredentialError(.conflict, "", "the credential is not what revision \(expected) wrote")
            }
            let mutations = try CredentialChanging(context: context, providers: providers).plan(change, of: present)
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
        }
        return try context.directory.existing(number)
    }

    /// Changes many credentials, some hundred in one change of the store; those that are not there are skipped.
    /// - Throws: why one could not be changed. Those of earlier parts are.
    public func update(all changes: [UInt64: CredentialChange], by principal: String) async throws(CredentialError) {
        for (_, change) in changes { try CredentialChecks.check(change) }
        let context = context
        let changing = CredentialChanging(context: context, providers: providers)
        let numbers = changes.keys.sorted()
        for begin in stride(from: 0, to: numbers.count, by: Self.changeSize) {
            let part = numbers[begin..<min(begin + Self.changeSize, numbers.count)]
            try await context.queue.run { () throws(CredentialError) in
                try context.directory.requireReady()
                var mutations: [Mutation] = []
                for number in part {
                    guard let present = context.directory.credential(number), present.deleted == 0, let change = changes[number] else { continue }
                    mutations += try changing.plan(change, of: present)
                }
                if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            }
        }
    }

    /// Deletes credentials in one change; those that are not there are skipped. They can be brought back for
    /// ``CredentialOptions/undeletePeriod``.
    /// - Returns: how many were there.
    public func delete(
        _ numbers: [UInt64], by principal: String, where isAllowed: @escaping Permission<Credential> = { _ in true }
    ) async throws(CredentialError) -> Int {
        let context = context
        return try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            var mutations: [Mutation] = []
            for number in Set(numbers).sorted() {
                guard var credential = context.directory.credential(number), credential.deleted == 0 else { continue }
                guard isAllowed(credential) else { throw .notAllowed }
                credential.deleted = max(context.now, 1)
                mutations.append(.putDocument(
                    .credentials, try .number(number), CredentialDocuments.encode(credential), expected: .exactly(credential.revision)))
            }
            if !mutations.isEmpty { try context.commit(mutations, by: principal) }
            return mutations.count
        }
    }

    /// Brings back the credential of this name that was deleted last.
    /// - Throws: `notFound`; `alreadyExists` where another one has the name now.
    public func undelete(
        tenant: TenantID, name: [UInt8], by principal: String, where isAllowed: @escaping Permission<Credential> = { _ in true }
    ) async throws(CredentialError) -> Credential {
        let context = context
        let deleted = deleted
        let number = try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let found = deleted(tenant).filter { $0.name.bytes == name }.max { $0.deleted < $1.deleted }
            guard var credential = found else {
                throw CredentialError(.notFound, "name", "no credential of this name was deleted lately")
            }
            guard isAllowed(credential) else { throw .notAllowed }
            guard context.directory.credential(tenant: tenant, name: name) == nil else {
                throw CredentialError(.alreadyExists, "name", "the tenant has another credential of this name now")
            }
            credential.deleted = 0
            try context.commit(
                [.putDocument(
                    .credentials, try .number(credential.number), CredentialDocuments.encode(credential),
                    expected: .exactly(credential.revision))], by: principal)
            return credential.number
        }
        return try context.directory.existing(number)
    }

    /// Removes what was deleted longer ago than it can be brought back. On the change queue.
    func sweep() throws(CredentialError) {
        let limit = context.now
        let old = context.directory.read { memory in memory.credentials.values.filter { $0.deleted != 0 } }
            .filter { $0.deleted <= limit && limit - $0.deleted > context.options.undeletePeriod }
        for credential in old {
            let name = try DocumentName.number(credential.number)
            var mutations: [Mutation] = [.deleteDocument(.credentials, name, expected: .any)]
            for fact in credential.tokens {
                mutations.append(.deleteDocument(.credentialTokens, try .token(credential.number, fact.kind), expected: .any))
            }
            for table in [DocumentTable.credentialStates, .credentialSecrets, .refreshJournal] {
                if try context.document(table, name) != nil { mutations.append(.deleteDocument(table, name, expected: .any)) }
            }
            try context.commit(mutations, by: "coffer")
        }
    }
}

/// What a change of a credential writes. On the change queue.
struct CredentialChanging {
    let context: CredentialContext
    let providers: ProviderService

    func plan(_ change: CredentialChange, of present: Credential) throws(CredentialError) -> [Mutation] {
        // What was presented may be used up, and the answer that replaces it is on its way. Of a claim nothing was sent: it is made again.
        guard !change.bringsLogin || present.state.phase != .dialled else {
            throw CredentialError(.busy, "", "the credential is being refreshed: its tokens and its login cannot be changed now", retryAfter: 1_000)
        }
        var new = present
        var mutations: [Mutation] = []
        try settings(change, &new)
        mutations += try secrets(change, &new)
        mutations += try tokens(change, &new)
        try CredentialChecks.check(sizeOf: new)
        if change.bringsLogin, present.state.isTroubled {
            var state = present.state
            state.move(to: .idle, at: context.now, why: change.revives ? "revived" : "a new token or login was given")
            state.failures = 0
            state.suspectSince = 0
            state.loginRefused = 0
            // Whoever revives takes the risk; a new token is another one anyway.
            if change.revives { state.doubtful = [] }
            mutations.append(.putDocument(.credentialStates, try .number(new.number), CredentialDocuments.encode(state), expected: .any))
        }
        new.state = present.state
        new.tokens = present.tokens
        guard new != present || !mutations.isEmpty else { return [] }
        new.updated = context.now
        mutations.append(.putDocument(
            .credentials, try .number(new.number), CredentialDocuments.encode(new), expected: .exactly(present.revision)))
        return mutations
    }

    private func settings(_ change: CredentialChange, _ new: inout Credential) throws(CredentialError) {
        if let name = change.name, name != new.name {
            guard context.directory.credential(tenant: new.tenant, name: name.bytes) == nil else {
                throw CredentialError(.alreadyExists, "name", "the tenant has a credential of this name")
            }
            new.name = name
        }
        if let provider = change.provider {
            guard providers.find(provider) != nil else {
                throw CredentialError(.notFound, "provider", "there is no provider of this name; 'coffer provider list' shows them")
            }
            new.provider = provider
        }
        if let email = change.email { new.email = email }
        if let clientID = change.clientID { new.clientID = clientID }
        if let tags = change.tags { new.tags = tags }
        if let memo = change.memo { new.memo = memo }
        if let isEnabled = change.isEnabled { new.isEnabled = isEnabled }
        for (name, value) in change.parameters { new.parameters[name] = value }
        for (name, value) in change.attributes { new.attributes[name] = value }
    }

    private func secrets(_ change: CredentialChange, _ new: inout Credential) throws(CredentialError) -> [Mutation] {
        guard !change.secrets.isEmpty else { return [] }
        var secrets = try context.secrets(of: new.number)
        for (name, value) in change.secrets { secrets[name] = value }
        if let proxy = change.secrets["proxy"] {
            new.proxyHint = if let proxy { try ProxyAddress.hint(proxy) } else { "" }
        }
        new.secretNames = secrets.keys.sorted()
        return [.putDocument(.credentialSecrets, try .number(new.number), CredentialDocuments.encode(secrets: secrets), expected: .any)]
    }

    private func tokens(_ change: CredentialChange, _ new: inout Credential) throws(CredentialError) -> [Mutation] {
        var mutations: [Mutation] = []
        for (kind, value) in change.tokens.sorted(by: { $0.key < $1.key }) {
            let name = try DocumentName.token(new.number, kind)
            if let value {
                let fact = TokenFact(kind: kind, expires: change.expiries[kind] ?? TokenExpiry.ofJWT(value) ?? 0, obtained: context.now)
                mutations.append(.putDocument(.credentialTokens, name, CredentialDocuments.encode(token: value, fact), expected: .any))
            } else if new.fact(kind) != nil {
                mutations.append(.deleteDocument(.credentialTokens, name, expected: .any))
            }
        }
        return mutations
    }
}

extension CredentialError {
    /// The same words as for what is not there (decisions 24).
    static let notAllowed = CredentialError(.denied, "", "no policy allows this, or there is no such name")
}
