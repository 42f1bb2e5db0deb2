/// What of a backup goes into a store that has something already. Pure: decides, touches nothing.
enum RestoreRules {
    /// No backup says a revision from here on: a store that went on above it (``Head/jump``, at each restore) would use up the numbers that
    /// it has.
    static let endOfRevisions: UInt64 = 1 << 60

    // MARK: Names

    /// Adds the versions of a backup to a name that the store has too, under their own numbers; everything else stays as the store has
    /// it. A name that the store only remembers the last number of comes back whole.
    /// - Returns: the record, and the versions whose values are wanted.
    static func merge(_ backup: NameRecord, into present: NameRecord) -> (record: NameRecord, wanted: Set<UInt64>) {
        if present.purged {
            var record = backup
            record.latest = max(present.latest, backup.latest)
            return (record, Set(backup.versions.filter { !$0.destroyed }.map(\.version)))
        }
        var record = present
        record.latest = max(present.latest, backup.latest)
        let known = Set(present.versions.map(\.version))
        let added = backup.versions.filter { !known.contains($0.version) && !$0.destroyed }
        record.versions = (present.versions + added).sorted { $0.version < $1.version }
        return (record, Set(added.map(\.version)))
    }

    /// What is left of a name that is not in the backup: its last number, so that none is given twice (formats.md 4).
    static func purged(_ present: NameRecord) -> NameRecord {
        var record = present
        record.versions = []
        record.metadata = []
        record.tags = []
        record.active = 0
        record.deleted = 0
        record.purged = true
        return record
    }

    // MARK: Documents

    /// A document that only means something beside another one: it comes from the same side.
    /// - Returns: where that one stands; `nil`: it stands for itself.
    static func owner(of name: [UInt8], in table: DocumentTable) -> (table: DocumentTable, name: [UInt8])? {
        let number = Array(name.prefix { $0 != UInt8(ascii: "/") })
        switch table {
        case .passwords: return (.users, name)
        case .apiKeyForms: return (.apiKeys, name)
        case .credentialStates, .credentialSecrets, .credentialTokens, .refreshJournal: return (.credentials, number)
        case .poolStates, .poolTokens: return (.pools, number)
        // Their states lie beside them.
        case .schedules, .sinks: return number.count < name.count ? (table, number) : nil
        case .policies, .tenants, .users, .memberships, .accessTokens, .apiKeys, .doors, .sequences, .credentials, .pools, .providers:
            return nil
        }
    }

    /// Whose quota a budget is: an API key's (`k/12`) or a user's (`u/5`).
    static func owner(ofBudget name: [UInt8]) -> (table: DocumentTable, name: [UInt8])? {
        guard name.count > 2, name[1] == UInt8(ascii: "/") else { return nil }
        switch name[0] {
        case UInt8(ascii: "k"): return (.apiKeys, Array(name[2...]))
        case UInt8(ascii: "u"): return (.users, Array(name[2...]))
        default: return nil
        }
    }

    /// What a numbered document is about.
    struct Identity: Equatable {
        var number: UInt64
        var name: NameInTenant
        /// Unix milliseconds: the same as long as the thing exists, whatever it is called.
        var created: UInt64
    }

    /// What people and programs know a thing by.
    struct NameInTenant: Hashable {
        var tenant: UInt64
        var name: [UInt8]
    }

    /// Tables whose names are given once; API keys and access tokens bear labels.
    static func hasNames(_ table: DocumentTable) -> Bool { table != .apiKeys && table != .accessTokens }

    /// `nil`: documents of this table, or of this name in it, have no number of their own.
    static func identity(of document: SecretBuffer, _ name: DocumentName, in table: DocumentTable) throws(StoreError) -> Identity? {
        let owner: String?
        switch table {
        case .tenants, .users: owner = nil
        case .accessTokens: owner = "user"
        case .apiKeys, .credentials, .pools, .schedules, .sinks: owner = "tenant"
        default: return nil
        }
        guard !name.bytes.contains(UInt8(ascii: "/")) else { return nil }
        defer { withExtendedLifetime(document) {} }
        let fields = try LayoutFields.find(["number", "name", "created", owner ?? "number"], in: document.bytes, .of(table, name))
        func number(_ field: String) -> UInt64 { (fields[field] ?? []).reduce(0) { $0 << 8 | UInt64($1) } }
        return Identity(
            number: number("number"), name: NameInTenant(tenant: owner.map { number($0) } ?? 0, name: fields["name"] ?? []),
            created: number("created"))
    }

    /// Whether two documents of one number are about one thing.
    /// - Parameter ofOneStore: whether both sides were the same store once. Since then each may have given a number anew, and may have
    ///   renamed what has one: what was made at another time is another thing. Two stores go by names, where there are such.
    static func isSame(_ left: Identity, _ right: Identity, in table: DocumentTable, ofOneStore: Bool) -> Bool {
        // Each store makes its `main` itself.
        if table == .tenants, left.number == TenantID.main { return left.name == right.name }
        if ofOneStore { return left.created == right.created }
        return left.name == right.name && (hasNames(table) || left.created == right.created)
    }

    /// The last number of a sequence's document.
    static func lastNumber(of document: SecretBuffer) throws(StoreError) -> UInt64 {
        defer { withExtendedLifetime(document) {} }
        var reader = FieldReader(document.bytes, "a sequence")
        _ = try reader.u8()
        let last = try reader.u64()
        try reader.finish()
        return last
    }

    // MARK: Emptiness

    /// Tables that a new daemon fills by itself, or that only go with others.
    private static let ownTables: Set<Table> = [.namePages, .changeLog, .idempotency, .head, .auditHead]

    /// Whether a store has nothing that a person made (decisions 28). A daemon writes the tenant `main` at its first start; keys come with
    /// the store.
    static func isPristine(_ head: Head) -> Bool {
        head.contents.allSatisfy { table, content in
            ownTables.contains(table) || content.count <= (table == .tenants ? 1 : 0)
        }
    }
}
