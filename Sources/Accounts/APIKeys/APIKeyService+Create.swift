import CofferStore

// New keys. On the change queue: what is checked against memory cannot move before the commit.
extension APIKeyService {
    /// - Returns: the key, and its readable form without `sk-`; this is the only time that it is given without ``reveal(_:)``.
    /// - Throws: `invalidArgument` naming the field, `notFound` (tenant or owner), `alreadyExists`, `tooMany`, `locked`, …
    public func create(_ draft: APIKeyDraft, by principal: String) async throws(AccountError) -> (view: APIKeyView, readable: SecretBuffer) {
        let readable = draft.readable ?? ReadableForm.random(draft.form)
        var draft = draft
        draft.readable = readable
        guard let view = try await createAll([draft], by: principal).first else {
            throw AccountError(.failed, "", "the new API key is gone already")
        }
        return (view, readable)
    }

    /// All of them, or none, in one batch. Import may bring readable forms and betas; what is missing is made.
    public func createAll(_ drafts: [APIKeyDraft], by principal: String) async throws(AccountError) -> [APIKeyView] {
        try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            var plan = try CreationPlan(self)
            for draft in drafts { try plan.add(draft) }
            if plan.numbers.isEmpty { return [] }
            try context.commit(try plan.mutations(), by: principal)
            let now = context.now
            return plan.numbers.compactMap { registry.account($0)?.view(at: now) }
        }
    }
}

/// New keys of one batch: checked against memory, and against each other.
private struct CreationPlan {
    private let service: APIKeyService
    private let hasher: TokenHasher
    private let now: UInt64
    private var lastNumber: UInt64
    private let firstNumber: UInt64
    private var lastNewapi: UInt64
    private let firstNewapi: UInt64
    private var hashes: Set<KeyDigest> = []
    private var newapiIDs: Set<Int64> = []
    private var owned: [UInt64: Int] = [:]
    private var steps: [Mutation] = []
    private(set) var numbers: [UInt64] = []

    init(_ service: APIKeyService) throws(AccountError) {
        guard let hasher = service.hasher else { throw .isLocked }
        self.service = service
        self.hasher = hasher
        now = service.context.now
        firstNumber = service.context.directory.last(.apikey)
        lastNumber = firstNumber
        firstNewapi = service.context.directory.last(.newapiToken)
        lastNewapi = firstNewapi
    }

    mutating func add(_ draft: APIKeyDraft) throws(AccountError) {
        let directory = service.context.directory
        let tenant = try directory.existingTenant(draft.tenant)
        if draft.owner != 0 {
            _ = try directory.existingUser(draft.owner)
            try count(draft)
        }
        let readable = draft.readable ?? ReadableForm.random(draft.form)
        defer { withExtendedLifetime(readable) {} }
        try ReadableForm.check(readable.bytes, draft.form)
        var key = try draft.key(hintEnds: ReadableForm.hintEnds(readable.bytes, draft.form), now: now)
        key.number = try next(&lastNumber)
        key.newapiID = try newapiID(draft)
        var record = APIKeyRecord(
            key: key, hash: try unused(readable.bytes, .apiKey, hint: key.hint), beta: nil, hasForm: tenant.allowsReveal)
        let name = try DocumentName.number(key.number)
        if record.hasForm {
            steps.append(
                .putDocument(.apiKeyForms, name, APIKeyService.encode(form: readable.bytes), expected: .exactly(0)))
        }
        if let beta = draft.beta {
            defer { withExtendedLifetime(beta) {} }
            try ReadableForm.check(beta: beta.bytes)
            record.beta = try unused(beta.bytes, .beta, hint: key.hint)
            if tenant.allowsReveal {
                steps.append(
                    .putDocument(.apiKeyForms, try .beta(key.number), APIKeyService.encode(form: beta.bytes), expected: .exactly(0)))
            }
        }
        steps.append(.putDocument(.apiKeys, name, record.encoded(), expected: .exactly(0)))
        steps.append(.budget(.set(try .budget(key.number), unlimited: draft.unlimited, remaining: draft.quota, used: draft.used)))
        numbers.append(key.number)
    }

    func mutations() throws(AccountError) -> [Mutation] {
        var all = steps
        all.append(try Sequences.apikey.mutation(last: lastNumber))
        if lastNewapi != firstNewapi { all.append(try Sequences.newapiToken.mutation(last: lastNewapi)) }
        return all
    }

    private mutating func count(_ draft: APIKeyDraft) throws(AccountError) {
        let count = owned[draft.owner] ?? service.registry.numbers(owner: draft.owner).count
        let limit = draft.limit ?? service.context.options.maxKeysPerUser
        guard count < limit else { throw AccountError(.tooMany, "owner", "this user owns \(count) API keys; \(limit) are allowed") }
        owned[draft.owner] = count + 1
    }

    private func next(_ last: inout UInt64) throws(AccountError) -> UInt64 {
        guard last < UInt64(Int64.max) else { throw AccountError(.failed, "", "the numbers of API keys are used up") }
        last += 1
        return last
    }

    private mutating func newapiID(_ draft: APIKeyDraft) throws(AccountError) -> Int64 {
        guard let brought = draft.newapiID else { return draft.form == .sk ? Int64(clamping: try next(&lastNewapi)) : 0 }
        guard brought > 0 else { return 0 }
        guard service.registry.account(newapiID: brought) == nil, newapiIDs.insert(brought).inserted else {
            throw AccountError(.alreadyExists, "newapi_id", "another API key has the number \(brought) of new-api")
        }
        lastNewapi = max(lastNewapi, UInt64(brought))
        return brought
    }

    /// Over all keys, and all betas: whoever presents the bytes must be one key. Also under hash keys of merged stores.
    private mutating func unused(_ bytes: UnsafeRawBufferPointer, _ domain: TokenDomain, hint: String) throws(AccountError) -> KeyDigest {
        for hash in hasher.hashes(bytes, domain) where service.registry.target(KeyDigest(hash)) != nil {
            throw AccountError(.alreadyExists, "readable", "the key \(hint) exists already")
        }
        let digest = KeyDigest(hasher.hash(bytes, domain))
        guard hashes.insert(digest).inserted else {
            throw AccountError(.alreadyExists, "readable", "the key \(hint) was given twice")
        }
        return digest
    }
}
