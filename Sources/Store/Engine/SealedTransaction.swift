/// A write transaction that seals what goes in, opens what comes out, and keeps the head's counts and set hashes true.
struct SealedTransaction: ~Copyable {
    let transaction: Transaction
    let keys: KeySet
    var head: Head
    /// Records sealed so far: what the key's seal count must cover.
    private(set) var seals: UInt64 = 0

    init(_ transaction: Transaction, keys: KeySet, head: Head) {
        self.transaction = transaction
        self.keys = keys
        self.head = head
    }

    func open(_ table: Table, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        guard let record = try transaction.get(table, key) else { return nil }
        return try key.withBytes { (key) throws(StoreError) in
            try Record.open(record, table: table, key: key, keys: keys)
        }
    }

    /// - Returns: the sealed record as it lies on the disk.
    @discardableResult
    mutating func put(_ table: Table, _ key: [UInt8], _ plaintext: UnsafeRawBufferPointer) throws(StoreError) -> [UInt8] {
        let record = Record.seal(plaintext, table: table, key: key, with: keys.sealing)
        seals += 1
        if table != .head { try account(table, key, new: record) }
        try transaction.put(table, key, record)
        return record
    }

    @discardableResult
    mutating func put(_ table: Table, _ key: [UInt8], _ plaintext: [UInt8]) throws(StoreError) -> [UInt8] {
        let record = Record.seal(plaintext, table: table, key: key, with: keys.sealing)
        seals += 1
        if table != .head { try account(table, key, new: record) }
        try transaction.put(table, key, record)
        return record
    }

    mutating func delete(_ table: Table, _ key: [UInt8]) throws(StoreError) {
        try account(table, key, new: nil)
        try transaction.delete(table, key)
    }

    /// Takes all records of a table away.
    mutating func clear(_ table: Table) throws(StoreError) {
        try transaction.clear(table)
        head.contents[table] = Head.Content()
    }

    private mutating func account(_ table: Table, _ key: [UInt8], new: [UInt8]?) throws(StoreError) {
        var content = head.contents[table] ?? Head.Content()
        if let old = try transaction.get(table, key) {
            content.hash.subtract(key.withUnsafeBytes { SetHash.member(key: $0, record: old, keys: keys) })
            content.count -= min(content.count, 1)
        }
        if let new {
            content.hash.add(key.withUnsafeBytes { key in new.withUnsafeBytes { SetHash.member(key: key, record: $0, keys: keys) } })
            content.count += 1
        }
        head.contents[table] = content
    }
}
