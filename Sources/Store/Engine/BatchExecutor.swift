/// Writes what a plan says, and tells the readers what they must know.
struct BatchExecutor {
    var editor: NamePageEditor?
    /// In order: what each reader's index must apply.
    var indexChanges: [IndexChange] = []
    let directory: SharedDirectory

    mutating func execute(_ plan: BatchPlan, moment: ChangeMoment, in transaction: inout SealedTransaction) throws(StoreError) {
        for name in plan.names where name.changed { try write(name, moment: moment, in: &transaction) }
        for document in plan.documents {
            let key = Document.key(document.table, document.name, keys: transaction.keys)
            if let bytes = document.bytes {
                let plaintext = Document.compose(bytes.bytes, name: document.name, revision: moment.revision)
                defer { withExtendedLifetime((plaintext, bytes)) {} }
                try transaction.put(Table(document.table), key, plaintext.bytes)
            } else {
                try transaction.delete(Table(document.table), key)
            }
        }
        try plan.budgets.write(to: &transaction)
    }

    private mutating func write(_ name: BatchPlan.PlannedName, moment: ChangeMoment, in transaction: inout SealedTransaction) throws(StoreError) {
        let record = name.new
        var sealedActive: [UInt8]?
        for (version, write) in name.effects.writes.sorted(by: { $0.key < $1.key }) {
            let plaintext = ValueTrailer.compose(
                value: write.value.bytes, contentType: write.contentType, hiddenFrom: write.hiddenFrom, expires: write.expires,
                revision: moment.revision, tenant: record.tenant, name: record.name.bytes)
            defer { withExtendedLifetime((plaintext, write)) {} }
            let sealed = try transaction.put(.values, name.valueHash + version.bigEndianBytes, plaintext.bytes)
            if version == record.active { sealedActive = sealed }
        }
        for version in name.effects.reseals {
            let sealed = try reseal(name.valueHash + version.bigEndianBytes, record: record, in: &transaction)
            if version == record.active { sealedActive = sealed }
        }
        for version in name.effects.removals where name.old?.versions.contains(where: { $0.version == version && !$0.destroyed }) == true {
            try transaction.delete(.values, name.valueHash + version.bigEndianBytes)
        }
        try transaction.put(.secrets, name.key, record.encoded())
        try relist(name, in: &transaction)
        if name.activeChanged { try publish(name, sealed: sealedActive, moment: moment, in: transaction) }
    }

    /// Seals a value again without its time of deletion.
    private func reseal(_ key: [UInt8], record: NameRecord, in transaction: inout SealedTransaction) throws(StoreError) -> [UInt8] {
        guard let plaintext = try transaction.open(.values, key) else {
            throw StoreError(.damaged, "the value of a version is missing")
        }
        let fresh: SecretBuffer? = plaintext.withUnsafeBytes { bytes in
            guard let trailer = ValueTrailer(bytes) else { return nil }
            return ValueTrailer.compose(
                value: UnsafeRawBufferPointer(rebasing: bytes[..<trailer.valueLength]),
                contentType: String(decoding: bytes[trailer.valueLength..<(trailer.valueLength + trailer.contentTypeLength)], as: UTF8.self),
                hiddenFrom: trailer.expires, expires: trailer.expires, revision: trailer.revision, tenant: trailer.tenant,
                name: record.name.bytes)
        }
        guard let fresh else { throw StoreError(.damaged, "the value of a version does not fit together") }
        defer { withExtendedLifetime(fresh) {} }
        return try transaction.put(.values, key, fresh.bytes)
    }

    private mutating func relist(_ name: BatchPlan.PlannedName, in transaction: inout SealedTransaction) throws(StoreError) {
        let before = name.old?.listing ?? .absent
        let after = name.new.listing
        guard before != after else { return }
        if editor == nil { editor = NamePageEditor(directory: try directory.waitUntilReady()) }
        try editor?.set(NamePage.place(tenant: name.new.tenant, name: name.new.name.bytes), after, in: &transaction)
        if before == .absent { transaction.head.listedNames += 1 }
        if after == .absent { transaction.head.listedNames -= min(transaction.head.listedNames, 1) }
    }

    private mutating func publish(
        _ name: BatchPlan.PlannedName, sealed: [UInt8]?, moment: ChangeMoment, in transaction: borrowing SealedTransaction
    ) throws(StoreError) {
        let record = name.new
        let key = IndexKey(tenant: record.tenant, name: record.name.bytes)
        guard let active = record.readableActive(at: moment.now) else {
            return indexChanges.append(.remove(key, revision: moment.revision))
        }
        // An index does not keep large records: their names only have to go.
        let large = Int(active.size) + ValueTrailer.fixedSize + record.name.bytes.count > SealedIndex.largestRecord
        guard !large else { return indexChanges.append(.remove(key, revision: moment.revision)) }
        var bytes = sealed
        if bytes == nil { bytes = try transaction.transaction.get(.values, name.valueHash + active.version.bigEndianBytes).map { Array($0) } }
        guard let bytes else { throw StoreError(.damaged, "the active value of a name is missing") }
        indexChanges.append(.store(
            key, hash: name.valueHash, version: active.version, revision: moment.revision, record: bytes))
    }
}
