import CLMDB

/// A transaction of the environment: reading, and for the writer changing, by table and key.
///
/// What `get` returns lies in the map and is valid until the transaction ends (or, in a write transaction, until its next change).
struct Transaction {
    let handle: OpaquePointer
    let environment: Environment

    /// - Parameter readOnly: the writer is the only one that says false.
    static func begin(_ environment: Environment, readOnly: Bool) throws(StoreError) -> Transaction {
        try environment.checkUsable()
        var handle: OpaquePointer?
        try lmdb(mdb_txn_begin(environment.handle, nil, readOnly ? UInt32(MDB_RDONLY) : 0, &handle), "mdb_txn_begin")
        guard let handle else { throw StoreError(.failed, "LMDB gave no transaction") }
        return Transaction(handle: handle, environment: environment)
    }

    func abort() { mdb_txn_abort(handle) }
    /// LMDB's own code: the writer must tell its errors apart.
    func commit() -> Int32 { mdb_txn_commit(handle) }
    func reset() { mdb_txn_reset(handle) }

    func renew() throws(StoreError) {
        try environment.checkUsable()
        try lmdb(mdb_txn_renew(handle), "mdb_txn_renew")
    }

    // MARK: Reading

    @inline(__always)
    func get(_ table: Table, _ key: UnsafeRawBufferPointer) throws(StoreError) -> UnsafeRawBufferPointer? {
        try get(environment.handle(of: table), key)
    }

    func get(_ table: Table, _ key: [UInt8]) throws(StoreError) -> UnsafeRawBufferPointer? {
        return try key.withBytes { (key) throws(StoreError) in
            try get(table, key)
        }
    }

    func getMeta(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        return try key.withBytes { (key) throws(StoreError) in
            try get(environment.meta, key).map { Array($0) }
        }
    }

    @inline(__always)
    private func get(_ table: MDB_dbi, _ key: UnsafeRawBufferPointer) throws(StoreError) -> UnsafeRawBufferPointer? {
        var name = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
        var data = MDB_val()
        let code = mdb_get(handle, table, &name, &data)
        if code == MDB_NOTFOUND { return nil }
        if code != 0 { throw StoreError.fromLMDB(code, "mdb_get") }
        return UnsafeRawBufferPointer(start: data.mv_data, count: data.mv_size)
    }

    /// Visits the records of a table in the order of their keys, from `start` on, until `visit` says false.
    func scan(
        _ table: Table, from start: [UInt8] = [],
        _ visit: (_ key: UnsafeRawBufferPointer, _ record: UnsafeRawBufferPointer) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var cursor: OpaquePointer?
        try lmdb(mdb_cursor_open(handle, environment.handle(of: table), &cursor), "mdb_cursor_open")
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var data = MDB_val()
        var start = start
        var code: Int32
        if start.isEmpty {
            code = mdb_cursor_get(cursor, &key, &data, MDB_FIRST)
        } else {
            code = start.withUnsafeMutableBytes { bytes in
                key = MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
                return mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE)
            }
        }
        while code == 0 {
            if environment.isCondemned { throw Environment.busy }
            let name = UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size)
            guard try visit(name, UnsafeRawBufferPointer(start: data.mv_data, count: data.mv_size)) else { return }
            code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)
        }
        if code != MDB_NOTFOUND { throw StoreError.fromLMDB(code, "mdb_cursor_get") }
    }

    // MARK: Changing

    func put(_ table: Table, _ key: [UInt8], _ record: [UInt8]) throws(StoreError) {
        try put(environment.handle(of: table), key, record)
    }

    func putMeta(_ key: [UInt8], _ bytes: [UInt8]) throws(StoreError) { try put(environment.meta, key, bytes) }

    private func put(_ table: MDB_dbi, _ key: [UInt8], _ record: [UInt8]) throws(StoreError) {
        let code = key.withUnsafeBytes { key in
            record.withUnsafeBytes { record in
                var name = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
                var data = MDB_val(mv_size: record.count, mv_data: UnsafeMutableRawPointer(mutating: record.baseAddress))
                return mdb_put(handle, table, &name, &data, 0)
            }
        }
        try lmdb(code, "mdb_put")
    }

    func clear(_ table: Table) throws(StoreError) {
        try lmdb(mdb_drop(handle, environment.handle(of: table), 0), "mdb_drop")
    }

    func delete(_ table: Table, _ key: [UInt8]) throws(StoreError) {
        let code = key.withUnsafeBytes { key in
            var name = MDB_val(mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
            return mdb_del(handle, environment.handle(of: table), &name, nil)
        }
        if code != MDB_NOTFOUND { try lmdb(code, "mdb_del") }
    }
}
