// After a restore all numbers go on above what backup and store know (formats.md 4).
extension RestoreIntake {
    /// - Parameter present: the store that is replaced, as it is at last.
    func goOn(above present: StoreContent) throws(StoreError) {
        switch ground {
        case .empty:
            try raiseNames(above: present)
            try raiseSequences(above: present)
            try raiseCounters(above: present)
        case .replacing: try removeOthers(of: present)
        case .adding: break
        }
        try writeCounters()
        try carryOver(present)
    }

    /// Last numbers of versions; of names that only the store had they are all that is left.
    private func raiseNames(above present: StoreContent) throws(StoreError) {
        try present.transaction.scan(.secrets) { (key, record) throws(StoreError) in
            let own = try NameRecord(decoding: Record.open(record, table: .secrets, key: key, keys: present.keys))
            let place = Array(key)
            guard let bytes = try builder.open(.secrets, place) else {
                var left = RestoreRules.purged(own)
                left.revision = revision
                try builder.put(.secrets, place, left.encoded())
                return true
            }
            var new = try NameRecord(decoding: bytes)
            guard own.latest > new.latest else { return true }
            new.latest = own.latest
            try builder.put(.secrets, place, new.encoded())
            return true
        }
    }

    private func raiseSequences(above present: StoreContent) throws(StoreError) {
        try present.transaction.scan(.sequences) { (key, record) throws(StoreError) in
            let own = try Document.decompose(Record.open(record, table: .sequences, key: key, keys: present.keys))
            let place = Array(key)
            if let bytes = try builder.open(.sequences, place) {
                let new = try Document.decompose(bytes)
                guard try RestoreRules.lastNumber(of: own.bytes) > RestoreRules.lastNumber(of: new.bytes) else { return true }
            }
            try builder.put(.sequences, place, Document.compose(own.bytes.bytes, name: own.name, revision: revision))
            withExtendedLifetime(own.bytes) {}
            return true
        }
    }

    /// Serial numbers of budgets: an old reservation must not take a new budget for its own.
    private func raiseCounters(above present: StoreContent) throws(StoreError) {
        guard let bytes = try present.open(.reservations, BudgetKeys.counters) else { return }
        let own = try BudgetCounters(decoding: bytes)
        var new = counters ?? BudgetCounters()
        guard own.budgetsMade > new.budgetsMade else { return }
        new.budgetsMade = own.budgetsMade
        counters = new
    }

    /// Names that the globs cover and the backup does not have.
    private func removeOthers(of present: StoreContent) throws(StoreError) {
        try present.transaction.scan(.secrets) { (key, record) throws(StoreError) in
            let own = try NameRecord(decoding: Record.open(record, table: .secrets, key: key, keys: present.keys))
            let place = Array(key)
            // What the backup has was written anew: other bytes.
            guard covers(own.name), !own.purged, try builder.record(.secrets, place)?.elementsEqual(record) == true else { return true }
            let hash = builder.keys.nameHash(.values, tenant: own.tenant, name: own.name.bytes)
            for version in own.versions where !version.destroyed { try builder.delete(.values, hash + version.version.bigEndianBytes) }
            var left = RestoreRules.purged(own)
            left.revision = revision
            try write(left, place, instead: own)
            return true
        }
        try names.flush(to: builder)
    }

    /// What belongs to this store and is in no backup, but goes on.
    private func carryOver(_ present: StoreContent) throws(StoreError) {
        guard case .empty = ground else { return }
        for table in Table.staysInRestore {
            try present.transaction.scan(table) { (key, record) throws(StoreError) in
                try builder.put(table, Array(key), Record.open(record, table: table, key: key, keys: present.keys))
                return true
            }
        }
    }
}

extension Table {
    /// Tables of the store itself, which no backup has and a restore leaves as they are: where the audit log stands, which goes on.
    static let staysInRestore: [Table] = [.auditHead]
}
