/// One walk over everything in a read transaction that belongs into a backup. Flat memory: a record and a piece of output at a time.
final class BackupExport {
    let transaction: Transaction
    let keys: KeySet
    let output: BackupOutput
    let lines: BackupLineWriter
    /// Where the store stands in this transaction.
    let head: Head
    /// Plaintext of the record that is being written; of a value beside its name.
    let opened = LineBuffer()
    let openedValue = LineBuffer()
    /// Records so far, of each table.
    private var seen = [UInt64](repeating: 0, count: Int(Table.allCases.map(\.rawValue).max() ?? 0) + 1)
    /// Where a value lies: hash of its name, and its version.
    var valueKey: [UInt8] = []
    private var progress: BackupProgress

    init(transaction: Transaction, keys: KeySet, output: BackupOutput, progress: BackupProgress) throws(StoreError) {
        self.transaction = transaction
        self.keys = keys
        self.output = output
        self.progress = progress
        var numbers: [UInt32: UInt32] = [:]
        for (index, entry) in Self.travelling(keys.keyring).enumerated() where entry.purpose == .apiKeyHash {
            numbers[entry.id] = UInt32(index + 1)
        }
        lines = BackupLineWriter(output: output.buffer, keyNumbers: numbers)
        guard let record = try transaction.get(.head, Head.key) else { throw StoreError(.damaged, "the store has no head") }
        let head = try Head.key.withBytes { (key) throws(StoreError) in try Record.open(record, table: .head, key: key, keys: keys) }
        self.head = try Head(decoding: head)
        self.progress.total = self.head.contents.reduce(0) { Self.isWritten($1.key) ? $0 + $1.value.count : $0 }
    }

    /// The keys that a backup carries (decisions 1), in the order of the file: by purpose, then by age. Their ids stay at home: a restored
    /// store may give others.
    static func travelling(_ keyring: Keyring) -> [KeyringEntry] {
        keyring.entries.filter { KeyPurpose.ofBackups.contains($0.purpose) }
            .sorted { ($0.purpose.rawValue, $0.id) < ($1.purpose.rawValue, $1.id) }
    }

    /// What is left out: all that a restored store makes anew.
    private static func isWritten(_ table: Table) -> Bool {
        switch table {
        case .namePages, .changeLog, .idempotency, .head, .auditHead: false
        case .values, .secrets, .budgets, .reservations, .usageLines: true
        case .policies, .tenants, .users, .memberships, .accessTokens, .apiKeys, .apiKeyForms, .passwords, .doors, .sequences, .credentials,
            .credentialStates, .credentialSecrets, .credentialTokens, .refreshJournal, .pools, .poolStates, .poolTokens, .providers, .schedules,
            .sinks:
            true
        }
    }

    /// Everything but the last line, which needs the digest of all others.
    func run(_ header: BackupHeader) throws(StoreError) -> BackupOutput.Tally {
        lines.header(header)
        try output.endLine(nil)
        try writeKeys()
        try writeSecrets()
        for table in DocumentTable.allCases { try writeDocuments(table) }
        try writeQuotas()
        try requireAll()
        try output.flush()
        return output.tally
    }

    private func writeKeys() throws(StoreError) {
        for (index, entry) in Self.travelling(keys.keyring).enumerated() {
            lines.key(BackupKey(number: UInt32(index + 1), purpose: entry.purpose, state: entry.state, key: entry.key))
            try output.endLine(.keys)
        }
    }

    private func writeDocuments(_ table: DocumentTable) throws(StoreError) {
        try transaction.scan(Table(table)) { (key, record) throws(StoreError) in
            try open(record, Table(table), key, to: opened)
            try count(Table(table))
            let bytes = opened.bytes
            guard let trailer = ValueTrailer(bytes), trailer.tenant == .main else {
                throw StoreError(.damaged, "a document of table \(Table(table).name) has lengths that do not fit")
            }
            let name = DocumentName(trusted: Array(bytes[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)]))
            guard key.elementsEqual(Document.key(table, name, keys: keys)) else {
                throw StoreError(.damaged, "a document's record of table \(Table(table).name) is about another name")
            }
            try named("'\(name.description)' of table \(Table(table).name)") { () throws(LineFault) in
                let document = UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength])
                try lines.document(table, name, revision: trailer.revision, document)
            }
            try output.endLine(.documents(table))
            return true
        }
    }

    /// Records that nothing led to, or that vanished, must not be missing silently.
    private func requireAll() throws(StoreError) {
        for (table, content) in head.contents where Self.isWritten(table) && content.count != seen[Int(table.rawValue)] {
            throw StoreError(
                .damaged,
                "table \(table.name) should have \(content.count) records, but \(seen[Int(table.rawValue)]) were found: a backup would not be whole")
        }
    }

    // MARK: Small steps

    func count(_ table: Table) throws(StoreError) {
        seen[Int(table.rawValue)] += 1
        try progress.step()
        output.position = (min(progress.done, progress.total), progress.total)
    }

    /// Opens a record into a buffer, in place of what was there.
    func open(_ record: UnsafeRawBufferPointer, _ table: Table, _ key: UnsafeRawBufferPointer, to buffer: LineBuffer) throws(StoreError) {
        buffer.removeAll()
        guard key.count <= Record.AssociatedData.largestKey, record.count <= Record.largestRecord else {
            throw StoreError(.damaged, "a record of table \(table.name) has an impossible length")
        }
        let recordKey = try keys.recordKey(try Record.keyID(of: record).get())
        let length = Record.plaintextLength(of: record, suite: recordKey.cipher.suite)
        guard length >= 0 else { throw StoreError(.damaged, "a record of table \(table.name) is too short") }
        let room = buffer.extend(max(length, 1)).assumingMemoryBound(to: UInt8.self)
        let isAuthentic = withUnsafeTemporaryAllocation(byteCount: Record.AssociatedData.capacity, alignment: 8) { scratch in
            guard let scratch = scratch.baseAddress else { return false }
            return Record.open(record, table: table, key: key, with: recordKey, to: room, scratch: scratch)
        }
        guard isAuthentic else { throw StoreError(.damaged, "a record of table \(table.name) does not authenticate where it lies") }
        buffer.cut(to: length)
    }

    /// Says of a fault what it is about. It has no content.
    func named(_ what: @autoclosure () -> String, _ write: () throws(LineFault) -> Void) throws(StoreError) {
        do throws(LineFault) { try write() } catch {
            let field = error.field.isEmpty ? "" : ", field '\(error.field)'"
            throw StoreError(error.code, "\(what())\(field): \(error.reason)")
        }
    }
}
