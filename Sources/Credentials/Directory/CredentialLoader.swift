import CofferStore

/// Fills memory from the store and keeps it true. On the thread that owns `reader`, between begin and end.
struct CredentialLoader {
    let reader: StoreReader

    /// Settings before states and tokens: what belongs to no credential is left out.
    private static let tables: [DocumentTable] = [.credentials, .credentialStates, .credentialTokens, .sequences]

    func load() throws(StoreError) -> CredentialMemory {
        var memory = CredentialMemory()
        var loaded: [Credential] = []
        try reader.forEachDocument(.credentials) { (name, bytes, revision) throws(StoreError) in
            loaded.append(try Self.credential(name.bytes, bytes, revision))
        }
        // Ascending: appended to the order one by one.
        for credential in loaded.sorted(by: { $0.number < $1.number }) { memory.apply(.settings(credential.number, credential)) }
        for table in Self.tables where table != .credentials {
            try reader.forEachDocument(table) { (name, bytes, revision) throws(StoreError) in
                if let event = try Self.event(table, name.bytes, bytes, revision) { memory.apply(event) }
            }
        }
        memory.phase = .ready
        return memory
    }

    /// What the changed documents say now. A document that changed twice is read once.
    func events(of changes: [Change]) throws(StoreError) -> [CredentialEvent] {
        struct Identity: Hashable {
            var table: UInt16
            var name: [UInt8]
        }
        var seen: Set<Identity> = []
        var events: [CredentialEvent] = []
        for table in Self.tables {
            for change in changes where change.table.rawValue == table.rawValue {
                guard seen.insert(Identity(table: table.rawValue, name: change.name)).inserted else { continue }
                guard let name = try? DocumentName(change.name) else { throw StoreError(.damaged, "a changed document has no valid name") }
                let found = try reader.documentWithRevision(table, name)
                if let event = try Self.event(table, change.name, found?.bytes, found?.revision ?? change.revision) { events.append(event) }
            }
        }
        return events
    }

    /// - Parameter bytes: `nil`: the document is gone.
    static func event(
        _ table: DocumentTable, _ name: [UInt8], _ bytes: SecretBuffer?, _ revision: UInt64
    ) throws(StoreError) -> CredentialEvent? {
        switch table {
        case .credentials:
            return .settings(
                try CredentialNames.number(name), try bytes.map { (bytes) throws(StoreError) in try credential(name, bytes, revision) })
        case .credentialStates:
            return .state(
                try CredentialNames.number(name), try bytes.map { (bytes) throws(StoreError) in try CredentialDocuments.state(bytes) })
        case .credentialTokens:
            let (number, kind) = try CredentialNames.token(name)
            let found = try bytes.map { (bytes) throws(StoreError) in try CredentialDocuments.fact(bytes, kind: kind) }
            return .token(number, kind: kind, found?.fact, found?.mark, revision: revision)
        case .sequences:
            // Those of accounts are none of ours.
            guard let sequence = CredentialSequence(rawValue: String(decoding: name, as: UTF8.self)), let bytes else { return nil }
            return .sequence(
                sequence, try CredentialDocuments.read(bytes, "a sequence") { (reader) throws(StoreError) in try reader.u64() })
        default:
            return nil
        }
    }

    private static func credential(_ name: [UInt8], _ bytes: SecretBuffer, _ revision: UInt64) throws(StoreError) -> Credential {
        let credential = try CredentialDocuments.credential(bytes, revision: revision)
        guard credential.number == (try CredentialNames.number(name)) else {
            throw StoreError(.damaged, "a credential's document is about another one")
        }
        return credential
    }
}
