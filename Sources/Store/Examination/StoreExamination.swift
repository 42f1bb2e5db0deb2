import CLMDB
import Glibc

/// Looks at a stopped store's data file before LMDB does, which believes whatever its pages say: a page number that a bad disk changed
/// can end the process, and a page on the free list that is in use gets overwritten by the next change (trust.md, D5).
///
/// Everything that LMDB follows is judged (pages, bounds, order of keys, counts, the free list); values are not read: their records
/// authenticate by themselves. May end in a signal where the disk cannot be read at all, so it belongs into a process of its own:
/// ``StoreExaminer``.
public struct StoreExamination: Sendable {
    /// Pages in use, without those on the free list.
    public let pages: UInt64
    /// Records of all tables.
    public let records: UInt64

    /// - Parameters:
    ///   - folder: of the generation, with `data.mdb` in it.
    ///   - alive: called every few pages.
    /// - Throws: `damaged` with the first thing that is wrong; `unknown-format`; `system` where the file cannot be opened.
    public init(folder: String, alive: @escaping () -> Void) throws(StoreError) {
        let file = try DataFile(path: folder + "/data.mdb")
        let meta = try MetaPage.present(in: file)
        var walk = TreeWalk(
            file: file, ledger: try PageLedger(lastPage: meta.lastPage, filePages: file.pages), alive: alive)
        let names = try Self.walkTables(meta, &walk)
        try Self.walkFreeList(meta, &walk)
        pages = walk.ledger.used
        records = walk.entries
        try Self.readThroughLMDB(folder, fileBytes: file.bytes, tables: names, alive: alive)
    }

    private static let numericKeys = 0x08

    /// The table of tables, and each of them.
    private static func walkTables(_ meta: MetaPage, _ walk: inout TreeWalk) throws(StoreError) -> [[UInt8]] {
        guard meta.tables.flags == 0 else { throw StoreError(.damaged, "the table of tables has flags \(meta.tables.flags)") }
        var tables: [(name: [UInt8], tree: TreeDescription)] = []
        try walk.walk(meta.tables, .init(name: "the table of tables", kinds: [TreeWalk.NodeKind.table])) { (key, data) throws(StoreError) in
            guard data.count == TreeDescription.size, let bytes = data.baseAddress else {
                throw StoreError(.damaged, "the table of tables has an entry of \(data.count) bytes")
            }
            tables.append((Array(key), TreeDescription(bytes)))
        }
        for (name, tree) in tables {
            let shown = "the table '\(String(decoding: name.prefix(64), as: UTF8.self))'"
            // Any would let LMDB read the pages by other rules.
            guard tree.flags == 0 else { throw StoreError(.damaged, "\(shown) has flags \(tree.flags)") }
            try walk.walk(tree, .init(name: shown)) { (_, _) throws(StoreError) in }
        }
        return tables.map(\.name)
    }

    /// Lists of pages that may be used again, by the transaction that gave them back: a page that is in use as well would be overwritten.
    private static func walkFreeList(_ meta: MetaPage, _ walk: inout TreeWalk) throws(StoreError) {
        guard meta.freeList.flags & 0xFF == numericKeys else {
            throw StoreError(.damaged, "the free list has flags \(meta.freeList.flags)")
        }
        var listed: [UInt64] = []
        try walk.walk(meta.freeList, .init(name: "the free list", numericKeys: true)) { (key, data) throws(StoreError) in
            let transaction = UInt64(littleEndian: key.loadUnaligned(as: UInt64.self))
            guard transaction <= meta.transaction else {
                throw StoreError(.damaged, "the free list is about transaction \(transaction), which is yet to come")
            }
            guard data.count >= 8, data.count % 8 == 0 else { throw StoreError(.damaged, "the free list has an entry of \(data.count) bytes") }
            let count = UInt64(littleEndian: data.loadUnaligned(as: UInt64.self))
            guard count <= UInt64(data.count / 8 - 1) else { throw StoreError(.damaged, "the free list has an entry that ends too early") }
            var previous = UInt64.max
            for index in 0..<Int(count) {
                let page = UInt64(littleEndian: data.loadUnaligned(fromByteOffset: 8 + index * 8, as: UInt64.self))
                guard page < previous else { throw StoreError(.damaged, "the free list is not in order") }
                listed.append(page)
                previous = page
            }
        }
        for page in listed {
            guard walk.ledger.release(page) else {
                throw StoreError(.damaged, "page \(page) is on the free list and in use, or on it twice, or is none")
            }
        }
    }

    /// The same file once more through LMDB itself, without its lock file: what this walk does not know of LMDB shows here.
    private static func readThroughLMDB(
        _ folder: String, fileBytes: Int, tables: [[UInt8]], alive: () -> Void
    ) throws(StoreError) {
        var created: OpaquePointer?
        try lmdb(mdb_env_create(&created), "mdb_env_create")
        guard let environment = created else { throw StoreError(.system, "LMDB gave no environment") }
        defer { mdb_env_close(environment) }
        try lmdb(mdb_env_set_mapsize(environment, fileBytes / Environment.pageSize * Environment.pageSize), "mdb_env_set_mapsize")
        try lmdb(mdb_env_set_maxdbs(environment, UInt32(clamping: tables.count + 1)), "mdb_env_set_maxdbs")
        try lmdb(mdb_env_open(environment, folder, UInt32(MDB_RDONLY | MDB_NOLOCK | MDB_NORDAHEAD), 0), "mdb_env_open")
        var transaction: OpaquePointer?
        try lmdb(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), "mdb_txn_begin")
        defer { mdb_txn_abort(transaction) }
        for name in tables {
            var handle: MDB_dbi = 0
            let code = (name + [0]).withUnsafeBytes { mdb_dbi_open(transaction, $0.assumingMemoryBound(to: CChar.self).baseAddress, 0, &handle) }
            try lmdb(code, "mdb_dbi_open")
            try readThrough(transaction, handle, alive)
        }
    }

    private static func readThrough(_ transaction: OpaquePointer?, _ table: MDB_dbi, _ alive: () -> Void) throws(StoreError) {
        var statistics = MDB_stat()
        try lmdb(mdb_stat(transaction, table, &statistics), "mdb_stat")
        var cursor: OpaquePointer?
        try lmdb(mdb_cursor_open(transaction, table, &cursor), "mdb_cursor_open")
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var data = MDB_val()
        var found = 0
        var code = mdb_cursor_get(cursor, &key, &data, MDB_FIRST)
        // Not beyond what there can be: a cursor in a circle would never end.
        while code == 0, found <= statistics.ms_entries {
            found += 1
            if found % 1_024 == 0 { alive() }
            code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)
        }
        guard code == MDB_NOTFOUND, found == statistics.ms_entries else {
            throw StoreError(.damaged, "LMDB finds \(found) records in a table of \(statistics.ms_entries)")
        }
    }
}
