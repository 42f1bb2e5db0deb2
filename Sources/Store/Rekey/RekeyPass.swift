import CLMDB

/// Where a record lies.
struct RecordPlace: Sendable {
    var table: Table
    var key: [UInt8]
}

/// One walk over all tables for records that name a key that is on its way out. In slices, each with a read transaction of its own: a long
/// one would keep the pages that the writer gives up from being used again (formats.md 9).
struct RekeyPass {
    /// Of a slice: enough for one sync to serve many, few enough that what waits behind it does not wait long.
    private static let largestSlice = 64
    private static let largestSliceBytes = 256 << 10
    private static let longestLook = 8_192

    /// The keys that are on their way out.
    let leaving: Set<UInt32>
    /// The restore of a backup begins another life of the store: what was looked at before says nothing then.
    let incarnation: [UInt8]
    private var remaining: ArraySlice<Table> = Table.allCases[...]
    private var after: [UInt8] = []
    /// Records that were looked at.
    private(set) var done: UInt64 = 0
    private(set) var total: UInt64 = 0

    init(leaving: Set<UInt32>, incarnation: [UInt8], in transaction: Transaction) throws(StoreError) {
        self.leaving = leaving
        self.incarnation = incarnation
        for table in Table.allCases { total += try transaction.count(table) }
    }

    var isFinished: Bool { remaining.isEmpty }

    /// The next places, in the order of the tables; empty where none was among those looked at.
    mutating func next(in transaction: Transaction) throws(StoreError) -> [RecordPlace] {
        var places: [RecordPlace] = []
        var looked = 0
        var bytes = 0
        while let table = remaining.first {
            var stopped = false
            var last = after
            // The key after `after`: with a zero byte more.
            try transaction.scan(table, from: after.isEmpty ? [] : after + [0]) { (key, record) throws(StoreError) in
                looked += 1
                last = Array(key)
                if Self.names(record, leaving) {
                    places.append(RecordPlace(table: table, key: last))
                    bytes += record.count
                }
                stopped = places.count >= Self.largestSlice || bytes >= Self.largestSliceBytes || looked >= Self.longestLook
                return !stopped
            }
            if stopped {
                after = last
                break
            }
            remaining.removeFirst()
            after = []
        }
        done += UInt64(looked)
        return places
    }

    /// A record whose layout cannot be read opens with no key: none is kept for it.
    static func names(_ record: UnsafeRawBufferPointer, _ keys: Set<UInt32>) -> Bool {
        guard case .success(let id) = Record.keyID(of: record) else { return false }
        return keys.contains(id)
    }

    /// Whether no record of any table names one of the keys, in one transaction. From then on none can: nothing is sealed with them, and a
    /// record only comes by being sealed.
    static func proves(_ keys: Set<UInt32>, unusedIn transaction: Transaction) throws(StoreError) -> Bool {
        var found = false
        for table in Table.allCases {
            try transaction.scan(table) { (_, record) throws(StoreError) in
                found = names(record, keys)
                return !found
            }
            if found { return false }
        }
        return true
    }
}

extension Transaction {
    /// How many records a table has.
    func count(_ table: Table) throws(StoreError) -> UInt64 {
        var statistics = MDB_stat()
        try lmdb(mdb_stat(handle, environment.handle(of: table), &statistics), "mdb_stat")
        return UInt64(statistics.ms_entries)
    }
}
