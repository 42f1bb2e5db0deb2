import Testing

@testable import CofferStore

@Suite("Seal limits and suites")
struct KeyAdvanceTests {
    private static func keyring(_ fixture: Fixture) throws -> Keyring {
        let header = fixture.store.monitor.locked { fixture.store.state.header }
        let root = try header.slots[0].unwrap(storeID: header.storeID, secret: Fixture.key.bytes)
        return try header.openKeyring(root: root)
    }

    @Test("a key that has sealed enough gives way to a new one; old records still open")
    func limit() throws {
        let fixture = try Fixture {
            $0.sealLimit = 1 << 12
            $0.rekey.dropsOldKeys = false
        }
        var highest: UInt64 = 0
        for number in 0..<3_000 {
            try fixture.store.set("name-\(number % 100)", "\(number)")
            if number % 500 == 499 {
                let entries = try Self.keyring(fixture).entries.filter { $0.purpose == .records }
                highest = entries.map(\.sealCount).max() ?? 0
                #expect(entries.allSatisfy { $0.sealCount <= $0.limit + 16 })
                #expect(entries.filter { $0.state == .sealing }.count == 1)
            }
            if number == 1_000 { try fixture.store.set("old", "of the first key") }
            if number % 1_000 == 700 {
                // Through a lock in the same process, and through the disk.
                fixture.store.lock()
                try fixture.store.unlock(.keyFile(Fixture.key))
                #expect(try fixture.store.look("name-\(number % 100)") == .text("\(number)", UInt64(number / 100 + 1)))
                try fixture.reopen()
            }
        }
        #expect(highest > 0)
        let entries = try Self.keyring(fixture).entries.filter { $0.purpose == .records }
        #expect(entries.count >= 3)
        #expect(Set(entries.map(\.id)).count == entries.count)
        #expect(try fixture.store.look("old") == .text("of the first key", 1))
        for number in 2_900..<3_000 { #expect(try fixture.store.look("name-\(number % 100)") == .text("\(number)", 30)) }
        try Scan.check(fixture)
    }

    @Test("one large batch beyond the limit, and readers that go on across a new key")
    func largeBatch() throws {
        let fixture = try Fixture {
            $0.sealLimit = 1 << 10
            $0.rekey.dropsOldKeys = false
        }
        let store = fixture.store
        let reader = try store.makeReader()
        try store.set("a", "1")
        try reader.begin()
        #expect(reader.look(name("a"), now: 0) == .text("1", 1))
        reader.end()
        for round in 0..<3 {
            _ = try store.commit(Batch(principal: "", mutations: (0..<1_500).map { mutation(put: "n\($0)", "\(round)") }))
            try reader.begin()
            #expect(reader.look(name("a"), now: 0) == .text("1", 1))
            #expect(reader.look(name("n7"), now: 0) == .text("\(round)", UInt64(round + 1)))
            reader.end()
        }
        // The key changes behind the answer: one more commit waits for it.
        try store.set("b", "1")
        #expect(try Self.keyring(fixture).entries.filter { $0.purpose == .records }.count == 4)
    }

    @Test("the header has always reserved at least as many seals as were made")
    func reserved() throws {
        let fixture = try Fixture { $0.sealLimit = 1 << 20 }
        var sealed: UInt64 = 1
        for number in 0..<400 {
            try fixture.store.set("name-\(number)", "x")
            // Value, name record, page of names, change log, head: at least five.
            sealed += 5
            let entry = try #require(try Self.keyring(fixture).entries.first { $0.purpose == .records })
            #expect(entry.sealCount >= sealed)
        }
    }

    @Test("without AES instructions: a new store uses XChaCha20; one of an AES machine opens, and gets a key that can seal")
    func withoutAES() throws {
        let plain = try Fixture { $0.withoutAESHardware = true }
        #expect(plain.store.statistics().suite == "xchacha20-poly1305")
        guard CofferStore.Suite.machineHasAES else { return }
        let fixture = try Fixture()
        try fixture.store.set("old", "sealed with AES")
        #expect(fixture.store.statistics().suite == "aes-256-gcm")
        try fixture.reopen { $0.withoutAESHardware = true }
        #expect(fixture.store.statistics().suite == "xchacha20-poly1305")
        #expect(try fixture.store.look("old") == .text("sealed with AES", 1))
        try fixture.store.set("new", "sealed with XChaCha")
        try fixture.store.set("old", "again")
        #expect(try fixture.store.names() == ["new", "old"])
        #expect(try Self.keyring(fixture).entries.filter { $0.purpose == .records }.map(\.suite) == [.aes256gcm, .xchacha20poly1305])
        try fixture.reopen { $0.withoutAESHardware = true }
        #expect(try Self.keyring(fixture).entries.count == 7)
        // Back on the machine with AES: all of it opens.
        try fixture.reopen()
        #expect(try fixture.store.look("new") == .text("sealed with XChaCha", 1))
        #expect(try fixture.store.look("old", version: 1) == .text("sealed with AES", 1))
        try Scan.check(fixture)
    }
}
