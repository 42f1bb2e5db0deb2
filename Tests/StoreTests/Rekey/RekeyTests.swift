import Testing

@testable import CofferStore

@Suite("Changing the record keys")
struct RekeyTests {
    private static func unpaced(_ options: inout Store.Options) { options.rekey.recordsPerSecond = 0 }

    @Test("everything is sealed anew, the old key goes, and nothing that the store says changes")
    func whole() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere()
        let store = fixture.store
        let reader = try store.makeReader()
        try reader.begin()
        for number in 0..<50 { _ = reader.look(name("name-\(number)"), now: 0) }
        reader.end()
        let revision = store.revision
        let incarnation = store.incarnation
        let names = try store.names()
        let before = try store.rekeyStatus()
        #expect(before.phase == .idle && before.keys.map(\.id) == [1] && before.started == 0)
        #expect(try fixture.keysInUse().keys.sorted() == [1])
        fixture.clock.advance(1_000)
        try store.startRekey()
        store.rekeyer.waitUntilResting()
        let records = try fixture.keysInUse()
        #expect(records.keys.sorted() == [7])
        let after = try store.rekeyStatus()
        #expect(after.phase == .idle && after.keys.map(\.id) == [7] && after.keys[0].state == .sealing)
        #expect(after.keys[0].created == fixture.clock.now && after.keys[0].seals >= after.resealed)
        // Each record but the head once; the head with each step.
        #expect(after.resealed >= UInt64(records[7] ?? 0))
        #expect(store.revision == revision && store.incarnation == incarnation)
        try Scan.check(fixture)
        for round in 0..<2 {
            #expect(try store.names() == names)
            #expect(try store.look("name-3") == .text("second 3", 2) && store.look("name-3", version: 1) == .text("first 3", 1))
            #expect(try store.look("name-150") == .text("first 150", 1))
            #expect(try store.look("gone") == .deleted && store.look("away") == .missing)
            // What the index of a reader kept is sealed anew with it.
            try reader.begin()
            for number in 0..<50 { #expect(reader.look(name("name-\(number)"), now: 0) == .text("second \(number)", 2)) }
            #expect(try reader.budget(document("budget"))?.remaining == 5)
            reader.end()
            let again = Batch(principal: "uid:0", idempotencyKey: [UInt8](repeating: 9, count: 16), mutations: [mutation(put: "keyed", "v")])
            #expect(try store.commit(again).results[0].version == 1)
            if round == 0 { store.lock() }
            if round == 0 { try store.unlock(.keyFile(Fixture.key)) }
        }
        try store.run(.undelete(name("gone"), version: 0, expected: .any))
        #expect(try store.look("gone") == .text("deleted", 1))
    }

    @Test("what was done before an interruption is not done again; it goes on by itself when the store is opened")
    func interrupted() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere()
        fixture.store.rekeyer.waitUntilResting()
        try fixture.store.administer { (core) throws(StoreError) in try core.beginRekey() }
        let total = try #require(try fixture.keysInUse()[1])
        let first = try fixture.slices(4)
        #expect(first > 100 && first < total)
        #expect(Set(try fixture.keysInUse().keys) == [1, 7])
        #expect(try fixture.store.look("name-7") == .text("second 7", 2))
        try fixture.reopen()
        fixture.store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7])
        #expect(try fixture.keysInUse().keys.sorted() == [7])
        // The head is sealed with each step.
        let second = try fixture.store.rekeyStatus().resealed
        #expect(first + second <= UInt64(total) + UInt64(total) / 64 + 10)
        try Scan.check(fixture)
    }

    @Test("held: it stays so across opening, draws no further key when it goes on, and reads of both keys work")
    func held() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere(100)
        fixture.store.rekeyer.waitUntilResting()
        try fixture.store.holdRekey()
        #expect(try fixture.store.rekeyStatus().phase == .idle)
        try fixture.store.administer { (core) throws(StoreError) in try core.beginRekey() }
        _ = try fixture.slices(2)
        try fixture.store.administer { (core) throws(StoreError) in
            // Begun already: no third key.
            try core.beginRekey()
            try core.holdRekey()
        }
        try fixture.reopen()
        fixture.store.rekeyer.waitUntilResting()
        let status = try fixture.store.rekeyStatus()
        #expect(status.phase == .held && status.keys.map(\.state) == [.held, .sealing] && status.resealed == 0)
        #expect(status.started == fixture.clock.now)
        #expect(Set(try fixture.keysInUse().keys) == [1, 7])
        try fixture.store.set("new", "with the new key")
        #expect(try fixture.store.look("name-1") == .text("second 1", 2))
        try fixture.store.startRekey()
        fixture.store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7] && fixture.store.rekeyStatus().phase == .idle)
        #expect(try fixture.store.look("new") == .text("with the new key", 1))
    }

    @Test("a key is dropped only where no record names it, and only in the incarnation that was looked at")
    func proof() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere(40)
        let store = fixture.store
        store.rekeyer.waitUntilResting()
        try store.administer { (core) throws(StoreError) in try core.beginRekey() }
        func proved() throws -> Bool {
            try store.reading { (transaction) throws(StoreError) in try RekeyPass.proves([1], unusedIn: transaction) }
        }
        #expect(try !proved())
        _ = try fixture.slices(1)
        #expect(try !proved())
        #expect(code { try store.administer { (core) throws(StoreError) in
            try core.drop([1], provedIn: [UInt8](repeating: 1, count: 16))
        } } == .resync)
        _ = try fixture.slices(1_000)
        #expect(try proved())
        // Ids of other purposes, of the key that seals, and unknown ones are none of its business.
        try store.administer { [incarnation = store.incarnation] (core) throws(StoreError) in
            try core.drop([2, 3, 7, 99], provedIn: incarnation)
        }
        #expect(try fixture.recordKeys == [1, 7])
        store.rekeyer.wake()
        store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7])
        let held = store.monitor.locked { store.state.keys?.keyring.entries.map(\.id) }
        #expect(held == [2, 3, 4, 5, 6, 7])
    }

    @Test("a record that does not open keeps its key, is reported, and stops nothing else")
    func damaged() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere(60)
        try fixture.tamper { raw in
            let keys = try raw.keys()
            let key = keys.nameHash(.values, tenant: .main, name: Array("name-50".utf8)) + UInt64(1).bigEndianBytes
            var record = try #require(try raw.records(.values).first { $0.key == key }).record
            record[record.count - 1] ^= 1
            try raw.put(.values, key, record)
        }
        try fixture.store.startRekey()
        fixture.store.rekeyer.waitUntilResting()
        let status = try fixture.store.rekeyStatus()
        #expect(status.phase == .waiting && status.keys.map(\.state) == [.leaving, .sealing])
        #expect(status.note.contains("does not open"))
        #expect(try fixture.keysInUse()[1] == 1)
        #expect(try fixture.store.look("name-50") == .failure(.damaged))
        #expect(try fixture.store.look("name-51") == .text("first 51", 1))
        // Where the damage goes, the key goes.
        try fixture.store.run(.destroy(name("name-50"), version: 0, expected: .any))
        fixture.store.rekeyer.wake()
        fixture.store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7] && fixture.store.rekeyStatus().note == "")
    }

    @Test("a locked store: no start, no status; unlocking takes it up")
    func locked() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere(40)
        let store = fixture.store
        store.rekeyer.waitUntilResting()
        try store.administer { (core) throws(StoreError) in try core.beginRekey() }
        store.lock()
        #expect(code { try store.startRekey() } == .locked)
        #expect(code { try store.holdRekey() } == .locked)
        #expect(code { try store.rekeyStatus() } == .locked)
        try store.unlock(.keyFile(Fixture.key))
        store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7])
        store.close()
        #expect(code { try store.startRekey() } == .failed)
    }

    @Test("under writers: every answer stands, the head stays true, no reader misses anything")
    func underLoad() throws {
        let fixture = try Fixture(Self.unpaced)
        try fixture.fillEverywhere(300)
        let store = fixture.store
        try store.startRekey()
        onThreads(8) { number in
            do {
                let reader = try store.makeReader()
                for round in 0..<60 {
                    let text = "own-\(number)-\(round % 10)"
                    let version = try store.set(text, "\(round)")
                    try reader.begin()
                    #expect(reader.look(name(text), now: 0) == .text("\(round)", version))
                    let other = "name-\((number * 37 + round) % 150)"
                    #expect(reader.look(name(other), now: 0) == .text("second \(other.dropFirst(5))", 2))
                    reader.end()
                    if number == 0, round % 20 == 19 { try store.startRekey() }
                }
            } catch {
                Issue.record("\(error)")
            }
        }
        store.rekeyer.waitUntilResting()
        #expect(try store.rekeyStatus().keys.count == 1)
        #expect(try fixture.keysInUse().count == 1)
        for number in 0..<8 { for slot in 0..<10 { #expect(try store.look("own-\(number)-\(slot)") == .text("\(50 + slot)", 6)) } }
        try Scan.check(fixture)
        try fixture.reopen()
        #expect(try fixture.store.look("name-3") == .text("second 3", 2))
    }
}

@Suite("Record keys that give way by themselves")
struct AutomaticRekeyTests {
    @Test("by age: a new key, and the old one goes; never with 0, never before its time, never with a clock that was put back")
    func age() throws {
        let day: UInt64 = 86_400_000
        let fixture = try Fixture { $0.rekey.recordsPerSecond = 0 }
        try fixture.fillEverywhere(40)
        func check() throws -> [UInt32] {
            fixture.store.checkKeyAge()
            fixture.store.rekeyer.waitUntilResting()
            return try fixture.recordKeys
        }
        #expect(try check() == [1])
        fixture.clock.advance(90 * day - 1)
        #expect(try check() == [1])
        fixture.clock.advance(1)
        #expect(try check() == [7])
        #expect(try fixture.keysInUse().keys.sorted() == [7])
        #expect(try check() == [7])
        try fixture.reopen { $0.rekey.every = 0 }
        fixture.clock.advance(1_000 * day)
        #expect(try check() == [7])
        // Without dropping the old one stays for opening; once dropping is asked for it goes by its age.
        try fixture.reopen { $0.rekey.dropsOldKeys = false }
        #expect(try check() == [7, 8])
        #expect(try fixture.store.rekeyStatus().phase == .idle)
        try fixture.reopen()
        #expect(try check() == [8])
        #expect(try fixture.store.look("name-1") == .text("second 1", 2))
        try Scan.check(fixture)
    }

    @Test("at the limit of seals the old key goes as well")
    func limit() throws {
        let fixture = try Fixture {
            // Well above what one pass needs.
            $0.sealLimit = 1 << 12
            $0.logRevisions = 64
            $0.rekey.recordsPerSecond = 0
        }
        for number in 0..<1_500 { try fixture.store.set("name-\(number % 50)", "\(number)") }
        fixture.store.rekeyer.waitUntilResting()
        let status = try fixture.store.rekeyStatus()
        #expect(status.keys.count == 1 && status.keys[0].id >= 7)
        #expect(try fixture.keysInUse().count == 1)
        for number in 1_450..<1_500 { #expect(try fixture.store.look("name-\(number % 50)") == .text("\(number)", 30)) }
        try Scan.check(fixture)
    }
}
