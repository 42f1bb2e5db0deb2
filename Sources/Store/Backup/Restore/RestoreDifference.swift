/// Compares what a restore built with what was there: both lie in the order of the same keys, so one walk over each is enough.
struct RestoreDifference {
    private let before: StoreContent
    private let after: StoreContent
    private(set) var counts: [Table: RestoreReport.Difference] = [:]
    private(set) var names: [RestoreReport.Name] = []

    private static let tables: [Table] = [.secrets, .values] + DocumentTable.allCases.map { Table($0) } + [.budgets, .reservations, .usageLines]

    private init(_ before: StoreContent, _ after: StoreContent) {
        self.before = before
        self.after = after
    }

    static func take(_ before: StoreContent, _ after: StoreContent) throws(StoreError) -> RestoreDifference {
        var difference = RestoreDifference(before, after)
        for table in tables { try difference.compare(table) }
        return difference
    }

    /// In the order of a backup's kinds.
    var list: [RestoreReport.Difference] { Self.tables.compactMap { counts[$0] } }

    private mutating func compare(_ table: Table) throws(StoreError) {
        let left = try TableWalk(table, in: before.transaction)
        let right = try TableWalk(table, in: after.transaction)
        while left.isAtRecord || right.isAtRecord {
            let isLeft = left.isAtRecord && (!right.isAtRecord || !right.key.lexicographicallyPrecedes(left.key))
            let isRight = right.isAtRecord && (!left.isAtRecord || !left.key.lexicographicallyPrecedes(right.key))
            if isLeft && isRight && Self.isSame(left.record, right.record) {
                // Of a copy, what nobody touched is not opened.
                try note(table, key: left.key, same: left.record)
            } else {
                try note(
                    table, isLeft ? left.key : right.key, left: isLeft ? thing(left, before, table) : nil,
                    right: isRight ? thing(right, after, table) : nil)
            }
            if isLeft { try left.advance() }
            if isRight { try right.advance() }
        }
    }

    private static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    /// `nil`: it does not count by itself.
    private func thing(_ walk: TableWalk, _ content: StoreContent, _ table: Table) throws(StoreError) -> Thing? {
        guard Self.isCounted(table, walk.key) else { return nil }
        return try content.withOpened(walk.record, table, walk.key) { (bytes) throws(StoreError) in
            try Thing(table, bytes, digestKey: before.keys.digestKey)
        }
    }

    private mutating func note(_ table: Table, key: UnsafeRawBufferPointer, same record: UnsafeRawBufferPointer) throws(StoreError) {
        guard Self.isCounted(table, key) else { return }
        if table == .secrets, try NameRecord(decoding: Record.open(record, table: table, key: key, keys: before.keys)).purged { return }
        counts[table, default: .init(kind: Self.kind(table))].same += 1
    }

    /// Of the reservations' table only they themselves; order and counters follow from them.
    private static func isCounted(_ table: Table, _ key: UnsafeRawBufferPointer) -> Bool {
        table != .reservations || BudgetKeys.isReservation(key)
    }

    private static func kind(_ table: Table) -> String { table == .values ? "versions" : table.name }

    private mutating func note(_ table: Table, _ key: UnsafeRawBufferPointer, left: Thing?, right: Thing?) throws(StoreError) {
        let effect: RestoreReport.Name.Effect?
        switch (left?.isThere ?? false, right?.isThere ?? false) {
        case (false, false): return
        case (false, true): effect = .added
        case (true, false): effect = .removed
        case (true, true): effect = left?.content == right?.content ? nil : .changed
        }
        counts[table, default: .init(kind: Self.kind(table))].count(effect)
        guard let effect, let thing = right ?? left, let name = thing.name, names.count < RestoreReport.largestNames else { return }
        names.append(.init(kind: Self.kind(table), tenant: thing.tenant, name: name, effect: effect))
    }

    /// A record, reduced to what counts: not when it was written.
    private struct Thing {
        var tenant: TenantID = .main
        /// `nil`: it is not told by name.
        var name: [UInt8]?
        /// Of a secret: not if only its last number is left.
        var isThere = true
        /// A keyed hash of it: it may be secret.
        var content: [UInt8]

        init(_ table: Table, _ bytes: UnsafeRawBufferPointer, digestKey: GuardedBytes) throws(StoreError) {
            func hash(_ part: UnsafeRawBufferPointer) -> [UInt8] { KeyedHash.bytes(part, key: digestKey.bytes, count: 32) }
            switch table {
            case .secrets:
                var record = try NameRecord(reading: bytes)
                tenant = record.tenant
                name = record.name.bytes
                isThere = !record.purged
                record.revision = 0
                record.updated = 0
                content = record.encoded().withUnsafeBytes(hash)
            case .budgets:
                name = try StoredBudget(reading: bytes).name.bytes
                content = hash(bytes)
            case .reservations, .usageLines: content = hash(bytes)
            default:
                guard let trailer = ValueTrailer(bytes) else { throw StoreError(.damaged, "a record's lengths do not fit") }
                if table != .values { name = Array(bytes[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)]) }
                content = hash(UnsafeRawBufferPointer(rebasing: bytes[..<(trailer.valueLength + trailer.contentTypeLength)]))
            }
        }
    }

    // MARK: What was left as it was

    /// - Parameter kept: of each kind, how many things the backup had with another content; the walk took them for unchanged.
    mutating func note(kept: [Table: UInt64], _ names: [RestoreReport.Name]) {
        for (table, count) in kept where count > 0 {
            var difference = counts[table] ?? .init(kind: Self.kind(table))
            difference.kept += count
            difference.same -= min(count, difference.same)
            counts[table] = difference
        }
        self.names += names.prefix(max(RestoreReport.largestNames - self.names.count, 0))
    }
}

extension RestoreReport.Difference {
    fileprivate mutating func count(_ effect: RestoreReport.Name.Effect?) {
        switch effect {
        case .added: added += 1
        case .changed: changed += 1
        case .removed: removed += 1
        case .kept: kept += 1
        case nil: same += 1
        }
    }
}
