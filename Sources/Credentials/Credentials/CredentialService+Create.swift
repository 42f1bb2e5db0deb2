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
            let (credential, mutations) = try CredentialCreation(context: context, providers: providers).plan(draft)
            try context.commit(mutations, by: principal)
            return credential.number
        }
        return try context.directory.existing(number)
    }
}

/// What the creation of a credential writes. On the change queue.
struct CredentialCreation {
    let context: CredentialContext
    let providers: ProviderService

    /// - Parameter number: of a batch of several: the last number that the batch gave before.
    func plan(_ draft: CredentialDraft, behind last: UInt64? = nil) throws(CredentialError) -> (Credential, [Mutation]) {
        try CredentialChecks.check(draft)
        guard let provider = providers.find(draft.provider) else { throw .noSuchProvider }
        try CredentialChecks.check(parameters: draft.parameters, of: provider, context.options.addresses)
        guard context.directory.credential(tenant: draft.tenant, name: draft.name.bytes) == nil else {
            throw CredentialError(.alreadyExists, "name", "the tenant has a credential of this name")
        }
        let single = SingleUseTokens(directory: context.directory, provider: provider, parameters: draft.parameters)
        let doubts = try single.claim(draft.tokens, for: nil)
        let now = context.now
        let number: UInt64 = if let last { last + 1 } else { try context.directory.next(.credential) }
        var credential = Credential(
            number: number, tenant: draft.tenant, name: draft.name, provider: draft.provider, email: draft.email,
            clientID: draft.clientID, tags: draft.tags, memo: draft.memo, isEnabled: draft.isEnabled, parameters: draft.parameters,
            attributes: draft.attributes, secretNames: draft.secrets.keys.sorted(), created: now, updated: now)
        if let proxy = draft.secrets["proxy"] { credential.proxyHint = try ProxyAddress.hint(proxy) }
        var legacy: UInt64?
        if let numbering = draft.numbering, draft.attributes[numbering.attribute] == nil {
            let next = try numbering.next(in: context.directory)
            credential.attributes[numbering.attribute] = String(next)
            legacy = next
        }
        var mutations: [Mutation] = [
            .putDocument(.credentials, try .number(number), CredentialDocuments.encode(credential), expected: .exactly(0)),
            try CredentialSequence.credential.mutation(last: number),
        ]
        if let legacy, let numbering = draft.numbering { mutations.append(try numbering.sequence.mutation(last: legacy)) }
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
        return (credential, mutations + doubts)
    }
}
