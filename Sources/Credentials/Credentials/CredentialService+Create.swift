import CofferAccounts
import CofferStore
import CofferUpstream

extension CredentialService {
    /// Makes a credential. Nothing is dialled.
    /// - Throws: `alreadyExists` for a name that the tenant has, `notFound` for an unknown provider, `invalidArgument` with the field.
    public func create(_ draft: CredentialDraft, by principal: String) async throws(CredentialError) -> Credential {
        try CredentialChecks.check(draft)
        let context = context
        let providers = providers
        let number = try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let creation = CredentialCreation(context: context, providers: providers)
            var last = CredentialCreation.Last()
            let (credential, mutations) = try creation.plan(draft, behind: &last)
            try context.commit(mutations + creation.sequences(last), by: principal)
            return credential.number
        }
        return try context.directory.existing(number)
    }

    /// Credentials in one change of many: what a commit costs is shared, and nobody waits long for the change queue.
    static let changeSize = 500

    /// Makes many credentials, each by itself: one that is refused does not stop the others. Those behind the first change that the store
    /// refuses are not made.
    /// - Returns: how many were made, and why the others were not, by their place.
    public func create(
        all drafts: [CredentialDraft], by principal: String
    ) async throws(CredentialError) -> (made: Int, refused: [Int: CredentialError]) {
        let context = context
        let providers = providers
        var made = 0
        var refused: [Int: CredentialError] = [:]
        for begin in stride(from: 0, to: drafts.count, by: Self.changeSize) {
            let part = drafts[begin..<min(begin + Self.changeSize, drafts.count)]
            let found = try await context.queue.run { () throws(CredentialError) in
                try context.directory.requireReady()
                let creation = CredentialCreation(context: context, providers: providers)
                var last = CredentialCreation.Last()
                var names: Set<NameInTenant> = []
                var mutations: [Mutation] = []
                var refused: [Int: CredentialError] = [:]
                for (index, draft) in zip(part.indices, part) {
                    do throws(CredentialError) {
                        guard !names.contains(NameInTenant(tenant: draft.tenant, bytes: draft.name.bytes)) else {
                            throw CredentialError(.alreadyExists, "name", "an earlier one has this name")
                        }
                        mutations += try creation.plan(draft, behind: &last).1
                        names.insert(NameInTenant(tenant: draft.tenant, bytes: draft.name.bytes))
                    } catch {
                        refused[index] = error
                    }
                }
                mutations += try creation.sequences(last)
                if !mutations.isEmpty { try context.commit(mutations, by: principal) }
                return refused
            }
            made += part.count - found.count
            refused.merge(found) { $1 }
        }
        return (made, refused)
    }
}

/// What the creation of a credential writes. On the change queue.
struct CredentialCreation {
    let context: CredentialContext
    let providers: ProviderService

    /// The numbers that a batch gave last; empty: it gave none yet.
    struct Last {
        var number: UInt64?
        var legacy: [CredentialSequence: UInt64] = [:]
    }

    /// - Parameter last: untouched where it throws.
    /// - Returns: without the sequences, which are written once behind all of a batch.
    func plan(_ draft: CredentialDraft, behind last: inout Last) throws(CredentialError) -> (Credential, [Mutation]) {
        try CredentialChecks.check(draft)
        guard providers.find(draft.provider) != nil else {
            throw CredentialError(.notFound, "provider", "there is no provider of this name; 'coffer provider list' shows them")
        }
        guard context.directory.credential(tenant: draft.tenant, name: draft.name.bytes) == nil else {
            throw CredentialError(.alreadyExists, "name", "the tenant has a credential of this name")
        }
        let now = context.now
        let number: UInt64 = if let last = last.number { last + 1 } else { try context.directory.next(.credential) }
        var credential = Credential(
            number: number, tenant: draft.tenant, name: draft.name, provider: draft.provider, email: draft.email,
            clientID: draft.clientID, tags: draft.tags, memo: draft.memo, isEnabled: draft.isEnabled, parameters: draft.parameters,
            attributes: draft.attributes, secretNames: draft.secrets.keys.sorted(), created: now, updated: now)
        if let proxy = draft.secrets["proxy"] { credential.proxyHint = try ProxyAddress.hint(proxy) }
        var legacy = last.legacy
        if let numbering = draft.numbering, draft.attributes[numbering.attribute] == nil {
            let next: UInt64 = if let last = legacy[numbering.sequence] { last + 1 } else { try numbering.next(in: context.directory) }
            credential.attributes[numbering.attribute] = String(next)
            legacy[numbering.sequence] = next
        }
        var mutations: [Mutation] = [
            .putDocument(.credentials, try .number(number), CredentialDocuments.encode(credential), expected: .exactly(0))
        ]
        if !draft.secrets.isEmpty {
            mutations.append(.putDocument(
                .credentialSecrets, try .number(number), CredentialDocuments.encode(secrets: draft.secrets), expected: .exactly(0)))
        }
        for (kind, value) in draft.tokens.sorted(by: { $0.key < $1.key }) {
            let expires = draft.expiries[kind] ?? TokenExpiry.ofJWT(value) ?? 0
            let fact = TokenFact(kind: kind, expires: expires, obtained: now)
            mutations.append(.putDocument(
                .credentialTokens, try .token(number, kind), CredentialDocuments.encode(token: value, fact), expected: .exactly(0)))
            credential.tokens.append(fact)
        }
        last = Last(number: number, legacy: legacy)
        return (credential, mutations)
    }

    /// Where the sequences stand after a batch; nothing where it gave no number.
    func sequences(_ last: Last) throws(CredentialError) -> [Mutation] {
        guard let number = last.number else { return [] }
        var mutations = [try CredentialSequence.credential.mutation(last: number)]
        for (sequence, number) in last.legacy.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            mutations.append(try sequence.mutation(last: number))
        }
        return mutations
    }
}
