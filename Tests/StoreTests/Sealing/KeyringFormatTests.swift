import Testing

@testable import CofferStore

@Suite("Keyring formats")
struct KeyringFormatTests {
    /// As format 1 had it: without the moment at which a key was drawn.
    private static func undated(_ keyring: Keyring) -> [UInt8] {
        var writer = FieldWriter()
        writer.u8(1)
        writer.u16(UInt16(keyring.entries.count))
        for entry in keyring.entries {
            writer.u32(entry.id)
            writer.u8(entry.purpose.rawValue)
            writer.u8(entry.suite.rawValue)
            writer.u8(entry.state.rawValue)
            writer.u64(entry.sealCount)
            writer.u64(entry.limit)
            writer.raw(entry.key.copy)
        }
        return writer.bytes
    }

    private static func decode(_ bytes: [UInt8]) throws -> Keyring { try bytes.withUnsafeBytes { try Keyring(decoding: $0) } }

    @Test("a store whose keys have no dates opens; they get one when the keyring is written next, and keep it")
    func olderStore() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "one")
        let begun = fixture.clock.now
        try fixture.tamper(unlocking: false) { raw in
            let bytes = try raw.header
            var header = try bytes.withUnsafeBytes { try Header(decoding: $0) }
            let root = try header.slots[0].unwrap(storeID: header.storeID, secret: Fixture.key.bytes)
            let keyring = try header.openKeyring(root: root)
            #expect(keyring.entries.allSatisfy { $0.created == begun })
            let clear = try Self.undated(keyring).withUnsafeBytes { try GuardedBytes(copying: $0) }
            try header.seal(clear: clear, root: root)
            try raw.put(header: try header.encoded(root: root))
        }
        func dates() throws -> [UInt64] {
            let header = fixture.store.monitor.locked { fixture.store.state.header }
            let root = try header.slots[0].unwrap(storeID: header.storeID, secret: Fixture.key.bytes)
            return try header.openKeyring(root: root).entries.map(\.created)
        }
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(try fixture.store.look("a") == .text("one", 1))
        #expect(try dates().allSatisfy { $0 == 0 })
        fixture.clock.advance(5_000)
        // The first change reserves seals, and so writes the keyring.
        try fixture.store.set("a", "two")
        #expect(try dates() == [UInt64](repeating: begun + 5_000, count: 6))
        fixture.clock.advance(5_000)
        try fixture.reopen()
        try fixture.store.set("a", "three")
        #expect(try dates() == [UInt64](repeating: begun + 5_000, count: 6))
        try Scan.check(fixture)
    }

    @Test("both formats say the same of the keys; each truncation, extension and unknown format is refused")
    func hostile() throws {
        let keyring = try Keyring.random(sealLimit: 9, recordSuite: .xchacha20poly1305, now: 77)
        let present = try keyring.encoded().copy
        let older = Self.undated(keyring)
        #expect(present.first == 2 && present.count == older.count + 6 * 8)
        for (bytes, created) in [(present, UInt64(77)), (older, 0)] {
            let read = try Self.decode(bytes)
            #expect(read.entries.map { $0.key.copy } == keyring.entries.map { $0.key.copy })
            #expect(read.entries.map(\.limit) == keyring.entries.map(\.limit))
            #expect(read.entries.allSatisfy { $0.created == created })
            for count in 0..<bytes.count { #expect(code { _ = try Self.decode(Array(bytes[..<count])) } != nil) }
            #expect(code { _ = try Self.decode(bytes + [0]) } == .damaged)
        }
        // The length tells the formats apart where the number was changed.
        #expect(code { _ = try Self.decode([1] + present[1...]) } != nil)
        #expect(code { _ = try Self.decode([2] + older[1...]) } != nil)
        for format: UInt8 in [0, 3, 255] { #expect(code { _ = try Self.decode([format] + present[1...]) } == .unknownFormat) }
    }
}
