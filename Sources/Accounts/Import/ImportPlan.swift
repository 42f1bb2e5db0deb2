import CofferStore

/// What the rows of an import come to: judged against memory and against what earlier rows make, written by nobody yet.
///
/// On the change queue. Import once, then the store is the truth (decisions 19): what is there is never overwritten. A row that is
/// refused leaves the plan as it was, but for the rows that depend on it: they are refused as well.
struct ImportPlan {
    let context: AccountContext
    let hasher: TokenHasher
    let now: UInt64
    /// What the rows before make, as memory will have it.
    var made = DirectoryState()
    var keys: APIKeyPlan
    var steps: [Mutation] = []
    /// Numbers of new-api that are given to users without one begin above.
    private var newapiFloor: UInt64 = 0
    private var lasts: [Sequences: UInt64] = [:]

    private var refusedUsers: Set<UserReference> = []
    private var refusedTenants: Set<[UInt8]> = []
    private var effects: [ImportReport.Effect] = []
    private var notes: [(row: Int, text: String)] = []
    /// Of the present row.
    private var remarks: [String] = []

    /// - Throws: `locked`.
    init(_ rows: [ImportRow], _ apiKeys: APIKeyService) throws(AccountError) {
        context = apiKeys.context
        guard let hasher = context.directory.read({ $0.hasher }) else { throw .isLocked }
        self.hasher = hasher
        now = context.now
        keys = try APIKeyPlan(apiKeys)
        effects.reserveCapacity(rows.count)
        for row in rows {
            guard let id = row.fields["newapi_id"].flatMap({ Int64($0) }), ImportFields.identifiers.contains(id) else { continue }
            switch row.noun {
            case "user": newapiFloor = max(newapiFloor, UInt64(id))
            case "apikey": keys.newapiFloor = max(keys.newapiFloor, UInt64(id))
            default: break
            }
        }
        for row in rows { add(row) }
    }

    /// All of it, in one batch.
    func mutations() throws(AccountError) -> [Mutation] {
        var all = steps
        for (sequence, last) in lasts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { all.append(try sequence.mutation(last: last)) }
        return all + (try keys.mutations())
    }

    func report(revision: UInt64) -> ImportReport { ImportReport(revision: revision, effects: effects, notes: notes) }

    // MARK: Rows

    private mutating func add(_ row: ImportRow) {
        remarks = []
        do throws(AccountError) {
            var fields = ImportFields(row)
            let effect: ImportReport.Effect = switch row.noun {
            case "tenant": try tenant(&fields)
            case "user": try user(&fields)
            case "member": try member(&fields)
            case "apikey": try apiKey(&fields)
            default: throw AccountError(.invalidArgument, "", "there is no noun '\(CofferNames.printable(row.noun.prefix(32)))'")
            }
            effects.append(effect)
            for remark in remarks { note(remark) }
        } catch {
            effects.append(.refused)
            note(error.field.isEmpty ? error.message : "\(error.field): \(error.message)")
            refuse(row)
        }
    }

    /// About the present row, should it not be refused.
    mutating func remark(_ text: String) { remarks.append(text) }

    /// About the row that got its effect last.
    private mutating func note(_ text: String) {
        // The protocol's limit.
        var text = text
        while text.utf8.count > 300 { text.removeLast() }
        notes.append((row: effects.count - 1, text: text))
    }

    /// Nothing may come to belong to what the row was about, nor to somebody else of the same number.
    private mutating func refuse(_ row: ImportRow) {
        let name = row.fields["name"].map { Array($0.utf8) }
        switch row.noun {
        case "tenant":
            if let name { refusedTenants.insert(name) }
            if let id = row.fields["ragflow_id"] { refusedTenants.insert(Array(id.utf8)) }
        case "user":
            if let name { refusedUsers.insert(.name(name)) }
            if let id = row.fields["newapi_id"].flatMap({ Int64($0) }) { refusedUsers.insert(.newapi(id)) }
            if let id = row.fields["ragflow_id"] { refusedUsers.insert(.ragflow(id)) }
        default: break
        }
    }

    // MARK: What is there, and what will be

    /// Here or in memory.
    func find<Value: Sendable>(_ body: (borrowing DirectoryState) -> Value?) -> Value? { body(made) ?? context.directory.read(body) }

    /// - Throws: `notFound`; `conflict` for one whose row was refused.
    func existing(_ reference: UserReference, field: String) throws(AccountError) -> User {
        try requireNotRefused(reference, field: field)
        guard let user = find({ $0.user(reference) }) else {
            throw AccountError(.notFound, field, "there is no user \(reference.description)")
        }
        return user
    }

    func requireNotRefused(_ reference: UserReference, field: String) throws(AccountError) {
        guard !refusedUsers.contains(reference) else {
            throw AccountError(.conflict, field, "the user \(reference.description) was refused")
        }
    }

    /// - Throws: `notFound`; `conflict` for one whose row was refused.
    func existing(tenant name: [UInt8], field: String) throws(AccountError) -> Tenant {
        let shown = CofferNames.printable(String(decoding: name, as: UTF8.self))
        guard !refusedTenants.contains(name) else { throw AccountError(.conflict, field, "the tenant '\(shown)' was refused") }
        guard let tenant = find({ $0.tenant(named: name) }) else {
            throw AccountError(.notFound, field, "there is no tenant '\(shown)'")
        }
        return tenant
    }

    /// The tenant that a row names, by `tenant_ref` (`ragflow:ID`) or by the field `name`; `nil`: it names none.
    func tenant(_ fields: inout ImportFields, orBy name: String) throws(AccountError) -> Tenant? {
        if let text = fields.text("tenant_ref") {
            guard let id = UserReference.ragflowID(text) else {
                throw AccountError(.invalidArgument, "tenant_ref", "it is not ragflow: and 32 hexadecimal digits")
            }
            return try existing(tenant: Array(id.utf8), field: "tenant_ref")
        }
        return try fields.text(name).map { (text) throws(AccountError) in try existing(tenant: Array(text.utf8), field: name) }
    }

    /// The user that a row names, by `owner_ref` (`newapi:7`, `ragflow:ID`) or by the field `name`; `nil`: it names none.
    func user(_ fields: inout ImportFields, orBy name: String) throws(AccountError) -> User? {
        if let text = fields.text("owner_ref") {
            return try existing(try UserReference(text, field: "owner_ref"), field: "owner_ref")
        }
        guard let text = fields.text(name), !text.isEmpty else { return nil }
        return try existing(.name(Array(text.utf8)), field: name)
    }

    // MARK: Numbers

    /// The next number of a sequence, which is taken when ``take(_:of:)`` says so.
    func next(_ sequence: Sequences) throws(AccountError) -> UInt64 {
        let floor = sequence == .newapiUser ? newapiFloor : 0
        let last = max(lasts[sequence] ?? context.directory.last(sequence), floor)
        guard last < UInt64(Int64.max) else { throw AccountError(.failed, "", "the sequence '\(sequence.rawValue)' is used up") }
        return last + 1
    }

    mutating func take(_ number: UInt64, of sequence: Sequences) {
        guard number > lasts[sequence] ?? context.directory.last(sequence) else { return }
        lasts[sequence] = number
    }
}
