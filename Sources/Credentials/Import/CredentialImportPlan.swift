import CofferAccounts
import CofferStore
import CofferUpstream

/// What the rows of an import come to as far as they are credentials: one batch. On the change queue.
///
/// Import once, then the store is the truth (decisions 19): what is there is never overwritten. A row that is refused does not stop the
/// others.
struct CredentialImportPlan {
    private let creation: CredentialCreation
    private let tenant: TenantID
    private(set) var mutations: [Mutation] = []
    private var last: UInt64
    /// Names that earlier rows make.
    private var made: Set<[UInt8]> = []
    /// Tokens that work once, of earlier rows, by their short hashes.
    private var given: Set<UInt64> = []

    init(_ service: CredentialService, tenant: TenantID) throws(CredentialError) {
        creation = CredentialCreation(context: service.context, providers: service.providers)
        self.tenant = tenant
        last = try service.context.directory.next(.credential) - 1
    }

    /// - Throws: why the row is refused; the plan stays as it was.
    mutating func add(_ row: ImportRow) throws(CredentialError) -> ImportReport.Effect {
        var fields = ImportedFields(row)
        var draft = CredentialDraft(tenant: tenant, name: try fields.name(), provider: try fields.needed("provider"))
        let isThere = creation.context.directory.credential(tenant: tenant, name: draft.name.bytes) != nil
        guard !made.contains(draft.name.bytes) else {
            throw CredentialError(.alreadyExists, "name", "an earlier row has this name")
        }
        draft.email = fields.text("email") ?? ""
        draft.clientID = fields.text("client_id") ?? ""
        draft.memo = fields.text("memo") ?? ""
        draft.tags = fields.lines("tags")
        draft.isEnabled = try fields.bool("enabled") ?? true
        draft.parameters = try fields.map("parameters")
        draft.attributes = try fields.map("attributes")
        draft.expiries = try fields.moments("expiries")
        (draft.tokens, draft.secrets) = fields.secrets(of: creation.providers.find(draft.provider))
        try fields.finish()
        try CredentialChecks.check(draft)
        if isThere { return .unchanged }
        let marks = creation.providers.find(draft.provider).map { provider in
            SingleUseTokens(directory: creation.context.directory, provider: provider, parameters: draft.parameters).marks(draft.tokens)
        } ?? [:]
        if let twice = marks.filter({ given.contains($0.value) }).keys.min() { throw .isHeld(twice) }
        let (credential, mutations) = try creation.plan(draft, behind: last)
        given.formUnion(marks.values)
        last = credential.number
        made.insert(draft.name.bytes)
        // The sequence is written once, behind all rows.
        self.mutations += mutations.filter { mutation in
            if case .putDocument(.sequences, _, _, _) = mutation { false } else { true }
        }
        return .created
    }

    /// All of it, in one batch.
    func batch() throws(CredentialError) -> [Mutation] {
        mutations.isEmpty ? [] : mutations + [try CredentialSequence.credential.mutation(last: last)]
    }
}
