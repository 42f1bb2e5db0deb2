import Testing

@testable import CofferStore

@Suite("A new root key")
struct RootTests {
    private static func secret(_ seed: UInt8) -> SecretBuffer { SecretBuffer([UInt8](repeating: seed, count: 32)) }
    private static let key = KeptSlot(id: 1, secret: .present(.keyFile(Fixture.key)))

    @Test("kept slots open, dropped ones do not, the keyring and what it hashes stay; the old header no longer opens with the old root")
    func whole() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "one")
        let credential = try store.addSlot(.credential(Self.secret(1), label: "systemd")).id
        let recovery = try store.addSlot(.recovery(label: "paper"))
        let passphrase = try store.addSlot(.passphrase(bytes("correct horse"), label: "me")).id
        let dropped = try store.addSlot(.keyFile(Self.secret(3), label: "lost")).id
        let token = Array("sk-never-stored-readable".utf8)
        let hash = token.withUnsafeBytes { bytes in (try? store.tokenHasher())?.hash(bytes, .apiKey) }
        let before = store.monitor.locked { store.state.header }
        let oldRoot = try before.slots[0].unwrap(storeID: before.storeID, secret: Fixture.key.bytes)
        let drawn = try store.changeRoot(
            keeping: [
                .init(id: passphrase, secret: .present(.passphrase(bytes("correct horse")))), Self.key,
                .init(id: credential, secret: .present(.credential(Self.secret(1)))), .init(id: recovery.id, secret: .drawnAnew),
            ], dropping: [dropped])
        #expect(drawn.map(\.id) == [recovery.id] && drawn[0].recoveryKey != recovery.recoveryKey)
        #expect(store.slots().map(\.id) == [1, credential, recovery.id, passphrase])
        #expect(store.slots().map(\.label) == ["key", "systemd", "paper", "me"])
        #expect(try store.look("a") == .text("one", 1))
        // Another root, another header; the old one does not vouch for it.
        let after = store.monitor.locked { store.state.header }
        let newRoot = try after.slots[0].unwrap(storeID: after.storeID, secret: Fixture.key.bytes)
        #expect(newRoot.copy != oldRoot.copy && Set(after.slots.map(\.wrapped)).isDisjoint(with: before.slots.map(\.wrapped)))
        #expect(code { try after.authenticate(root: oldRoot) } == .damaged)
        #expect(code { try after.openKeyring(root: oldRoot) } == .damaged)
        for reopened in [false, true] {
            if reopened { try fixture.reopen() }
            let store = fixture.store
            #expect(token.withUnsafeBytes { bytes in (try? store.tokenHasher())?.hash(bytes, .apiKey) } == hash)
            for (secret, id) in [
                (SlotSecret.keyFile(Fixture.key), UInt32(1)), (.credential(Self.secret(1)), credential),
                (.recoveryKey(bytes(drawn[0].recoveryKey)), recovery.id), (.passphrase(bytes("correct horse")), passphrase),
            ] {
                store.lock()
                #expect(try store.unlock(secret) == id)
                #expect(try store.look("a") == .text("one", 1))
            }
            #expect(code { try store.unlock(.keyFile(Self.secret(3))) } == .unlockFailed)
            #expect(code { try store.unlock(.recoveryKey(bytes(recovery.recoveryKey ?? ""))) } == .unlockFailed)
            try store.set("b-\(reopened)", "written under the new root")
        }
        _ = try fixture.store.addSlot(.credential(Self.secret(9), label: "later"))
        fixture.store.lock()
        #expect(try fixture.store.unlock(.credential(Self.secret(9))) > 0)
        try Scan.check(fixture)
    }

    @Test("all or nothing: whatever is wrong with the lists or a secret changes no byte of the header")
    func refused() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let second = try store.addSlot(.keyFile(Self.secret(2), label: "")).id
        let paper = try store.addSlot(.recovery(label: "paper"))
        let before = store.monitor.locked { store.state.header.slots }
        let other = KeptSlot(id: second, secret: .present(.keyFile(Self.secret(2))))
        let drawn = KeptSlot(id: paper.id, secret: .drawnAnew)
        for (kept, dropped, expected) in [
            ([Self.key], [], StoreError.Code.conflict), ([Self.key], [second], .conflict), ([Self.key, other], [second, paper.id], .invalidArgument),
            ([Self.key, Self.key, other], [paper.id], .invalidArgument), ([Self.key, other, drawn], [9], .notFound), ([], [1, second, paper.id], .lastSlot),
            ([drawn], [1, second], .lastSlot),
            ([.init(id: 1, secret: .present(.keyFile(Self.secret(2)))), other], [paper.id], .unlockFailed),
            ([.init(id: 1, secret: .present(.credential(Fixture.key))), other], [paper.id], .invalidArgument),
            ([.init(id: 1, secret: .drawnAnew), other], [paper.id], .invalidArgument),
            ([.init(id: 1, secret: .present(.keyFile(SecretBuffer([1]))))], [second, paper.id], .unlockFailed),
            ([Self.key, other, .init(id: paper.id, secret: .present(.recoveryKey(bytes(paper.recoveryKey ?? ""))))], [], .invalidArgument),
        ] {
            #expect(code { try store.changeRoot(keeping: kept, dropping: dropped) } == expected)
        }
        #expect(store.monitor.locked { store.state.header.slots } == before)
        store.lock()
        #expect(code { try store.changeRoot(keeping: [Self.key, other], dropping: [paper.id]) } == .locked)
        #expect(try store.unlock(.keyFile(Self.secret(2))) == second)
    }

    @Test("a new root in the middle of a change of the record keys")
    func duringRekey() throws {
        let fixture = try Fixture { $0.rekey.recordsPerSecond = 0 }
        try fixture.fillEverywhere(60)
        fixture.store.rekeyer.waitUntilResting()
        try fixture.store.administer { (core) throws(StoreError) in try core.beginRekey() }
        _ = try fixture.slices(2)
        _ = try fixture.store.changeRoot(keeping: [Self.key], dropping: [])
        fixture.store.rekeyer.wake()
        fixture.store.rekeyer.waitUntilResting()
        #expect(try fixture.recordKeys == [7])
        try fixture.reopen()
        #expect(try fixture.store.look("name-3") == .text("second 3", 2))
        try Scan.check(fixture)
    }
}

@Suite("New secrets for slots, and rehearsals")
struct SlotRotationTests {
    private static func secret(_ seed: UInt8) -> SecretBuffer { SecretBuffer([UInt8](repeating: seed, count: 32)) }

    @Test("each kind: the new secret opens, the old one does not, the rest of the slot and all others stay")
    func rotate() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let credential = try store.addSlot(.credential(Self.secret(1), label: "systemd")).id
        let recovery = try store.addSlot(.recovery(label: "paper"))
        let passphrase = try store.addSlot(.passphrase(bytes("old words"), label: "me")).id
        fixture.clock.advance(5_000)
        #expect(try store.rotateSlot(1, to: .keyFile(Self.secret(8))) == nil)
        #expect(try store.rotateSlot(credential, to: .credential(Self.secret(9))) == nil)
        #expect(try store.rotateSlot(passphrase, to: .passphrase(bytes("new words"))) == nil)
        let drawn = try #require(try store.rotateSlot(recovery.id, to: .recovery))
        #expect(store.slots().map(\.id) == [1, credential, recovery.id, passphrase])
        #expect(store.slots().map(\.label) == ["key", "systemd", "paper", "me"])
        #expect(store.slots().allSatisfy { $0.created == fixture.clock.now })
        try fixture.whileClosed {}
        for (old, new, id) in [
            (SlotSecret.keyFile(Fixture.key), SlotSecret.keyFile(Self.secret(8)), UInt32(1)),
            (.credential(Self.secret(1)), .credential(Self.secret(9)), credential),
            (.recoveryKey(bytes(recovery.recoveryKey ?? "")), .recoveryKey(bytes(drawn)), recovery.id),
            (.passphrase(bytes("old words")), .passphrase(bytes("new words")), passphrase),
        ] {
            #expect(code { try fixture.store.rehearse(old) } == .unlockFailed)
            #expect(try fixture.store.rehearse(new) == id && fixture.store.rehearse(new, slot: id) == id)
            #expect(fixture.store.isLocked)
            #expect(code { try fixture.store.unlock(old) } == .unlockFailed)
            #expect(try fixture.store.unlock(new) == id)
            #expect(code { try fixture.store.rehearse(old) } == .unlockFailed)
            fixture.store.lock()
        }
    }

    @Test("what cannot be rotated changes nothing")
    func refused() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let paper = try store.addSlot(.recovery(label: "")).id
        #expect(code { try store.rotateSlot(9, to: .recovery) } == .notFound)
        #expect(code { try store.rotateSlot(1, to: .credential(Self.secret(2))) } == .invalidArgument)
        #expect(code { try store.rotateSlot(1, to: .keyFile(SecretBuffer([1, 2]))) } == .invalidArgument)
        #expect(code { try store.rotateSlot(1, to: .passphrase(bytes(""))) } == .invalidArgument)
        try store.removeSlot(1)
        #expect(code { try store.rotateSlot(paper, to: .recovery) } == .lastSlot)
        store.lock()
        #expect(code { try store.rotateSlot(paper, to: .recovery) } == .locked)
    }

    @Test("a rehearsal names the slot that was asked for, or why it cannot be")
    func rehearse() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let second = try store.addSlot(.keyFile(Self.secret(2), label: "")).id
        #expect(try store.rehearse(.keyFile(Self.secret(2))) == second)
        #expect(code { try store.rehearse(.keyFile(Self.secret(2)), slot: 1) } == .unlockFailed)
        #expect(code { try store.rehearse(.keyFile(Self.secret(2)), slot: 9) } == .notFound)
        #expect(code { try store.rehearse(.passphrase(bytes("x")), slot: 1) } == .invalidArgument)
        #expect(code { try store.rehearse(.passphrase(bytes("x"))) } == .unlockFailed)
        #expect(code { try store.rehearse(.keyFile(SecretBuffer([1]))) } == .unlockFailed)
        #expect(code { try store.rehearse(.recoveryKey(bytes("no such key"))) } == .unlockFailed)
        #expect(!store.isLocked && store.slots().map(\.inUse) == [true, false])
    }
}
