import Testing

@testable import CofferStore

/// A closed store's data file through an LMDB handle of the test's own: what somebody with the disk in hand can do.
struct RawStore {
    let environment: Environment

    init(_ folder: Folder, mapBytes: Int = 1 << 30) throws {
        environment = try Environment(folder: folder.store + "/current", mapBytes: mapBytes)
    }

    func close() { environment.release() }

    /// All records of a table, in the order of their keys.
    func records(_ table: Table) throws -> [(key: [UInt8], record: [UInt8])] {
        let transaction = try Transaction.begin(environment, readOnly: true)
        defer { transaction.abort() }
        var result: [(key: [UInt8], record: [UInt8])] = []
        try transaction.scan(table) { (key, record) throws(StoreError) in
            result.append((Array(key), Array(record)))
            return true
        }
        return result
    }

    func write(_ change: (Transaction) throws -> Void) throws {
        let transaction = try Transaction.begin(environment, readOnly: false)
        try change(transaction)
        try lmdb(transaction.commit(), "mdb_txn_commit")
    }

    func put(_ table: Table, _ key: [UInt8], _ record: [UInt8]) throws { try write { try $0.put(table, key, record) } }
    func delete(_ table: Table, _ key: [UInt8]) throws { try write { try $0.delete(table, key) } }

    var header: [UInt8] {
        get throws {
            let transaction = try Transaction.begin(environment, readOnly: true)
            defer { transaction.abort() }
            return try transaction.getMeta(Store.headerKey) ?? []
        }
    }

    func put(header: [UInt8]) throws { try write { try $0.putMeta(Store.headerKey, header) } }

    /// The keys of the store, opened with the fixture's key file.
    func keys() throws -> KeySet {
        let bytes = try header
        let header = try bytes.withUnsafeBytes { try Header(decoding: $0) }
        let slot = try #require(header.slots.first { $0.kind == .keyFile })
        let root = try slot.unwrap(storeID: header.storeID, secret: Fixture.key.bytes)
        return try KeySet(root: root, keyring: try header.openKeyring(root: root), aesHardware: Suite.machineHasAES)
    }
}

extension Fixture {
    /// Changes the data file while the store is closed; opens it again, unlocked unless `unlocking` is false.
    func tamper(unlocking: Bool = true, _ body: (RawStore) throws -> Void) throws {
        try whileClosed {
            let raw = try RawStore(folder)
            defer { raw.close() }
            try body(raw)
        }
        if unlocking { try store.unlock(.keyFile(Self.key)) }
    }
}
