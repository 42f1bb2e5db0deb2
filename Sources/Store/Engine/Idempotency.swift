/// Remembers what the last 65,536 keyed batches did, so that a repeated one answers as the first time (formats.md 8).
enum Idempotency {
    static let kept: UInt64 = 65_536
    private static let format: UInt8 = 1

    private static func key(_ batch: Batch, _ idempotencyKey: [UInt8], keys: KeySet) -> [UInt8] {
        [0] + keys.nameHash(.idempotency, tenant: batch.tenant, name: Array(batch.principal.utf8) + [0] + idempotencyKey)
    }

    private static func orderKey(_ number: UInt64) -> [UInt8] { [1] + number.bigEndianBytes }

    /// The receipt of the first time; `nil` where this is the first.
    /// - Throws: `conflict` where the key came with another batch before.
    static func recall(_ batch: Batch, in transaction: borrowing SealedTransaction) throws(StoreError) -> Receipt? {
        guard let idempotencyKey = batch.idempotencyKey else { return nil }
        guard idempotencyKey.count == 16 else { throw StoreError(.invalidArgument, "an idempotency key has 16 bytes") }
        guard let bytes = try transaction.open(.idempotency, key(batch, idempotencyKey, keys: transaction.keys)) else { return nil }
        let digest = batch.digest(keys: transaction.keys)
        return try bytes.withBytes { (bytes) throws(StoreError) in
            try read(bytes, digest: digest)
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, digest: [UInt8]) throws(StoreError) -> Receipt {
        var reader = FieldReader(bytes, "an idempotency record")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "an idempotency record has format \(format)") }
        guard KeyedHash.equal(try reader.raw(32), digest) else {
            throw StoreError(.conflict, "the idempotency key was used for another request before")
        }
        var receipt = Receipt(revision: try reader.u64(), results: [])
        for _ in 0..<(try reader.u32()) {
            guard let effect = Receipt.Effect(rawValue: try reader.u8()) else {
                throw StoreError(.unknownFormat, "an idempotency record has an effect that this version does not know")
            }
            receipt.results.append(.init(effect: effect, version: try reader.u64()))
        }
        try reader.finish()
        return receipt
    }

    static func remember(_ receipt: Receipt, of batch: Batch, in transaction: inout SealedTransaction) throws(StoreError) {
        guard let idempotencyKey = batch.idempotencyKey else { return }
        var writer = FieldWriter(reserving: 64 + receipt.results.count * 9)
        writer.u8(format)
        writer.raw(batch.digest(keys: transaction.keys))
        writer.u64(receipt.revision)
        writer.u32(UInt32(truncatingIfNeeded: receipt.results.count))
        for result in receipt.results {
            writer.u8(result.effect.rawValue)
            writer.u64(result.version)
        }
        let key = key(batch, idempotencyKey, keys: transaction.keys)
        try transaction.put(.idempotency, key, writer.bytes)
        try transaction.put(.idempotency, orderKey(transaction.head.nextIdempotency), key)
        transaction.head.nextIdempotency += 1
        while transaction.head.nextIdempotency - transaction.head.oldestIdempotency > kept {
            let oldest = orderKey(transaction.head.oldestIdempotency)
            if let key = try transaction.open(.idempotency, oldest) { try transaction.delete(.idempotency, key) }
            try transaction.delete(.idempotency, oldest)
            transaction.head.oldestIdempotency += 1
        }
    }
}

extension Batch {
    /// A keyed hash of everything that the batch asks for; values go in as hashes of their own.
    func digest(keys: KeySet) -> [UInt8] {
        var writer = FieldWriter(reserving: mutations.count * 96)
        for mutation in mutations { mutation.digest(into: &writer, keys: keys) }
        return KeyedHash.bytes(writer.bytes, key: keys.digestKey, count: 32)
    }
}

extension Mutation {
    fileprivate func digest(into writer: inout FieldWriter, keys: KeySet) {
        switch self {
        case .put(let new), .bring(let new):
            if case .put = self { writer.u8(1) } else { writer.u8(2) }
            writer.bytes16(new.name.bytes)
            writer.raw(KeyedHash.bytes(new.value.bytes, key: keys.digestKey.bytes, count: 32))
            writer.bool(new.activate)
            writer.u64(new.expires)
            writer.text(new.contentType)
            new.settings.digest(into: &writer)
            new.expected.digest(into: &writer)
        case .activate(let name, let version, let expected): Self.digest(3, name.bytes, version, expected, into: &writer)
        case .delete(let name, let version, let expected): Self.digest(4, name.bytes, version, expected, into: &writer)
        case .undelete(let name, let version, let expected): Self.digest(5, name.bytes, version, expected, into: &writer)
        case .destroy(let name, let version, let expected): Self.digest(6, name.bytes, version, expected, into: &writer)
        case .update(let name, let settings, let expected):
            Self.digest(7, name.bytes, 0, expected, into: &writer)
            settings.digest(into: &writer)
        case .putDocument(let table, let name, let bytes, let expected):
            Self.digest(8, name.bytes, UInt64(table.rawValue), expected, into: &writer)
            writer.raw(KeyedHash.bytes(bytes.bytes, key: keys.digestKey.bytes, count: 32))
        case .deleteDocument(let table, let name, let expected):
            Self.digest(9, name.bytes, UInt64(table.rawValue), expected, into: &writer)
        // Refused together with an idempotency key: such a digest is never compared with one of its kind.
        case .budget(let step): Self.digest(10, step.budget.bytes, 0, .any, into: &writer)
        }
    }

    private static func digest(_ kind: UInt8, _ name: [UInt8], _ number: UInt64, _ expected: ExpectedVersion, into writer: inout FieldWriter) {
        writer.u8(kind)
        writer.bytes16(name)
        writer.u64(number)
        expected.digest(into: &writer)
    }
}

extension ExpectedVersion {
    fileprivate func digest(into writer: inout FieldWriter) {
        switch self {
        case .any: writer.u8(0)
        case .exactly(let version, let incarnation):
            writer.u8(1)
            writer.u64(version)
            writer.bool(incarnation != nil)
            writer.bytes16(incarnation ?? [])
        }
    }
}

extension SettingsChange {
    fileprivate func digest(into writer: inout FieldWriter) {
        writer.bool(metadata != nil)
        writer.u32(UInt32(metadata?.count ?? 0))
        for pair in metadata ?? [] {
            writer.text(pair.key)
            writer.text(pair.value)
        }
        writer.bool(tags != nil)
        writer.u32(UInt32(tags?.count ?? 0))
        for tag in tags ?? [] { writer.text(tag) }
        writer.u32(keepLast.map { UInt32($0) } ?? UInt32.max)
        writer.u64(deleteAfter ?? UInt64.max)
    }
}
