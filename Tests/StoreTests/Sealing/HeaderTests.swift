import Testing

@testable import CofferStore

@Suite("Header")
struct HeaderTests {
    /// All that unlocking does with a header.
    private static func unlock(_ bytes: [UInt8]) throws -> Keyring {
        let header = try bytes.withUnsafeBytes { try Header(decoding: $0) }
        for slot in header.slots where slot.kind == .keyFile {
            do throws(StoreError) {
                let root = try slot.unwrap(storeID: header.storeID, secret: Fixture.key.bytes)
                try header.authenticate(root: root)
                return try header.openKeyring(root: root)
            } catch {
                if error.code == .unlockFailed { continue }
                throw error
            }
        }
        throw StoreError(.unlockFailed, "no slot")
    }

    private static func header() throws -> [UInt8] {
        let fixture = try Fixture()
        _ = try fixture.store.addSlot(.credential(SecretBuffer([UInt8](repeating: 1, count: 32)), label: "other"))
        fixture.store.close()
        let raw = try RawStore(fixture.folder)
        defer { raw.close() }
        return try raw.header
    }

    @Test("each flipped byte, and each bit of the first slot, ends in a typed error")
    func flips() throws {
        let bytes = try Self.header()
        #expect(try Self.unlock(bytes).entries.count == 6)
        var seen: [StoreError.Code: Int] = [:]
        for index in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var wrong = bytes
                wrong[index] ^= mask
                let found = code { _ = try Self.unlock(wrong) }
                #expect(found != nil, "byte \(index) may be changed to \(wrong[index])")
                if let found { seen[found, default: 0] += 1 }
            }
        }
        #expect(Set(seen.keys).isSubset(of: [.damaged, .unlockFailed, .notAStore, .unknownFormat]))
    }

    @Test("each truncation and extension ends in a typed error")
    func lengths() throws {
        let bytes = try Self.header()
        for count in 0..<bytes.count { #expect(code { _ = try Self.unlock(Array(bytes[..<count])) } != nil) }
        #expect(code { _ = try Self.unlock(bytes + [0]) } == .damaged)
    }

    @Test("a slot cannot move to another store, nor be taken out or doubled without the root")
    func slotsAreBound() throws {
        let first = try Self.header()
        let second = try Self.header()
        let one = try first.withUnsafeBytes { try Header(decoding: $0) }
        let two = try second.withUnsafeBytes { try Header(decoding: $0) }
        // The same key file opens both; the slot of one says nothing in the other.
        #expect(code { _ = try one.slots[0].unwrap(storeID: two.storeID, secret: Fixture.key.bytes) } == .unlockFailed)
        let root = try one.slots[0].unwrap(storeID: one.storeID, secret: Fixture.key.bytes)
        let other = try GuardedBytes.random(count: 32)
        for slots in [[one.slots[0]], [one.slots[0], one.slots[0]], [one.slots[1], one.slots[0]], [one.slots[0], two.slots[1]]] {
            let forged = Header(storeID: one.storeID, slots: slots, sealedKeyring: one.sealedKeyring)
            // Whoever forges it has some key, but not the root.
            #expect(code { _ = try Self.unlock(try forged.encoded(root: other)) } == .damaged)
        }
        // The keyring of another store under this header.
        let mixed = Header(storeID: one.storeID, slots: one.slots, sealedKeyring: two.sealedKeyring)
        #expect(code { _ = try Self.unlock(try mixed.encoded(root: root)) } == .damaged)
    }

    static let forged: [(operations: UInt64, memory: UInt64)] = [
        (17, 1 << 20), (0, 1 << 20), (.max, 1 << 20), (3, (1 << 30) + 1), (3, .max), (3, 8_191), (3, 0),
    ]

    @Test("forged Argon2 parameters are capped before they are used", arguments: forged)
    func cappedParameters(operations: UInt64, memory: UInt64) throws {
        let slot = Slot(
            id: 1, kind: .passphrase, label: "", created: 0,
            parameters: .init(derivation: .argon2id, operations: operations, memory: memory, salt: [UInt8](repeating: 0, count: 16)),
            nonce: [UInt8](repeating: 0, count: 24), wrapped: [UInt8](repeating: 0, count: 48),
            commitment: [UInt8](repeating: 0, count: 32))
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(code { _ = try slot.unwrap(storeID: [UInt8](repeating: 0, count: 16), secret: Fixture.key.bytes) } == .damaged)
        }
        #expect(time < .milliseconds(100))
    }

    @Test("through the file: a changed header is refused when opening or unlocking, and the store stays whole")
    func throughTheFile() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "one")
        var good: [UInt8] = []
        try fixture.tamper(unlocking: false) { raw in
            good = try raw.header
            var wrong = good
            wrong[wrong.count - 1] ^= 1
            try raw.put(header: wrong)
        }
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .damaged)
        #expect(fixture.store.isLocked)
        #expect(throws: StoreError.self) {
            try fixture.tamper { raw in
                var wrong = good
                wrong[8] = 9
                try raw.put(header: wrong)
            }
        }
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .unknownFormat)
        let raw = try RawStore(fixture.folder)
        try raw.put(header: good)
        raw.close()
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("one", 1))
    }
}
