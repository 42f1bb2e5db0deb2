import CSodium

// Record keys that give way: all of it on the writer's thread, between its groups.
extension WriterCore {
    /// Draws a new key and sends all others on their way out. Where some are already, or were held, those go on and no key is drawn.
    func beginRekey() throws(StoreError) {
        if let refusal = refusal(sealing: false) { throw refusal }
        let present = try presentKeyring()
        guard present.leaving.isEmpty else { return }
        guard !present.recordKeys.contains(where: { $0.state == .held }) else {
            return try changeKeyring { (keyring) throws(StoreError) in keyring.setRecordKeys(.held, to: .leaving) }
        }
        try changeKeyring { [self] (keyring) throws(StoreError) in
            try keyring.advanceRecordKey(
                suite: store.newRecordSuite, sealLimit: options.sealLimit, now: options.clock(), retired: .leaving)
            keyring.setRecordKeys(.openingOnly, to: .leaving)
        }
    }

    /// Keys that are on their way out stay until ``beginRekey()``.
    func holdRekey() throws(StoreError) {
        if let refusal = refusal(sealing: false) { throw refusal }
        guard !(try presentKeyring().leaving.isEmpty) else { return }
        try changeKeyring { (keyring) throws(StoreError) in keyring.setRecordKeys(.leaving, to: .held) }
    }

    /// Does what the age of the keys asks for.
    func rekeyByAge() throws(StoreError) {
        guard options.rekey.every > 0, keys != nil, refusal(sealing: false) == nil else { return }
        let present = try presentKeyring()
        let now = options.clock()
        func isOld(_ key: KeyringEntry) -> Bool { key.created != 0 && now > key.created && now - key.created >= options.rekey.every }
        if try isOld(present.entry(.records)) { try advanceKey(retired: options.rekey.dropsOldKeys ? .leaving : .openingOnly, because: .age) }
        let old = present.recordKeys.filter { $0.state == .openingOnly && isOld($0) }.map(\.id)
        guard options.rekey.dropsOldKeys, !old.isEmpty else { return }
        try store.witness?.willChangeKeys(.leaving(old))
        try changeKeyring { (keyring) throws(StoreError) in keyring.setRecordKeys(.openingOnly, to: .leaving) }
    }

    private func presentKeyring() throws(StoreError) -> Keyring {
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        return try header.openKeyring(root: keys.root)
    }

    /// Takes keys away for good. The caller has proved, in this incarnation, that no record names them.
    func drop(_ ids: Set<UInt32>, provedIn incarnation: [UInt8]) throws(StoreError) {
        guard head?.incarnation == incarnation else { throw StoreError(.resync, "the store was restored meanwhile") }
        let unused = try presentKeyring().leaving.intersection(ids)
        guard !unused.isEmpty else { return }
        try store.witness?.willChangeKeys(.dropped(unused.sorted()))
        try changeKeyring { (keyring) throws(StoreError) in
            keyring.entries.removeAll { $0.purpose == .records && unused.contains($0.id) }
        }
    }

    // MARK: Sealing anew

    struct Resealed {
        var count: UInt64 = 0
        /// Of records that do not open where they lie: they stay as they are, and their keys with them.
        var damage: StoreError?
    }

    /// Seals the records that lie at `places`, and the head, with the present key; what names another key by now is left alone. Nothing
    /// of what the records say changes, so there is no revision and no event: only readers are told.
    func reseal(_ places: [RecordPlace], leaving: Set<UInt32>) throws(StoreError) -> Resealed {
        if let refusal = refusal(sealing: true) { throw refusal }
        guard let keys, let head else { throw StoreError(.locked, "the store is locked") }
        let transaction = try Transaction.begin(environment, readOnly: false)
        var sealed = SealedTransaction(transaction, keys: keys, head: head)
        var result = Resealed()
        var indexChanges: [IndexChange] = []
        let newHeader: (header: Header, reserved: UInt64)?
        do throws(StoreError) {
            try requireRoom(for: places, in: transaction)
            for place in places where place.table != .head {
                do throws(StoreError) {
                    guard let change = try reseal(place, leaving: leaving, in: &sealed) else { continue }
                    result.count += 1
                    indexChanges += change
                } catch {
                    guard error.code == .damaged || error.code == .unknownKey else { throw error }
                    result.damage = error
                }
            }
            try sealed.put(.head, Head.key, sealed.head.encoded())
            result.count += 1
            newHeader = try reserveSeals(sealed.seals, in: transaction, keys: keys)
        } catch {
            transaction.abort()
            // Their nonces were drawn: they count.
            sealsUsed += sealed.seals
            throw error
        }
        sealsUsed += sealed.seals
        let code = transaction.commit()
        guard code == 0 else {
            let failure = commitFailure(code)
            if broken != nil {
                // It may be there all the same.
                doubt = Doubt(head: sealed.head, changes: [])
                reopen()
            }
            throw failure
        }
        self.head = sealed.head
        noteReserved(newHeader)
        store.publish(indexChanges, changes: [], revision: sealed.head.revision)
        advanceKeyAtLimit()
        return result
    }

    /// - Returns: what the readers' indexes must know; `nil`: there was nothing to do.
    private func reseal(
        _ place: RecordPlace, leaving: Set<UInt32>, in sealed: inout SealedTransaction
    ) throws(StoreError) -> [IndexChange]? {
        guard let record = try sealed.transaction.get(place.table, place.key), RekeyPass.names(record, leaving) else {
            return nil
        }
        var plaintext = try place.key.withBytes { (key) throws(StoreError) in
            try Record.open(record, table: place.table, key: key, keys: sealed.keys)
        }
        defer { sodium_memzero(&plaintext, plaintext.count) }
        let fresh = try sealed.put(place.table, place.key, plaintext)
        guard place.table == .values, fresh.count <= SealedIndex.largestRecord, place.key.count == 24 else { return [] }
        let version = place.key[16...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let change: IndexChange? = plaintext.withUnsafeBytes { bytes in
            guard let trailer = ValueTrailer(bytes) else { return nil }
            let name = Array(bytes[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)])
            return .reseal(
                IndexKey(tenant: trailer.tenant, name: name), version: version, revision: sealed.head.revision, record: fresh)
        }
        return change.map { [$0] } ?? []
    }

    /// Sealing anew takes no room in the end, but pages on the way.
    private func requireRoom(for places: [RecordPlace], in transaction: Transaction) throws(StoreError) {
        var needed: UInt64 = 256 << 10
        for place in places { needed += UInt64(try transaction.get(place.table, place.key)?.count ?? 0) + UInt64(2 * Environment.pageSize) }
        guard !environment.hasRoom(for: needed) else { return }
        let reading = try Transaction.begin(environment, readOnly: true)
        defer { reading.abort() }
        guard environment.freePages(in: reading.handle) * UInt64(Environment.pageSize) >= needed else {
            throw StoreError(.full, "the disk of the store is full")
        }
    }
}
