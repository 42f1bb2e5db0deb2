// One line, by itself.
extension BackupItem {
    static let foreign = LineFault(field: "", reason: "this is no backup of Coffer", code: .unknownFormat)

    /// - Parameters:
    ///   - line: without its end; valid UTF-8.
    ///   - keyIDs: what stands for the file's hash keys in documents.
    ///   - scratch: empty; the caller wipes it.
    static func read(_ line: UnsafeRawBufferPointer, keyIDs: [UInt32: UInt32], scratch: LineBuffer) throws(LineFault) -> BackupItem {
        var parser = LineParser(line)
        let item: BackupItem
        if parser.takes("{\"value_of\":") {
            item = .value(try value(&parser))
        } else if parser.takes("{\"secret\":") {
            item = .name(try secret(&parser, scratch))
        } else if parser.takes("{\"document\":") {
            item = .document(try document(&parser, keyIDs: keyIDs, scratch))
        } else if parser.takes("{\"key\":") {
            item = .key(try key(&parser))
        } else if parser.takes("{\"coffer\":\"backup\"") {
            item = .header(try header(&parser))
        } else if parser.takes("{\"coffer\":\"end\"") {
            item = .trailer(try trailer(&parser))
        } else {
            item = try quota(&parser, scratch)
        }
        try parser.expect(UInt8(ascii: "}"))
        try parser.finish()
        return item
    }

    private static func quota(_ parser: inout LineParser, _ scratch: LineBuffer) throws(LineFault) -> BackupItem {
        if parser.takes("{\"counters\":\"reservations\",") {
            try LayoutReader.read(&parser, .budgetCounters, to: scratch)
            return .counters(try record("counters", scratch.bytes) { (bytes) throws(StoreError) in try BudgetCounters(reading: bytes) })
        }
        var ahead = parser
        guard ahead.takes("{\"") else { throw LineFault(field: "", reason: "is no line of a backup") }
        if ahead.takes("budget\":") {
            try parser.expect("{", "budget")
            try LayoutReader.read(&parser, .budget, to: scratch)
            let stored = try record("budget", scratch.bytes) { (bytes) throws(StoreError) in try StoredBudget(reading: bytes) }
            try check(stored.name.bytes, "budget")
            try checkAmounts(of: stored.budget)
            return .budget(stored)
        }
        if ahead.takes("reservation_of\":") {
            try parser.expect("{", "reservation_of")
            try LayoutReader.read(&parser, .reservation, to: scratch)
            try parser.expect(",\"finished\":", "finished")
            let finished: UInt64? = parser.takes("null") ? nil : try parser.u64()
            let stored = try record("reservation_of", scratch.bytes) { (bytes) throws(StoreError) in try StoredReservation(reading: bytes) }
            try check(stored.reservation.budget.bytes, "reservation_of")
            try check(stored.reservation.requestID.bytes, "request")
            if let wallet = stored.reservation.wallet { try check(wallet.bytes, "wallet") }
            try require(stored.reservation.amount, in: 0...StoreLimits.quota, "amount")
            try require(stored.reservation.charged, in: 0...sum, "charged")
            try require(stored.reservation.shortfall, in: 0...sum, "shortfall")
            return .reservation(stored, finished: finished)
        }
        if ahead.takes("usage_of\":") {
            try parser.expect("{", "usage_of")
            try LayoutReader.read(&parser, .usageLine, to: scratch)
            let stored = try record("usage_of", scratch.bytes) { (bytes) throws(StoreError) in try StoredUsageLine(reading: bytes) }
            try check(stored.budget.bytes, "usage_of")
            guard stored.line.count <= StoreLimits.usageLine else { throw LineFault(field: "line", reason: "is too long") }
            return .usageLine(stored)
        }
        throw LineFault(field: "", reason: "is of a kind that this version does not know")
    }

    /// Beyond what amounts add up to in the life of a store; sums and differences of two of them stay within 64 bits.
    private static let sum: Int64 = 1 << 60

    private static func checkAmounts(of budget: Budget) throws(LineFault) {
        // An unlimited one counts down freely.
        try require(budget.remaining, in: (budget.unlimited ? -sum : 0)...StoreLimits.quota, "remaining")
        try require(budget.reserved, in: 0...StoreLimits.quota, "reserved")
        try require(budget.block, in: 0...StoreLimits.quota, "block")
        try require(budget.used, in: 0...sum, "used")
        try require(budget.forfeited, in: 0...sum, "forfeited")
        try require(budget.day.used, in: -sum...sum, "day")
        try require(budget.month.used, in: -sum...sum, "month")
    }

    private static func require(_ amount: Int64, in range: ClosedRange<Int64>, _ field: String) throws(LineFault) {
        guard range.contains(amount) else { throw LineFault(field: field, reason: "is out of range") }
    }

    /// What the layout let through is read as the store will read it.
    private static func record<T>(
        _ field: String, _ bytes: UnsafeRawBufferPointer, _ read: (UnsafeRawBufferPointer) throws(StoreError) -> T
    ) throws(LineFault) -> T {
        do throws(StoreError) { return try read(bytes) } catch { throw LineFault(field: field, reason: error.message) }
    }

    @discardableResult
    private static func check(_ bytes: [UInt8], _ field: String) throws(LineFault) -> DocumentName {
        do throws(NameError) { return try DocumentName(bytes) } catch { throw LineFault(field: field, reason: error.rawValue) }
    }

    // MARK: First and last line

    private static func header(_ parser: inout LineParser) throws(LineFault) -> BackupHeader {
        try parser.expect(",\"version\":", "version")
        let version = try parser.u64()
        guard version == BackupHeader.version else {
            throw LineFault(
                field: "version", reason: "is \(version); this version of Coffer knows \(BackupHeader.version)", code: .unknownFormat)
        }
        try parser.expect(",\"created\":", "created")
        let created = try parser.u64()
        try parser.expect(",\"daemon\":", "daemon")
        let daemon = try parser.text()
        guard daemon.count <= 255 else { throw parser.fault("is longer than 255 bytes") }
        try parser.expect(",\"store\":", "store")
        let storeID = try parser.hex(16)
        try parser.expect(",\"incarnation\":", "incarnation")
        let incarnation = try parser.hex(16)
        try parser.expect(",\"revision\":", "revision")
        return BackupHeader(
            created: created, daemon: String(decoding: daemon.array, as: UTF8.self), storeID: storeID, incarnation: incarnation,
            revision: try parser.u64())
    }

    private static func trailer(_ parser: inout LineParser) throws(LineFault) -> BackupTrailer {
        try parser.expect(",\"lines\":", "lines")
        let lines = try parser.u64()
        try parser.expect(",\"counts\":{", "counts")
        var counts = BackupCounts()
        var isFirst = true
        for kind in BackupCounts.Kind.all {
            let label = Array("\(isFirst ? "" : ",")\"\(kind.name)\":".utf8)
            guard label.withUnsafeBytes({ parser.takes($0) }) else { continue }
            let count = try parser.u64()
            guard count > 0 else { throw parser.fault("counts what is not there") }
            counts[kind] = count
            isFirst = false
        }
        try parser.expect("},\"digest\":", "digest")
        let digest = try parser.hex(32)
        let text = LineBuffer()
        text.write(hex: digest)
        return BackupTrailer(lines: lines, counts: counts, digest: String(decoding: text.bytes.dropFirst().dropLast(), as: UTF8.self))
    }

    // MARK: Content

    private static func key(_ parser: inout LineParser) throws(LineFault) -> BackupKey {
        parser.enter("key")
        let number = try parser.integer(UInt32.self)
        try parser.expect(",\"purpose\":", "purpose")
        let purpose = try parser.text()
        guard let purpose = KeyPurpose.ofBackups.first(where: { purpose.raw.elementsEqual($0.word.utf8) }) else {
            throw parser.fault("is one that this version does not know")
        }
        try parser.expect(",\"state\":", "state")
        let state = try parser.text()
        guard let state = KeyState.ofBackups.first(where: { state.raw.elementsEqual($0.word.utf8) }) else {
            throw parser.fault("is one that this version does not know")
        }
        try parser.expect(",\"key64\":", "key64")
        let bytes = try parser.base64(limit: 32)
        defer { withExtendedLifetime(bytes) {} }
        guard bytes.count == 32 else { throw parser.fault("does not have 32 bytes") }
        do throws(StoreError) {
            return BackupKey(number: number, purpose: purpose, state: state, key: try GuardedBytes(copying: bytes.bytes))
        } catch {
            throw LineFault(field: "key64", reason: error.message, code: error.code)
        }
    }

    private static func name(_ parser: inout LineParser, _ field: String) throws(LineFault) -> (tenant: TenantID, name: Name) {
        parser.enter(field)
        let bytes = try parser.text().array
        let name: Name
        do throws(NameError) { name = try Name(bytes) } catch { throw LineFault(field: field, reason: error.rawValue) }
        try parser.expect(",\"tenant\":", "tenant")
        return (try parser.u64(), name)
    }

    private static func secret(_ parser: inout LineParser, _ scratch: LineBuffer) throws(LineFault) -> NameRecord {
        let (tenant, name) = try name(&parser, "secret")
        try parser.expect(",", "active")
        try LayoutReader.read(&parser, .nameRecord, to: scratch)
        scratch.append(integer: tenant, littleEndian: false)
        scratch.append(integer: UInt16(truncatingIfNeeded: name.bytes.count), littleEndian: false)
        scratch.append(name.bytes)
        let record = try record("secret", scratch.bytes) { (bytes) throws(StoreError) in try NameRecord(reading: bytes) }
        if let fault = record.fault { throw fault }
        return record
    }

    private static func value(_ parser: inout LineParser) throws(LineFault) -> BackupValue {
        let (tenant, name) = try name(&parser, "value_of")
        try parser.expect(",\"version\":", "version")
        let version = try parser.u64()
        try parser.expect(",\"revision\":", "revision")
        let revision = try parser.u64()
        let value: SecretBuffer
        if parser.takes(",\"value64\":") {
            parser.enter("value64")
            value = try parser.base64()
            guard !JSONText.isText(value.bytes) else { throw parser.fault("is base64 where it must be text") }
        } else {
            try parser.expect(",\"value\":", "value")
            value = try parser.text().secret
            guard JSONText.isText(value.bytes) else { throw parser.fault("is text where it must be base64") }
        }
        return BackupValue(tenant: tenant, name: name, version: version, revision: revision, value: value)
    }

    private static func document(
        _ parser: inout LineParser, keyIDs: [UInt32: UInt32], _ scratch: LineBuffer
    ) throws(LineFault) -> BackupDocument {
        parser.enter("document")
        let word = try parser.text()
        guard let table = DocumentTable.allCases.first(where: { word.raw.elementsEqual(Table($0).name.utf8) }) else {
            throw parser.fault("is a table that this version does not know")
        }
        try parser.expect(",\"name\":", "name")
        let name = try check(try parser.text().array, "name")
        try parser.expect(",\"revision\":", "revision")
        let revision = try parser.u64()
        try parser.expect(",\"fields\":{", "fields")
        try LayoutReader.read(&parser, .of(table, name), to: scratch, keyIDs: keyIDs)
        try parser.expect("}", "fields")
        guard scratch.count <= StoreLimits.document else { throw LineFault(field: "fields", reason: "have more than \(StoreLimits.document) bytes") }
        return BackupDocument(table: table, name: name, revision: revision, bytes: SecretBuffer(copying: scratch.bytes))
    }
}

extension NameRecord {
    /// Which of the rules it breaks that hold for every name record of a store; `nil`: none.
    var fault: LineFault? {
        func fault(_ field: String, _ reason: String) -> LineFault { LineFault(field: field, reason: reason) }
        if let error = name.bytes.withUnsafeBytes({ Name.check($0) }) { return fault("secret", error.rawValue) }
        guard StoreLimits.keepLast.contains(keepLast) else { return fault("keep_last", "is out of range") }
        guard metadata.count <= StoreLimits.metadataPairs else { return fault("metadata", "has too many pairs") }
        guard tags.count <= StoreLimits.tags else { return fault("tags", "are too many") }
        if purged, !versions.isEmpty || active != 0 { return fault("purged", "goes with no version") }
        var last: UInt64 = 0
        for version in versions {
            guard version.version > last, version.version <= latest else { return fault("version", "is not in order") }
            last = version.version
            guard Int(version.size) <= StoreLimits.value, !version.destroyed || version.size == 0 else {
                return fault("size", "is out of range")
            }
            guard version.contentType.utf8.count <= StoreLimits.contentType else { return fault("content_type", "is too long") }
        }
        if active != 0, !versions.contains(where: { $0.version == active && !$0.destroyed }) {
            return fault("active", "is no version of the secret")
        }
        return nil
    }
}
