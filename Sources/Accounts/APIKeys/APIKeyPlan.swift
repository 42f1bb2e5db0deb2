import CofferStore

/// New keys of one batch: checked against memory, and against each other. On the change queue.
///
/// A key that is refused leaves the plan as it was: whoever wants to can go on with the others.
struct APIKeyPlan {
    /// Whose key it is.
    struct Holder: Equatable {
        var tenant: TenantID
        var owner: UInt64
    }

    private let service: APIKeyService
    private let hasher: TokenHasher
    private let now: UInt64
    private var lastNumber: UInt64
    private var lastNewapi: UInt64
    private let firstNewapi: UInt64
    /// By ``KeyDigest/slot``.
    private var hashes: [UInt64: Holder] = [:]
    private var newapiIDs: Set<Int64> = []
    private var owned: [UInt64: Int] = [:]
    private var steps: [Mutation] = []
    private(set) var numbers: [UInt64] = []
    /// Numbers of new-api that this plan gives itself begin above: up to here others of the same import may bring their own.
    var newapiFloor: UInt64 = 0

    init(_ service: APIKeyService) throws(AccountError) {
        guard let hasher = service.hasher else { throw .isLocked }
        self.service = service
        self.hasher = hasher
        now = service.context.now
        lastNumber = service.context.directory.last(.apikey)
        firstNewapi = service.context.directory.last(.newapiToken)
        lastNewapi = firstNewapi
    }

    mutating func add(_ draft: APIKeyDraft) throws(AccountError) {
        let directory = service.context.directory
        let tenant = try directory.existingTenant(draft.tenant)
        if draft.owner != 0 { _ = try directory.existingUser(draft.owner) }
        try add(draft, in: tenant)
    }

    /// For a tenant and an owner that are there, or will be with the same batch.
    mutating func add(_ draft: APIKeyDraft, in tenant: Tenant) throws(AccountError) {
        let readable = draft.readable ?? ReadableForm.random(draft.form)
        defer { withExtendedLifetime(readable) {} }
        try ReadableForm.check(readable.bytes, draft.form, isOfImport: draft.isOfImport)
        var key = try draft.key(hintEnds: ReadableForm.hintEnds(readable.bytes, draft.form), now: now)
        key.number = try following(lastNumber)
        key.newapiID = try newapiID(draft)
        let keys = try count(draft)
        var record = APIKeyRecord(
            key: key, hash: try unused(readable.bytes, .apiKey, hint: key.hint), beta: nil, hasForm: tenant.allowsReveal)
        let name = try DocumentName.number(key.number)
        var new: [Mutation] = []
        if record.hasForm {
            new.append(.putDocument(.apiKeyForms, name, APIKeyService.encode(form: readable.bytes), expected: .exactly(0)))
        }
        if let beta = draft.beta {
            defer { withExtendedLifetime(beta) {} }
            try ReadableForm.check(beta: beta.bytes)
            record.beta = try unused(beta.bytes, .beta, hint: key.hint)
            if tenant.allowsReveal {
                new.append(
                    .putDocument(.apiKeyForms, try .beta(key.number), APIKeyService.encode(form: beta.bytes), expected: .exactly(0)))
            }
        }
        new.append(.putDocument(.apiKeys, name, record.encoded(), expected: .exactly(0)))
        new.append(.budget(.set(
            try .budget(key.number), unlimited: draft.unlimited, remaining: draft.quota, used: draft.used, accessed: draft.accessed)))
        // Nothing refuses it any more.
        steps += new
        numbers.append(key.number)
        lastNumber = key.number
        if key.newapiID > 0 {
            newapiIDs.insert(key.newapiID)
            lastNewapi = max(lastNewapi, UInt64(key.newapiID))
        }
        if let keys { owned[draft.owner] = keys }
        let holder = Holder(tenant: draft.tenant, owner: draft.owner)
        hashes[record.hash.slot] = holder
        if let beta = record.beta { hashes[beta.slot] = holder }
    }

    /// All of it, with the sequences.
    func mutations() throws(AccountError) -> [Mutation] {
        guard !numbers.isEmpty else { return [] }
        var all = steps
        all.append(try Sequences.apikey.mutation(last: lastNumber))
        if lastNewapi != firstNewapi { all.append(try Sequences.newapiToken.mutation(last: lastNewapi)) }
        return all
    }

    // MARK: What is taken

    /// Who has these bytes as a key, or as a beta: in memory or in this plan, also under hash keys of merged stores. `nil`: nobody.
    func holder(of secret: SecretBuffer, _ domain: TokenDomain) -> Holder? {
        withExtendedLifetime(secret) { holder(of: secret.bytes, domain) }
    }

    private func holder(of bytes: UnsafeRawBufferPointer, _ domain: TokenDomain) -> Holder? {
        for hash in hasher.hashes(bytes, domain) {
            let digest = KeyDigest(hash)
            if let planned = hashes[digest.slot] { return planned }
            if let entry = service.registry.target(digest)?.account.current { return Holder(tenant: entry.tenant, owner: entry.owner) }
        }
        return nil
    }

    func isFree(newapiID: Int64) -> Bool { !newapiIDs.contains(newapiID) && service.registry.account(newapiID: newapiID) == nil }

    /// Over all keys, and all betas: whoever presents the bytes must be one key. Also under hash keys of merged stores.
    private func unused(_ bytes: UnsafeRawBufferPointer, _ domain: TokenDomain, hint: String) throws(AccountError) -> KeyDigest {
        let digest = KeyDigest(hasher.hash(bytes, domain))
        guard hashes[digest.slot] == nil else { throw AccountError(.alreadyExists, "readable", "the key \(hint) was given twice") }
        for hash in hasher.hashes(bytes, domain) where service.registry.isTaken(KeyDigest(hash)) {
            throw AccountError(.alreadyExists, "readable", "the key \(hint) exists already")
        }
        return digest
    }

    // MARK: Numbers

    /// - Returns: how many keys the owner then has; `nil`: nobody owns it.
    private func count(_ draft: APIKeyDraft) throws(AccountError) -> Int? {
        guard draft.owner != 0 else { return nil }
        let count = owned[draft.owner] ?? service.registry.numbers(owner: draft.owner).count
        let limit = draft.limit ?? service.context.options.maxKeysPerUser
        guard count < limit else { throw AccountError(.tooMany, "owner", "this user owns \(count) API keys; \(limit) are allowed") }
        return count + 1
    }

    private func following(_ last: UInt64) throws(AccountError) -> UInt64 {
        guard last < UInt64(Int64.max) else { throw AccountError(.failed, "", "the numbers of API keys are used up") }
        return last + 1
    }

    private func newapiID(_ draft: APIKeyDraft) throws(AccountError) -> Int64 {
        guard let brought = draft.newapiID else {
            return draft.form == .sk ? Int64(clamping: try following(max(lastNewapi, newapiFloor))) : 0
        }
        guard brought > 0 else { return 0 }
        guard isFree(newapiID: brought) else {
            throw AccountError(.alreadyExists, "newapi_id", "another API key has the number \(brought) of new-api")
        }
        return brought
    }
}
