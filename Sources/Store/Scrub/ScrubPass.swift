import CSodium

/// One look at everything, in one read transaction. Used by one thread.
final class ScrubPass {
    let store: Store
    let transaction: Transaction
    let keys: KeySet
    var report = ScrubReport()
    private var head = Head(incarnation: [])
    private var pace: ScrubPace
    private let progress: (UInt64, UInt64) throws(StoreError) -> Void
    private let scratch = ScrubBuffer()
    private var total: UInt64 = 0
    private var done: UInt64 = 0
    private let bytesAtStart: UInt64

    /// What was found in each table, to compare with the head.
    private var contents: [Table: Head.Content] = [:]
    /// Records of each table that did not open: they explain a set hash that differs.
    private var damagedRecords: [Table: UInt64] = [:]

    /// Entries of the pages of names so far.
    var listedEntries: UInt64 = 0

    /// By table and LMDB key: findings that have no name yet. Whoever meets the name behind such a key fills it in.
    var nameless: [Table: [[UInt8]: Int]] = [:]

    /// - Parameter progress: as ``Store/scrub(share:progress:)``.
    init(
        store: Store, transaction: Transaction, keys: KeySet, share: Int, _ progress: @escaping (UInt64, UInt64) throws(StoreError) -> Void
    ) {
        self.store = store
        self.transaction = transaction
        self.keys = keys
        self.progress = progress
        pace = ScrubPace(share: share)
        bytesAtStart = transaction.environment.usage().fileBytes
    }

    func run() throws(StoreError) -> ScrubReport {
        report.began = store.options.clock()
        checkHeader()
        guard try readHead() else {
            report.finished = store.options.clock()
            return report
        }
        try checkSecrets(head)
        for table in DocumentTable.allCases { try checkDocuments(table) }
        try checkChangeLog(head)
        try checkBudgets()
        for table in Table.allCases where table != .head && contents[table] == nil { try visit(table) { (_, _) throws(StoreError) in } }
        try compare()
        report.finished = store.options.clock()
        return report
    }

    // MARK: Header and head

    private func checkHeader() {
        do throws(StoreError) {
            guard let bytes = try transaction.getMeta(Store.headerKey) else { throw StoreError(.damaged, "the store has no header") }
            let header = try bytes.withBytes { (bytes) throws(StoreError) in try Header(decoding: bytes) }
            try header.authenticate(root: keys.root)
            _ = try header.openKeyring(root: keys.root)
        } catch {
            found(.damaged, "header", error.message)
        }
    }

    /// - Returns: false where there is none to go by.
    private func readHead() throws(StoreError) -> Bool {
        do throws(StoreError) {
            let sealed = SealedTransaction(transaction, keys: keys, head: head)
            guard let bytes = try sealed.open(.head, Head.key) else { throw StoreError(.damaged, "the store has no head record") }
            head = try Head(decoding: bytes)
        } catch {
            found(.damaged, Table.head.name, error.message)
            return false
        }
        report.revision = head.revision
        report.incarnation = head.incarnation
        total = head.contents.values.reduce(1) { $0 + $1.count } + head.listedNames
        var heads = 0
        try visit(.head) { (_, _) throws(StoreError) in heads += 1 }
        if heads > 1 { found(.appeared, Table.head.name, "the store has \(heads) head records") }
        return true
    }

    // MARK: Visiting

    /// Opens each record of a table and hands it on.
    /// - Parameter judge: what it throws is a finding about that record; the plaintext is gone behind it.
    func visit(
        _ table: Table, _ judge: (_ key: [UInt8], _ plaintext: UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        var content = Head.Content()
        // A page that points at itself must not keep it for ever.
        let most = (head.contents[table]?.count ?? 0) * 2 + 1_000_000
        var ending: StoreError?
        do throws(StoreError) {
            try transaction.scan(table) { (key, record) throws(StoreError) in
                content.count += 1
                content.hash.add(SetHash.member(key: key, record: record, keys: keys))
                report.records += 1
                report.bytes += UInt64(record.count)
                let name = Array(key)
                do throws(StoreError) {
                    try open(record, table, name) { (plaintext) throws(StoreError) in try judge(name, plaintext) }
                } catch {
                    damagedRecords[table, default: 0] += 1
                    nameless[table, default: [:]][name] = report.findings.count
                    found(.damaged, table.name, error.message)
                }
                do throws(StoreError) { try step() } catch {
                    ending = error
                    return false
                }
                return content.count < most
            }
        } catch {
            found(.damaged, table.name, "the table cannot be read to its end: \(error.message)")
        }
        contents[table] = content
        if let ending { throw ending }
    }

    /// Opens a record into memory that is wiped behind `body`. Not within another one's body.
    func open(
        _ record: UnsafeRawBufferPointer, _ table: Table, _ key: [UInt8], _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        try scratch.open(record, table, key, keys, body)
    }

    /// Between two records, and between two names of the list.
    func step() throws(StoreError) {
        done += 1
        pace.rest()
        guard done % 256 == 0 else { return }
        guard !store.isLocked else { throw StoreError(.locked, "the store was locked while it was looked at") }
        // What it reads cannot be used again meanwhile (formats.md 9).
        let bytes = transaction.environment.usage().fileBytes
        if bytes > bytesAtStart, bytes - bytesAtStart > max(bytesAtStart / 4, 1 << 30) {
            throw StoreError(.busy, "the store grew by \((bytes - bytesAtStart) >> 20) MiB while it was looked at: try again with less to write")
        }
        try progress(min(done, total), total)
    }

    // MARK: Findings

    func found(
        _ kind: ScrubFinding.Kind, _ table: String, _ message: String, tenant: TenantID = 0, name: [UInt8] = [], version: UInt64 = 0
    ) {
        report.add(.init(kind: kind, table: table, tenant: tenant, name: name, version: version, message: message))
    }

    /// Fills the name of a damaged record in, now that it is known whose it is.
    /// - Returns: whether there was one.
    @discardableResult
    func name(_ table: Table, _ key: [UInt8], tenant: TenantID, _ name: [UInt8], version: UInt64 = 0) -> Bool {
        guard let index = nameless[table]?[key] else { return false }
        if report.findings.indices.contains(index) {
            report.findings[index].tenant = tenant
            report.findings[index].name = name
            report.findings[index].version = version
        }
        return true
    }

    /// Counts and set hashes, with what the head says.
    private func compare() throws(StoreError) {
        var putBack: [Table] = []
        for table in Table.allCases where table != .head {
            let expected = head.contents[table] ?? Head.Content()
            let content = contents[table] ?? Head.Content()
            if content.count > 0 { report.tables.append(.init(table: table.name, records: content.count)) }
            if content.count < expected.count {
                found(.vanished, table.name, "\(expected.count - content.count) of \(expected.count) records are not there")
                putBack.append(table)
            } else if content.count > expected.count {
                found(.appeared, table.name, "there are \(content.count - expected.count) records more than the store wrote")
                putBack.append(table)
            } else if content.hash != expected.hash, damagedRecords[table, default: 0] == 0 {
                found(.putBack, table.name, "a record is authentic, but not the present one of its place: an older one was put back")
                putBack.append(table)
            }
        }
        if !putBack.isEmpty { try nameThePutBack(Set(putBack), head) }
    }
}

/// Where records are opened: one piece of memory for all of them, wiped between.
private final class ScrubBuffer {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private let associated = UnsafeMutableRawPointer.allocate(byteCount: Record.AssociatedData.capacity, alignment: 16)

    deinit {
        memory.deallocate()
        associated.deallocate()
    }

    func open(
        _ record: UnsafeRawBufferPointer, _ table: Table, _ key: [UInt8], _ keys: KeySet,
        _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        guard key.count <= Record.AssociatedData.largestKey, record.count <= Record.largestRecord else {
            throw StoreError(.damaged, "a record of table \(table.name) has an impossible length")
        }
        let recordKey = try keys.recordKey(try Record.keyID(of: record).get())
        let length = Record.plaintextLength(of: record, suite: recordKey.cipher.suite)
        guard length >= 0 else { throw StoreError(.damaged, "a record of table \(table.name) is too short") }
        if memory.count < max(length, 1) {
            memory.deallocate()
            memory = .allocate(byteCount: length, alignment: 16)
        }
        guard let base = memory.baseAddress else { return }
        let authentic = key.withUnsafeBytes {
            Record.open(
                record, table: table, key: $0, with: recordKey, to: base.assumingMemoryBound(to: UInt8.self), scratch: associated)
        }
        guard authentic else { throw StoreError(.damaged, "a record of table \(table.name) does not authenticate where it lies") }
        defer { sodium_memzero(base, length) }
        try body(UnsafeRawBufferPointer(start: base, count: length))
    }
}
