import CofferStore

/// Fills the directory from the store and keeps it true. On the thread that owns `reader`, between begin and end.
struct DirectoryLoader {
    let reader: StoreReader
    let now: UInt64

    /// All that the store holds, made apart from what others read meanwhile.
    func load(hasher: TokenHasher) throws(StoreError) -> DirectoryState {
        var state = DirectoryState()
        state.hasher = hasher
        for table in Self.tables {
            try reader.forEachDocument(table) { (name, bytes, revision) throws(StoreError) in
                if let event = try Self.event(table, name.bytes, bytes, revision) { state.apply(event) }
            }
        }
        // Every store has it, also one that cannot be written (then it lies only here).
        if state.tenants[.main] == nil, let main = Self.main(created: now) { state.apply(.tenant(.main, main)) }
        state.phase = .ready
        return state
    }

    /// What the changed documents say now. A document that changed twice is read once.
    func events(of changes: [Change]) throws(StoreError) -> [DirectoryEvent] {
        struct Identity: Hashable {
            var table: UInt16
            var name: [UInt8]
        }
        var seen: Set<Identity> = []
        var events: [DirectoryEvent] = []
        for change in changes {
            guard let table = Self.table(of: change.table), seen.insert(Identity(table: table.rawValue, name: change.name)).inserted else {
                continue
            }
            guard let name = try? DocumentName(change.name) else { throw StoreError(.damaged, "a changed document has no valid name") }
            let found = try reader.documentWithRevision(table, name)
            if let event = try Self.event(table, change.name, found?.bytes, found?.revision ?? 0) { events.append(event) }
        }
        return events
    }

    static func main(created: UInt64) -> Tenant? {
        guard let name = try? DocumentName("main".utf8) else { return nil }
        return Tenant(number: .main, name: name, allowsReveal: true, created: created, revision: 0)
    }

    private static let tables: [DocumentTable] = [.tenants, .users, .memberships, .accessTokens, .sequences, .doors]

    private static func table(of table: Change.Table) -> DocumentTable? {
        tables.first { $0.rawValue == table.rawValue }
    }

    /// - Parameter bytes: `nil`: the document is gone.
    static func event(
        _ table: DocumentTable, _ name: [UInt8], _ bytes: SecretBuffer?, _ revision: UInt64
    ) throws(StoreError) -> DirectoryEvent? {
        switch table {
        case .tenants:
            let number = try DocumentNames.number(name)
            let tenant = try bytes.map { (bytes) throws(StoreError) in try AccountDocuments.tenant(bytes, revision: revision) }
            try require((tenant?.number ?? number) == number)
            return .tenant(number, tenant)
        case .users:
            let number = try DocumentNames.number(name)
            let user = try bytes.map { (bytes) throws(StoreError) in try AccountDocuments.user(bytes, revision: revision) }
            try require((user?.number ?? number) == number)
            return .user(number, user)
        case .memberships:
            let key = try DocumentNames.membership(name)
            let membership = try bytes.map { (bytes) throws(StoreError) in try AccountDocuments.membership(bytes) }
            if let membership { try require(membership.tenant == key.tenant && membership.user == key.user) }
            return .membership(key, membership)
        case .accessTokens:
            let number = try DocumentNames.number(name)
            let token = try bytes.map { (bytes) throws(StoreError) in try AccountDocuments.token(bytes) }
            try require((token?.token.number ?? number) == number)
            return .token(number, token)
        case .sequences:
            // One that only a later version knows is none of ours.
            guard let sequence = Sequences(rawValue: String(decoding: name, as: UTF8.self)), let bytes else { return nil }
            return .sequence(sequence, try AccountDocuments.sequence(bytes))
        case .doors:
            let key = try DocumentNames.door(name)
            guard let bytes else { return .door(key, nil) }
            let (changed, value) = try AccountDocuments.door(bytes)
            let field = DoorSettingsService.field(key)
            let isOpen = field.map { !$0.isSecret } ?? false
            defer { withExtendedLifetime(value) {} }
            return .door(key, DoorState(changed: changed, value: isOpen ? Array(value.bytes) : nil))
        default:
            return nil
        }
    }

    private static func require(_ fits: Bool) throws(StoreError) {
        guard fits else { throw StoreError(.damaged, "an account's document is about something else than its name says") }
    }
}
