// Reading the documents of small tables. Between begin and end; all of it allocates.
extension StoreReader {
    /// A document of a small table; `nil`: there is none of this name.
    public func document(_ table: DocumentTable, _ name: DocumentName) throws(StoreError) -> SecretBuffer? {
        try documentWithRevision(table, name)?.bytes
    }

    /// The same, with the revision that wrote it: what a change of it can expect.
    public func documentWithRevision(
        _ table: DocumentTable, _ name: DocumentName
    ) throws(StoreError) -> (bytes: SecretBuffer, revision: UInt64)? {
        let keys = try unlockedKeys()
        let key = Document.key(table, name, keys: keys)
        guard let record = try currentTransaction.get(Table(table), key) else { return nil }
        let opened = try key.withBytes { (key) throws(StoreError) in
            try Record.open(record, table: Table(table), key: key, keys: keys)
        }
        let document = try Document.decompose(opened)
        guard document.name == name else { throw StoreError(.damaged, "a document's record is about another name") }
        return (document.bytes, document.revision)
    }

    /// Visits all documents of a table with the revision that wrote each, in no particular order.
    public func forEachDocument(
        _ table: DocumentTable, _ body: (DocumentName, SecretBuffer, UInt64) throws(StoreError) -> Void
    ) throws(StoreError) {
        let keys = try unlockedKeys()
        try currentTransaction.scan(Table(table)) { (key, record) throws(StoreError) in
            let document = try Document.decompose(try Record.open(record, table: Table(table), key: key, keys: keys))
            guard key.elementsEqual(Document.key(table, document.name, keys: keys)) else {
                throw StoreError(.damaged, "a document's record is about another name")
            }
            try body(document.name, document.bytes, document.revision)
            return true
        }
    }

    /// All documents of a table, by name.
    public func documents(_ table: DocumentTable) throws(StoreError) -> [(name: DocumentName, bytes: SecretBuffer, revision: UInt64)] {
        var result: [(name: DocumentName, bytes: SecretBuffer, revision: UInt64)] = []
        try forEachDocument(table) { (name, bytes, revision) throws(StoreError) in result.append((name, bytes, revision)) }
        return result.sorted { $0.name < $1.name }
    }
}
