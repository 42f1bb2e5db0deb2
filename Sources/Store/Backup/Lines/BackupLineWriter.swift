/// Writes the lines of a backup, each without its end (docs/backup-format.md). Of what the store keeps, it takes the bytes as they are in
/// the opened record.
struct BackupLineWriter {
    let output: LineBuffer
    /// The numbers that hash keys have in the file, by id.
    var keyNumbers: [UInt32: UInt32] = [:]

    func header(_ header: BackupHeader) {
        output.append("{\"coffer\":\"backup\",\"version\":")
        output.write(BackupHeader.version)
        output.append(",\"created\":")
        output.write(header.created)
        output.append(",\"daemon\":")
        output.write(text: header.daemon)
        output.append(",\"store\":")
        output.write(hex: header.storeID)
        output.append(",\"incarnation\":")
        output.write(hex: header.incarnation)
        output.append(",\"revision\":")
        output.write(header.revision)
        output.append("}")
    }

    func trailer(_ trailer: BackupTrailer) {
        output.append("{\"coffer\":\"end\",\"lines\":")
        output.write(trailer.lines)
        output.append(",\"counts\":{")
        for (index, item) in trailer.counts.list.enumerated() {
            if index > 0 { output.append(",") }
            output.write(text: item.kind)
            output.append(":")
            output.write(item.count)
        }
        output.append("},\"digest\":")
        output.write(text: trailer.digest)
        output.append("}")
    }

    func key(_ key: BackupKey) {
        output.append("{\"key\":")
        output.write(UInt64(key.number))
        output.append(",\"purpose\":")
        output.write(text: key.purpose.word)
        output.append(",\"state\":")
        output.write(text: key.state.word)
        output.append(",\"key64\":")
        withExtendedLifetime(key.key) { output.write(base64: key.key.bytes) }
        output.append("}")
    }

    /// What ``LayoutWriter`` would write by ``Layout/nameRecord``, from the record that was decoded anyway: most lines of a backup are of
    /// this kind and the next.
    func secret(_ record: NameRecord) {
        output.append("{\"secret\":")
        record.name.bytes.withUnsafeBytes { output.write(text: $0) }
        number(",\"tenant\":", record.tenant)
        number(",\"active\":", record.active)
        number(",\"latest\":", record.latest)
        number(",\"deleted\":", record.deleted)
        output.append(",\"purged\":")
        output.write(record.purged)
        number(",\"created\":", record.created)
        number(",\"updated\":", record.updated)
        number(",\"revision\":", record.revision)
        number(",\"delete_after\":", record.deleteAfter)
        number(",\"keep_last\":", UInt64(record.keepLast))
        output.append(",\"metadata\":{")
        for (index, pair) in record.metadata.enumerated() {
            if index > 0 { output.append(",") }
            output.write(text: pair.key)
            output.append(":")
            output.write(text: pair.value)
        }
        output.append("},\"tags\":[")
        for (index, tag) in record.tags.enumerated() {
            if index > 0 { output.append(",") }
            output.write(text: tag)
        }
        output.append("],\"versions\":[")
        for (index, version) in record.versions.enumerated() {
            if index > 0 { output.append(",") }
            number("{\"version\":", version.version)
            number(",\"created\":", version.created)
            number(",\"expires\":", version.expires)
            number(",\"deleted\":", version.deleted)
            output.append(",\"destroyed\":")
            output.write(version.destroyed)
            number(",\"size\":", UInt64(version.size))
            output.append(",\"content_type\":")
            output.write(text: version.contentType)
            output.append(",\"created_by\":")
            output.write(text: version.createdBy)
            output.append("}")
        }
        output.append("]}")
    }

    private func number(_ label: StaticString, _ value: UInt64) {
        output.append(label)
        output.write(value)
    }

    func value(of name: Name, tenant: TenantID, version: UInt64, revision: UInt64, _ value: UnsafeRawBufferPointer) {
        output.append("{\"value_of\":")
        name.bytes.withUnsafeBytes { output.write(text: $0) }
        output.append(",\"tenant\":")
        output.write(tenant)
        output.append(",\"version\":")
        output.write(version)
        output.append(",\"revision\":")
        output.write(revision)
        if JSONText.isText(value) {
            output.append(",\"value\":")
            output.write(text: value)
        } else {
            output.append(",\"value64\":")
            output.write(base64: value)
        }
        output.append("}")
    }

    func document(
        _ table: DocumentTable, _ name: DocumentName, revision: UInt64, _ bytes: UnsafeRawBufferPointer
    ) throws(LineFault) {
        output.append("{\"document\":")
        output.write(text: Table(table).name)
        output.append(",\"name\":")
        name.bytes.withUnsafeBytes { output.write(text: $0) }
        output.append(",\"revision\":")
        output.write(revision)
        output.append(",\"fields\":{")
        try LayoutWriter.write(bytes, .of(table, name), to: output, keyNumbers: keyNumbers)
        output.append("}}")
    }

    func counters(_ plaintext: UnsafeRawBufferPointer) throws(LineFault) {
        output.append("{\"counters\":\"reservations\",")
        try LayoutWriter.write(plaintext, .budgetCounters, to: output)
        output.append("}")
    }

    func budget(_ plaintext: UnsafeRawBufferPointer) throws(LineFault) {
        output.append("{")
        try LayoutWriter.write(plaintext, .budget, to: output)
        output.append("}")
    }

    /// - Parameter finished: which one it was of those that ended; `nil` while it is open.
    func reservation(_ plaintext: UnsafeRawBufferPointer, finished: UInt64?) throws(LineFault) {
        output.append("{")
        try LayoutWriter.write(plaintext, .reservation, to: output)
        output.append(",\"finished\":")
        if let finished { output.write(finished) } else { output.append("null") }
        output.append("}")
    }

    func usageLine(_ plaintext: UnsafeRawBufferPointer) throws(LineFault) {
        output.append("{")
        try LayoutWriter.write(plaintext, .usageLine, to: output)
        output.append("}")
    }
}

extension BackupLineWriter {
    /// The same of what a reader gave: it writes the line that was read.
    func write(_ item: BackupItem) throws(LineFault) {
        switch item {
        case .header(let header): self.header(header)
        case .trailer(let trailer): self.trailer(trailer)
        case .key(let key): self.key(key)
        case .name(let record): secret(record)
        case .value(let value):
            withExtendedLifetime(value.value) {
                self.value(
                    of: value.name, tenant: value.tenant, version: value.version, revision: value.revision, value.value.bytes)
            }
        case .document(let document):
            defer { withExtendedLifetime(document) {} }
            try self.document(document.table, document.name, revision: document.revision, document.bytes.bytes)
        case .counters(let counters):
            try counters.encoded().withBytes { (bytes) throws(LineFault) in try self.counters(bytes) }
        case .budget(let budget): try budget.encoded().withBytes { (bytes) throws(LineFault) in try self.budget(bytes) }
        case .reservation(let reservation, let finished):
            try reservation.encoded().withBytes { (bytes) throws(LineFault) in try self.reservation(bytes, finished: finished) }
        case .usageLine(let line): try line.encoded().withBytes { (bytes) throws(LineFault) in try usageLine(bytes) }
        }
    }
}

extension KeyPurpose {
    /// Those that travel in a backup, in the order of the file.
    static let ofBackups: [KeyPurpose] = [.apiKeyHash, .sessionSigning, .clientCache]

    var word: String {
        switch self {
        case .records: "records"
        case .names: "names"
        case .apiKeyHash: "api-key-hash"
        case .sessionSigning: "session-signing"
        case .audit: "audit"
        case .clientCache: "client-cache"
        }
    }
}

extension KeyState {
    static let ofBackups: [KeyState] = [.sealing, .openingOnly]

    var word: String {
        switch self {
        case .sealing: "sealing"
        // Only record keys leave, and those stay at home.
        case .openingOnly, .leaving, .held: "opening-only"
        }
    }
}
