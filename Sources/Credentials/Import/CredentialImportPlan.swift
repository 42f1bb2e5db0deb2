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
    private var last = CredentialCreation.Last()
    /// Names that earlier rows make.
    private var made: Set<[UInt8]> = []
    /// Single-use tokens that earlier rows bring, and for whom.
    private var brought: [TokenMark: DocumentName] = [:]

    init(_ service: CredentialService, tenant: TenantID) throws(CredentialError) {
        creation = CredentialCreation(context: service.context, providers: service.providers)
        self.tenant = tenant
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
        let mark = singleUse(draft)
        if let mark {
            try checkUnheld(mark)
            draft.attributes[TokenHolders.attribute] = mark.text
        }
        mutations += try creation.plan(draft, behind: &last).1
        made.insert(draft.name.bytes)
        if let mark { brought[mark] = draft.name }
        return .created
    }

    /// The mark of a refresh token that can be presented only once; `nil`: the row has none.
    private func singleUse(_ draft: CredentialDraft) -> TokenMark? {
        guard let provider = creation.providers.find(draft.provider) else { return nil }
        let context = creation.context
        return SingleUseTokens(directory: context.directory, provider: provider, parameters: draft.parameters).marks(draft.tokens)["refresh"]
    }

    /// A second credential with the same token would use it up for the first: the same file brought again after a credential was renamed,
    /// or a file that has a token twice.
    private func checkUnheld(_ mark: TokenMark) throws(CredentialError) {
        if let other = brought[mark] {
            throw CredentialError(.alreadyExists, "refresh", "'\(other.description)' of this import has the same single-use token")
        }
        let isHeld = creation.context.directory.read { memory in
            (memory.holders.holders(of: mark) + memory.holders.importedWith(mark)).contains { memory.credentials[$0]?.deleted == 0 }
        }
        // Not its name: whoever imports need not be allowed to know it.
        guard !isHeld else {
            throw CredentialError(.alreadyExists, "refresh", "another credential has this single-use token, or was imported with it")
        }
    }

    /// All of it, in one batch.
    func batch() throws(CredentialError) -> [Mutation] {
        mutations.isEmpty ? [] : mutations + (try creation.sequences(last))
    }
}
