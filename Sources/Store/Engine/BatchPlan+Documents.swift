// Judges changes of the documents of small tables.
extension BatchPlanner {
    /// Plans a document's change; `bytes` `nil`: it is deleted.
    mutating func changeDocument(
        _ table: DocumentTable, _ name: DocumentName, _ bytes: SecretBuffer?, expected: ExpectedVersion,
        in transaction: borrowing SealedTransaction
    ) throws(StoreError) {
        if let bytes, bytes.count > StoreLimits.document {
            throw StoreError(.invalidArgument, "the document has more than \(StoreLimits.document) bytes")
        }
        let identity = DocumentIdentity(table: table, name: name)
        let key = Document.key(table, name, keys: transaction.keys)
        let place = documentPlaces[identity]
        let present: Bool = if let place {
            plan.documents[place].bytes != nil
        } else {
            try transaction.transaction.get(Table(table), key) != nil
        }
        if case .exactly(let version, let incarnation) = expected {
            if let incarnation, incarnation != moment.incarnation {
                throw StoreError(.resync, "the expectation is of another incarnation of the store: read it again")
            }
            if version == 0 {
                guard !present else { throw StoreError(.conflict, "'\(name.description)' exists already") }
            } else {
                // What an earlier step of the batch wrote has the batch's revision.
                let planned = present ? moment.revision : nil
                let revision = place == nil ? try revision(of: name, table, key, in: transaction) : planned
                guard revision == version else {
                    throw StoreError(.conflict, "'\(name.description)' is not what revision \(version) wrote")
                }
            }
        }
        guard bytes != nil || present else { throw StoreError(.notFound, "there is no '\(name.description)'") }
        documentPlaces[identity] = plan.documents.count
        plan.documents.append(.init(table: table, name: name, bytes: bytes))
        record(bytes == nil ? .destroy : .put, Change.Table(table), name)
        plan.results.append(.init(effect: present ? .changed : .created, version: 0))
    }

    /// The revision that wrote a document; `nil`: there is none.
    private func revision(
        of name: DocumentName, _ table: DocumentTable, _ key: [UInt8], in transaction: borrowing SealedTransaction
    ) throws(StoreError) -> UInt64? {
        guard let bytes = try transaction.open(Table(table), key) else { return nil }
        let document = try Document.decompose(bytes)
        guard document.name == name else { throw StoreError(.damaged, "a document's record is about another name") }
        return document.revision
    }

    /// Of documents and budgets, which belong to no tenant.
    mutating func record(_ operation: Change.Operation, _ table: Change.Table, _ name: DocumentName) {
        plan.changes.append(Change(
            revision: moment.revision, ordinal: UInt32(plan.changes.count), lastOfRevision: false, table: table, tenant: .main,
            name: name.bytes, operation: operation, version: 0, activeChanged: false))
    }
}
