// Documents, the change log, and budgets with their reservations.
extension ScrubPass {
    func checkDocuments(_ documents: DocumentTable) throws(StoreError) {
        let table = Table(documents)
        try visit(table) { (key, plaintext) throws(StoreError) in
            let name = try Self.documentName(plaintext).name
            guard key == Document.key(documents, name, keys: keys) else {
                throw StoreError(.damaged, "a document of table \(table.name) lies where another one belongs")
            }
        }
    }

    private static func documentName(_ plaintext: UnsafeRawBufferPointer) throws(StoreError) -> (name: DocumentName, revision: UInt64) {
        guard let trailer = ValueTrailer(plaintext) else { throw StoreError(.damaged, "a document's lengths do not fit") }
        let name = plaintext[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)]
        return (DocumentName(trusted: Array(name)), trailer.revision)
    }

    func checkChangeLog(_ head: Head) throws(StoreError) {
        try visit(.changeLog) { (key, plaintext) throws(StoreError) in
            let revision = key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard key.count == 8, revision <= head.revision, revision >= head.oldestLogged else {
                throw StoreError(.damaged, "the change log has a revision that it should not have")
            }
            _ = try ChangeLog.decode(Array(plaintext), revision: revision)
        }
    }

    // MARK: Budgets

    private struct BudgetIdentity: Hashable {
        var name: DocumentName
        var serial: UInt64
    }

    /// Open reservations first: what they add up to is what their budgets must have set aside.
    func checkBudgets() throws(StoreError) {
        var open: [BudgetIdentity: (amount: Int64, count: UInt64)] = [:]
        func add(_ name: DocumentName, _ serial: UInt64, _ amount: Int64) {
            let identity = BudgetIdentity(name: name, serial: serial)
            let sum = open[identity] ?? (0, 0)
            open[identity] = (sum.amount &+ amount, sum.count + 1)
        }
        try visit(.reservations) { (key, plaintext) throws(StoreError) in
            let isOpen = key.withUnsafeBytes { BudgetKeys.isOpenReservation($0) }
            // The others are the order of the finished ones, and the counters.
            guard isOpen || key.first == 1 else { return }
            let stored = try StoredReservation(decoding: Array(plaintext))
            guard key == BudgetKeys.reservation(stored.id, open: isOpen, keys: keys) else {
                throw StoreError(.damaged, "a reservation lies where another one belongs")
            }
            guard isOpen else { return }
            add(stored.reservation.budget, stored.budgetSerial, stored.reservation.amount)
            if let wallet = stored.reservation.wallet { add(wallet, stored.walletSerial, stored.reservation.amount) }
        }
        try visit(.budgets) { (key, plaintext) throws(StoreError) in
            let stored = try StoredBudget(decoding: Array(plaintext))
            guard key == BudgetKeys.budget(stored.name, keys: keys) else {
                throw StoreError(.damaged, "a budget lies where another one belongs")
            }
            let sum = open[BudgetIdentity(name: stored.name, serial: stored.serial)] ?? (0, 0)
            guard sum.amount == stored.budget.reserved, sum.count == UInt64(stored.budget.openReservations) else {
                return found(
                    .contradiction, Table.budgets.name,
                    "the budget '\(Self.shown(stored.name.bytes))' has \(stored.budget.reserved) set aside in "
                        + "\(stored.budget.openReservations) reservations; its open reservations are \(sum.count) of \(sum.amount)",
                    name: stored.name.bytes)
            }
        }
        try visit(.usageLines) { (key, plaintext) throws(StoreError) in
            let line = try StoredUsageLine(decoding: Array(plaintext))
            guard key == BudgetKeys.usageLine(line.budget, number: line.number, keys: keys) else {
                throw StoreError(.damaged, "a usage line lies where another one belongs")
            }
        }
    }

    // MARK: Which record was put back

    private struct Place: Hashable {
        var table: UInt16
        var tenant: TenantID
        var name: [UInt8]
    }

    /// The set hash says that a record is not the present one; the change log, as far back as it goes, knows which revision wrote each
    /// name last.
    func nameThePutBack(_ tables: Set<Table>, _ head: Head) throws(StoreError) {
        var last: [Place: (revision: UInt64, isGone: Bool)] = [:]
        do throws(StoreError) {
            try transaction.scan(.changeLog) { (key, sealed) throws(StoreError) in
                let revision = key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                guard let opened = try? Record.open(sealed, table: .changeLog, key: key, keys: keys) else { return true }
                for change in (try? ChangeLog.decode(opened, revision: revision)) ?? [] {
                    guard let table = Table(rawValue: change.table.rawValue), tables.contains(table), table != .budgets else { continue }
                    last[Place(table: change.table.rawValue, tenant: change.tenant, name: change.name)] =
                        (revision, change.table != .secrets && change.operation == .destroy)
                }
                return true
            }
            for (place, change) in last { try judge(place, written: change.revision, isGone: change.isGone) }
        } catch {
            found(.damaged, Table.changeLog.name, error.message)
        }
    }

    private func judge(_ place: Place, written: UInt64, isGone: Bool) throws(StoreError) {
        guard let table = Table(rawValue: place.table) else { return }
        let key = keys.nameHash(table, tenant: place.tenant, name: place.name)
        let shown = "'\(Self.shown(place.name))'"
        guard let sealed = try transaction.get(table, key) else {
            if !isGone {
                found(.vanished, table.name, "\(shown), written by revision \(written), is not there", tenant: place.tenant, name: place.name)
            }
            return
        }
        guard !isGone else {
            return found(.appeared, table.name, "\(shown), deleted by revision \(written), is there again", tenant: place.tenant, name: place.name)
        }
        var revision = written
        // What does not open was found before.
        try? open(sealed, table, key) { (plaintext) throws(StoreError) in
            revision = try table == .secrets ? NameRecord(decoding: Array(plaintext)).revision : Self.documentName(plaintext).revision
        }
        guard revision < written else { return }
        found(
            .putBack, table.name, "\(shown) is as revision \(revision) left it, but revision \(written) has changed it", tenant: place.tenant,
            name: place.name)
    }
}
