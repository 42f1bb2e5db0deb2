/// The bounded log of changes, one sealed record for each batch, in the batch's own transaction (formats.md 8).
enum ChangeLog {
    private static let format: UInt8 = 1
    /// A batch with more changes is logged as "too many": whoever needs them must read anew.
    static let largestBatch = 10_000

    static func encode(_ changes: [Change]) -> [UInt8] {
        var writer = FieldWriter(reserving: 8 + changes.count * 64)
        writer.u8(format)
        writer.bool(changes.count > largestBatch)
        guard changes.count <= largestBatch else { return writer.bytes }
        writer.u32(UInt32(truncatingIfNeeded: changes.count))
        for change in changes {
            writer.u16(change.table.rawValue)
            writer.u64(change.tenant)
            writer.u8(change.operation.rawValue)
            writer.u64(change.version)
            writer.bool(change.activeChanged)
            writer.bytes16(change.name)
        }
        return writer.bytes
    }

    /// `nil`: there were too many to log.
    static func decode(_ bytes: [UInt8], revision: UInt64) throws(StoreError) -> [Change]? {
        return try bytes.withBytes { (bytes) throws(StoreError) in
            try read(bytes, revision: revision)
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, revision: UInt64) throws(StoreError) -> [Change]? {
        var reader = FieldReader(bytes, "a record of the change log")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "the change log has format \(format)") }
        if try reader.bool() { return nil }
        let count = try reader.u32()
        var changes: [Change] = []
        for ordinal in 0..<count {
            let table = try reader.u16()
            let tenant = try reader.u64()
            let operation = try reader.u8()
            guard let table = Change.Table(rawValue: table), let operation = Change.Operation(rawValue: operation) else {
                throw StoreError(.unknownFormat, "the change log has a change that this version does not know")
            }
            let version = try reader.u64()
            let activeChanged = try reader.bool()
            changes.append(Change(
                revision: revision, ordinal: ordinal, lastOfRevision: ordinal == count - 1, table: table, tenant: tenant,
                name: try reader.bytes16(), operation: operation, version: version, activeChanged: activeChanged))
        }
        try reader.finish()
        return changes
    }

    static func append(_ changes: [Change], revision: UInt64, keeping limit: Int, to transaction: inout SealedTransaction) throws(StoreError) {
        try transaction.put(.changeLog, revision.bigEndianBytes, encode(changes))
        // At most a few at a time: a limit that was lowered is reached little by little.
        var trimmed = 0
        while transaction.head.oldestLogged + UInt64(max(limit, 1)) <= revision && trimmed < 4 {
            try transaction.delete(.changeLog, transaction.head.oldestLogged.bigEndianBytes)
            transaction.head.oldestLogged += 1
            trimmed += 1
        }
    }

    /// Changes above `revision`, at most `limit` of them or one whole revision.
    static func changes(
        after revision: UInt64, limit: Int, oldest: UInt64, present: UInt64, transaction: Transaction, keys: KeySet
    ) throws(StoreError) -> ChangeHistory {
        guard revision <= present, revision + 1 >= oldest else { return .resync(revision: present) }
        var result: [Change] = []
        var upTo = revision
        while upTo < present && result.count < limit {
            let key = (upTo + 1).bigEndianBytes
            guard let record = try transaction.get(.changeLog, key) else { return .resync(revision: present) }
            let opened = try key.withBytes { (key) throws(StoreError) in
                try Record.open(record, table: .changeLog, key: key, keys: keys)
            }
            guard let changes = try decode(opened, revision: upTo + 1) else { return .resync(revision: present) }
            result += changes
            upTo += 1
        }
        return .changes(result, upTo: upTo, complete: upTo == present)
    }
}
