import Testing

@testable import CofferStore

@Suite("Slots")
struct SlotTests {
    private static func secret(_ seed: UInt8) -> SecretBuffer { SecretBuffer([UInt8](repeating: seed, count: 32)) }

    @Test("key file, credential, recovery key and passphrase each open the store")
    func eachKind() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "one")
        let credential = try store.addSlot(.credential(Self.secret(1), label: "systemd"))
        let recovery = try store.addSlot(.recovery(label: "paper"))
        let passphrase = try store.addSlot(.passphrase(bytes("correct horse"), label: "me"))
        let text = try #require(recovery.recoveryKey)
        #expect(credential.recoveryKey == nil)
        #expect([credential.id, recovery.id, passphrase.id] == [2, 3, 4])
        #expect(store.slots().map(\.kind) == [.keyFile, .credential, .recovery, .passphrase])
        #expect(store.slots().map(\.label) == ["key", "systemd", "paper", "me"])
        #expect(store.slots().map(\.inUse) == [true, false, false, false])
        for (secret, id) in [
            (SlotSecret.credential(Self.secret(1)), credential.id), (.recoveryKey(bytes(text)), recovery.id),
            (.passphrase(bytes("correct horse")), passphrase.id), (.keyFile(Fixture.key), 1),
        ] {
            // Once in the same process behind a lock, once from the disk.
            store.lock()
            #expect(try store.unlock(secret) == id)
            #expect(try store.look("a") == .text("one", 1))
            #expect(store.slots().filter(\.inUse).map(\.id) == [id])
        }
        try fixture.whileClosed {}
        #expect(fixture.store.isLocked)
        #expect(fixture.store.slots().count == 4)
        #expect(try fixture.store.unlock(.credential(Self.secret(1))) == 2)
        #expect(try fixture.store.look("a") == .text("one", 1))
        #expect(code { try fixture.store.unlock(.passphrase(bytes("correct horsf"))) } == .unlockFailed)
    }

    @Test("wrong secrets are refused")
    func wrongSecrets() throws {
        let fixture = try Fixture()
        let store = fixture.store
        store.lock()
        #expect(code { try store.unlock(.keyFile(Self.secret(8))) } == .unlockFailed)
        #expect(code { try store.unlock(.keyFile(SecretBuffer([UInt8](repeating: 7, count: 31)))) } == .unlockFailed)
        #expect(code { try store.unlock(.keyFile(SecretBuffer([UInt8](repeating: 7, count: 33)))) } == .unlockFailed)
        #expect(code { try store.unlock(.keyFile(SecretBuffer([UInt8]()))) } == .unlockFailed)
        // The right bytes, but the store has no slot of these kinds.
        #expect(code { try store.unlock(.credential(Fixture.key)) } == .unlockFailed)
        #expect(code { try store.unlock(.passphrase(Fixture.key)) } == .unlockFailed)
        #expect(store.isLocked)
        #expect(code { try store.look("a") } == .locked)
        #expect(code { try store.set("a", "x") } == .locked)
        #expect(code { try store.names() } == .locked)
        #expect(code { try store.addSlot(.credential(Self.secret(1), label: "")) } == .locked)
        #expect(code { try store.removeSlot(1) } == .locked)
    }

    @Test("the last slot stays; a removed one opens no longer")
    func remove() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(code { try store.removeSlot(1) } == .lastSlot)
        let second = try store.addSlot(.keyFile(Self.secret(1), label: "second")).id
        #expect(code { try store.removeSlot(9) } == .notFound)
        try store.removeSlot(1)
        #expect(code { try store.removeSlot(second) } == .lastSlot)
        store.lock()
        #expect(code { try store.unlock(.keyFile(Fixture.key)) } == .unlockFailed)
        #expect(try store.unlock(.keyFile(Self.secret(1))) == second)
        // Ids are not given twice while the store is open.
        #expect(try store.addSlot(.keyFile(Self.secret(3), label: "")).id == 3)
        try fixture.whileClosed {}
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .unlockFailed)
        #expect(try fixture.store.unlock(.keyFile(Self.secret(3))) == 3)
    }

    @Test("limits of slots: label, number, sizes of secrets")
    func limits() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(code { try store.addSlot(.keyFile(Self.secret(1), label: String(repeating: "x", count: 1_025))) } == .invalidArgument)
        #expect(code { try store.addSlot(.keyFile(SecretBuffer([1]), label: "")) } == .invalidArgument)
        #expect(code { try store.addSlot(.passphrase(SecretBuffer([UInt8]()), label: "")) } == .invalidArgument)
        #expect(code { try store.addSlot(.passphrase(SecretBuffer([UInt8](repeating: 1, count: 1_025)), label: "")) } == .invalidArgument)
        for number in 2...64 { _ = try store.addSlot(.keyFile(Self.secret(UInt8(number)), label: "ü \(number)")) }
        #expect(code { try store.addSlot(.keyFile(Self.secret(1), label: "")) } == .invalidArgument)
        #expect(store.slots().count == 64)
        try fixture.whileClosed {}
        #expect(try fixture.store.unlock(.keyFile(Self.secret(64))) >= 64)
    }

    @Test("unlocking what is unlocked checks the secret and changes nothing")
    func unlockTwice() throws {
        let fixture = try Fixture()
        let store = fixture.store
        for round in 0..<20 {
            try store.set("name \(round)", "x")
            #expect(try store.unlock(.keyFile(Fixture.key)) == 1)
            #expect(code { try store.unlock(.keyFile(Self.secret(9))) } == .unlockFailed)
            #expect(!store.isLocked)
            #expect(try store.names().count == round + 1)
        }
        #expect(store.revision == 20)
    }
}

@Suite("Recovery keys")
struct RecoveryKeyTests {
    private static func parse(_ text: String) throws -> [UInt8] {
        try Array(text.utf8).withUnsafeBytes { try RecoveryKey.parse($0).copy }
    }

    @Test("what is written can be read, also as people type it")
    func roundTrip() throws {
        for _ in 0..<200 {
            let key = try GuardedBytes.random(count: 32)
            let text = RecoveryKey.format(key.bytes)
            #expect(text.utf8.count == 56 + 13)
            #expect(try Self.parse(text) == key.copy)
            let typed = "  " + text.lowercased().replacing("-", with: " ").replacing("0", with: "o").replacing("1", with: "l") + "\r\n"
            #expect(try Self.parse(typed) == key.copy)
        }
    }

    @Test("each wrong letter, swap, lost or doubled letter is noticed")
    func typingErrors() throws {
        let key = try GuardedBytes.random(count: 32)
        let letters = Array(RecoveryKey.format(key.bytes).utf8.filter { $0 != UInt8(ascii: "-") })
        func refused(_ letters: [UInt8]) -> Bool { code { _ = try Self.parse(String(decoding: letters, as: UTF8.self)) } == .unlockFailed }
        var accepted = 0
        for index in letters.indices {
            for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8 where other != letters[index] {
                var wrong = letters
                wrong[index] = other
                if !refused(wrong) { accepted += 1 }
            }
            var lost = letters
            lost.remove(at: index)
            #expect(refused(lost))
            #expect(refused(letters[..<index] + [letters[index]] + letters[index...]))
            if index > 0 && letters[index] != letters[index - 1] {
                var swapped = letters
                swapped.swapAt(index, index - 1)
                if !refused(swapped) { accepted += 1 }
            }
        }
        // 1,790 errors against a checksum of 20 bits: one may slip through in 600 runs.
        #expect(accepted <= 1)
        for text in ["", "U", "héllo", String(repeating: "0", count: 10_000), "*"] { #expect(refused(Array(text.utf8))) }
    }
}
