import CLMDB
import CSodium

/// What lies in an environment, as one read transaction of its own shows it. May change threads, not be used by two.
final class StoreContent {
    let environment: Environment
    let transaction: Transaction
    let keys: KeySet

    /// - Parameter environment: is retained as long as this lives.
    init(_ environment: Environment, keys: KeySet) throws(StoreError) {
        try environment.retain()
        self.environment = environment
        self.keys = keys
        do throws(StoreError) {
            transaction = try Transaction.begin(environment, readOnly: true)
        } catch {
            environment.release()
            throw error
        }
    }

    deinit {
        if environment.isOurs { transaction.abort() }
        environment.release()
    }

    func contains(_ table: Table, _ key: [UInt8]) throws(StoreError) -> Bool { try transaction.get(table, key) != nil }

    func open(_ table: Table, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        guard let record = try transaction.get(table, key) else { return nil }
        return try key.withBytes { (key) throws(StoreError) in try Record.open(record, table: table, key: key, keys: keys) }
    }

    /// The same for plaintext that must not stay behind.
    func withOpened<T>(
        _ table: Table, _ key: [UInt8], _ body: (UnsafeRawBufferPointer) throws(StoreError) -> T
    ) throws(StoreError) -> T? {
        guard let record = try transaction.get(table, key) else { return nil }
        return try key.withBytes { (key) throws(StoreError) in try withOpened(record, table, key, body) }
    }

    func withOpened<T>(
        _ record: UnsafeRawBufferPointer, _ table: Table, _ key: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        var plaintext = try Record.open(record, table: table, key: key, keys: keys)
        defer { sodium_memzero(&plaintext, plaintext.count) }
        return try plaintext.withBytes(body)
    }

    func name(_ key: [UInt8]) throws(StoreError) -> NameRecord? {
        try open(.secrets, key).map { (bytes) throws(StoreError) in try NameRecord(decoding: bytes) }
    }

    func document(_ table: DocumentTable, _ name: [UInt8]) throws(StoreError) -> SecretBuffer? {
        try withOpened(Table(table), keys.nameHash(Table(table), tenant: .main, name: name)) { (bytes) throws(StoreError) in
            guard let trailer = ValueTrailer(bytes) else { throw StoreError(.damaged, "a document's lengths do not fit") }
            return SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength]))
        }
    }
}

/// Walks over a table, record by record, at the pace of its caller.
final class TableWalk {
    private var cursor: OpaquePointer?
    private let environment: Environment
    private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var record = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Whether ``key`` and ``record`` are those of a record; valid while the transaction is.
    private(set) var isAtRecord = false

    /// At the first record.
    init(_ table: Table, in transaction: Transaction) throws(StoreError) {
        environment = transaction.environment
        try lmdb(mdb_cursor_open(transaction.handle, environment.handle(of: table), &cursor), "mdb_cursor_open")
        try move(MDB_FIRST)
    }

    deinit { mdb_cursor_close(cursor) }

    func advance() throws(StoreError) { try move(MDB_NEXT) }

    private func move(_ operation: MDB_cursor_op) throws(StoreError) {
        if environment.isCondemned { throw Environment.busy }
        var name = MDB_val()
        var data = MDB_val()
        let code = mdb_cursor_get(cursor, &name, &data, operation)
        isAtRecord = code == 0
        guard code == 0 || code == MDB_NOTFOUND else { throw StoreError.fromLMDB(code, "mdb_cursor_get") }
        key = UnsafeRawBufferPointer(start: name.mv_data, count: code == 0 ? name.mv_size : 0)
        record = UnsafeRawBufferPointer(start: data.mv_data, count: code == 0 ? data.mv_size : 0)
    }
}
