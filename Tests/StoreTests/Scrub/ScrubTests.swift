import Testing

@testable import CofferStore

/// What a scrub finds in stores that somebody, or a disk, has changed.
@Suite("Scrub")
struct ScrubTests {
    /// What was found, without the sentences.
    private struct Found: Hashable {
        var kind: ScrubFinding.Kind
        var table: String
        var name: String
        var version: UInt64

        init(_ kind: ScrubFinding.Kind, _ table: Table, _ name: String = "", _ version: UInt64 = 0) {
            self.kind = kind
            self.table = table.name
            self.name = name
            self.version = version
        }

        init(_ finding: ScrubFinding) {
            kind = finding.kind
            table = finding.table
            name = String(decoding: finding.name, as: UTF8.self)
            version = finding.version
        }
    }

    private func found(_ fixture: Fixture) throws -> Set<Found> { Set(try fixture.store.scrub().findings.map(Found.init)) }

    /// Key and record of the name record or value of a name.
    private func place(_ raw: RawStore, _ table: Table, _ secret: String, version: UInt64 = 0) throws -> [UInt8] {
        let hash = try raw.keys().nameHash(table, tenant: .main, name: Array(secret.utf8))
        return table == .values ? hash + version.bigEndianBytes : hash
    }

    private func record(_ raw: RawStore, _ table: Table, _ key: [UInt8]) throws -> [UInt8] {
        try #require(try raw.records(table).first { $0.key == key }).record
    }

    @Test("nothing is found in a store that nobody touched, and everything was looked at")
    func good() throws {
        let fixture = try LivedInStore.make()
        var last: (UInt64, UInt64) = (0, 0)
        let report = try fixture.store.scrub { (done, total) throws(StoreError) in last = (done, total) }
        #expect(report.findings == [] && report.isGood)
        #expect(report.revision == fixture.store.revision && report.incarnation == fixture.store.incarnation)
        let scan = try Scan.take(fixture)
        #expect(report.tables.reduce(0) { $0 + $1.records } == scan.counts.values.reduce(0, +))
        // The head is one more.
        #expect(report.records == scan.counts.values.reduce(1, +))
        #expect(last.0 > 0 && last.0 <= last.1)
        try fixture.reopen()
        #expect(try fixture.store.scrub(share: 50).isGood)
    }

    @Test("an empty store is good")
    func empty() throws {
        let fixture = try Fixture()
        let report = try fixture.store.scrub()
        #expect(report.isGood && report.records == 1 && report.tables.isEmpty)
    }

    @Test("a changed record of each table", arguments: Table.allCases.filter { $0 != .head })
    func damaged(_ table: Table) throws {
        let fixture = try LivedInStore.make()
        var isThere = false
        try fixture.tamper { raw in
            guard let (key, record) = try raw.records(table).last else { return }
            var changed = record
            changed[changed.count / 2] ^= 0x40
            try raw.put(table, key, changed)
            isThere = true
        }
        guard isThere else { return }
        let report = try fixture.store.scrub()
        #expect(report.findings.contains { $0.kind == .damaged && $0.table == table.name }, "\(report.findings)")
        if table == .values || table == .secrets { #expect(report.findings.allSatisfy { !$0.name.isEmpty }, "\(report.findings)") }
    }

    @Test("a damaged value is named by the record that points at it")
    func damagedValue() throws {
        let fixture = try LivedInStore.make()
        try fixture.tamper { raw in
            let key = try place(raw, .values, LivedInStore.secret(3), version: 4)
            var changed = try record(raw, .values, key)
            changed[changed.count - 1] ^= 1
            try raw.put(.values, key, changed)
        }
        #expect(try found(fixture) == [Found(.damaged, .values, LivedInStore.secret(3), 4)])
    }

    @Test("a value that is gone is named; so is one that lies under another key")
    func missingValue() throws {
        let fixture = try LivedInStore.make()
        let secret = LivedInStore.secret(11)
        var key: [UInt8] = []
        var sealed: [UInt8] = []
        try fixture.tamper { raw in
            key = try place(raw, .values, secret, version: 1)
            sealed = try record(raw, .values, key)
            try raw.delete(.values, key)
        }
        #expect(try found(fixture) == [Found(.vanished, .values), Found(.missingValue, .values, secret, 1)])
        try fixture.tamper { raw in
            var other = key
            other[3] ^= 1
            try raw.put(.values, other, sealed)
        }
        #expect(try found(fixture) == [Found(.damaged, .values), Found(.missingValue, .values, secret, 1)])
    }

    @Test("a name record that is gone is named by its value and by the list")
    func missingName() throws {
        let fixture = try LivedInStore.make()
        let secret = LivedInStore.secret(12)
        try fixture.tamper { raw in try raw.delete(.secrets, try place(raw, .secrets, secret)) }
        let all = try found(fixture)
        #expect(all.contains(Found(.missingName, .secrets, secret, 1)) && all.contains(Found(.missingName, .secrets, secret)))
        #expect(all.contains(Found(.vanished, .secrets)))
        // The change log names it as well.
        #expect(all.contains(Found(.vanished, .secrets, secret)))
        #expect(!(try fixture.store.scrub().isGood))
    }

    @Test("names that the list has lost are told one by one")
    func unlisted() throws {
        let fixture = try LivedInStore.make()
        try fixture.tamper { raw in for page in try raw.records(.namePages) { try raw.delete(.namePages, page.key) } }
        let all = try found(fixture)
        #expect(all.contains(Found(.vanished, .namePages)))
        for number in 0..<LivedInStore.count where number != 9 { #expect(all.contains(Found(.unlisted, .namePages, LivedInStore.secret(number)))) }
    }

    @Test("an older record that was put back: only the set hash sees it, and the change log names it")
    func putBack() throws {
        let fixture = try LivedInStore.make()
        let secret = LivedInStore.secret(20)
        var old: [(Table, [UInt8], [UInt8])] = []
        try fixture.tamper { raw in
            for (table, key) in [
                (Table.secrets, try place(raw, .secrets, secret)),
                (.policies, Document.key(.policies, document("d/1"), keys: try raw.keys())),
            ] { old.append((table, key, try record(raw, table, key))) }
        }
        try fixture.store.run(.update(name(secret), SettingsChange(tags: ["new"]), expected: .any))
        try fixture.store.run(.putDocument(.policies, document("d/1"), bytes("newer"), expected: .any))
        #expect(try found(fixture) == [])
        for (table, key, record) in old {
            var present: [UInt8] = []
            try fixture.tamper { raw in
                present = try self.record(raw, table, key)
                try raw.put(table, key, record)
            }
            // It is authentic where it lies: reading notices nothing.
            if table == .secrets { #expect(try fixture.store.info(secret)?.tags == []) }
            let named = table == .secrets ? secret : "d/1"
            #expect(try found(fixture) == [Found(.putBack, table), Found(.putBack, table, named)])
            try fixture.tamper { raw in try raw.put(table, key, present) }
            #expect(try found(fixture) == [])
        }
    }

    @Test("a document that was deleted and is there again")
    func appeared() throws {
        let fixture = try LivedInStore.make()
        var key: [UInt8] = []
        var sealed: [UInt8] = []
        try fixture.tamper { raw in
            key = Document.key(.tenants, document("d/2"), keys: try raw.keys())
            sealed = try record(raw, .tenants, key)
        }
        try fixture.store.run(.deleteDocument(.tenants, document("d/2"), expected: .any))
        try fixture.tamper { raw in try raw.put(.tenants, key, sealed) }
        #expect(try found(fixture) == [Found(.appeared, .tenants), Found(.appeared, .tenants, "d/2")])
    }

    @Test("a budget whose reservation is gone")
    func budgets() throws {
        let fixture = try LivedInStore.make()
        try fixture.tamper { raw in
            let id = ReservationID(budget: document("k/1"), requestID: document("open"))
            try raw.delete(.reservations, BudgetKeys.reservation(id, open: true, keys: try raw.keys()))
        }
        #expect(try found(fixture) == [
            Found(.vanished, .reservations), Found(.contradiction, .budgets, "k/1"), Found(.contradiction, .budgets, "w/1"),
        ])
    }

    @Test("more findings than are kept are counted")
    func many() throws {
        let fixture = try Fixture()
        let batch = (0..<1_200).map { mutation(put: "many/\($0)", "v") }
        _ = try fixture.store.commit(Batch(principal: "uid:0", mutations: batch))
        try fixture.tamper { raw in
            let values = try raw.records(.values)
            try raw.write { transaction in for value in values { try transaction.delete(.values, value.key) } }
        }
        let report = try fixture.store.scrub()
        #expect(report.findings.count == ScrubReport.largestList && report.findingCount == 1_201)
    }

    @Test("it ends when it is told to, when the store is locked, and does not begin on a locked one")
    func ends() throws {
        let fixture = try Fixture()
        _ = try fixture.store.commit(Batch(principal: "uid:0", mutations: (0..<600).map { mutation(put: "many/\($0)", "v") }))
        #expect(code { try fixture.store.scrub { (_, _) throws(StoreError) in throw StoreError(.busy, "enough") } } == .busy)
        #expect(code { try fixture.store.scrub { (_, _) throws(StoreError) in fixture.store.lock() } } == .locked)
        #expect(code { try fixture.store.scrub() } == .locked)
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(try fixture.store.scrub().isGood)
    }

    @Test("changes go on while it looks, and it judges what it began with")
    func meanwhile() throws {
        let fixture = try LivedInStore.make()
        var changed = 0
        let before = fixture.store.revision
        _ = try fixture.store.commit(Batch(principal: "uid:0", mutations: (0..<600).map { mutation(put: "many/\($0)", "v") }))
        let report = try fixture.store.scrub { (_, _) throws(StoreError) in
            changed += 1
            try fixture.store.set(LivedInStore.secret(changed), "newer")
        }
        #expect(changed > 2 && report.isGood && report.revision == before + 1)
    }
}
