import Testing

@testable import CofferStore

@Suite("Deletion, expiry and time")
struct DeletionTests {
    private static func states(_ store: Store, _ text: String) throws -> [SecretInfo.VersionState] {
        try #require(try store.info(text)).versions.map(\.state)
    }

    @Test("a whole name is deleted and comes back as it was")
    func wholeName() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(.put(NewVersion(
            name: name("a"), value: bytes("1"), settings: SettingsChange(metadata: [("k", "v")], tags: ["t"], keepLast: 5))))
        try store.set("a", "2")
        try store.run(.delete(name("a"), version: 1, expected: .any))
        try store.run(.delete(name("a"), version: 0, expected: .any))
        #expect(try store.look("a") == .deleted)
        #expect(try store.look("a", version: 2) == .deleted)
        #expect(try store.info("a")?.deleted == true)
        #expect(try store.names() == [])
        #expect(try store.names(includeDeleted: true) == ["a"])
        #expect(try store.run(.delete(name("a"), version: 0, expected: .any)).results == [.init(effect: .unchanged, version: 0)])
        #expect(code { try store.run(.delete(name("a"), version: 2, expected: .any)) } == .deleted)
        #expect(code { try store.run(.undelete(name("a"), version: 1, expected: .any)) } == .deleted)
        #expect(code { try store.run(.activate(name("a"), version: 2, expected: .any)) } == .deleted)
        #expect(code { try store.run(.update(name("a"), SettingsChange(tags: []), expected: .any)) } == .deleted)
        try fixture.reopen()
        try fixture.store.run(.undelete(name("a"), version: 0, expected: .any))
        #expect(try fixture.store.look("a") == .text("2", 2))
        #expect(try fixture.store.look("a", version: 1) == .deleted)
        let info = try #require(try fixture.store.info("a"))
        #expect(info.tags == ["t"] && info.metadata.map(\.key) == ["k"] && info.keepLast == 5 && !info.deleted)
        #expect(try fixture.store.names() == ["a"])
    }

    @Test("one version is deleted, comes back, is destroyed")
    func oneVersion() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        try store.set("a", "2")
        try store.run(.delete(name("a"), version: 2, expected: .any))
        #expect(try store.look("a") == .deleted)
        #expect(try store.look("a", version: 1) == .text("1", 1))
        #expect(code { try store.run(.activate(name("a"), version: 2, expected: .any)) } == .deleted)
        try store.run(.undelete(name("a"), version: 2, expected: .exactly(2)))
        #expect(try store.look("a") == .text("2", 2))
        try store.run(.destroy(name("a"), version: 2, expected: .any))
        #expect(try store.look("a") == .versionNotFound)
        #expect(try store.run(.destroy(name("a"), version: 2, expected: .any)).results[0].effect == .unchanged)
        #expect(code { try store.run(.undelete(name("a"), version: 2, expected: .any)) } == .versionNotFound)
        #expect(code { try store.run(.delete(name("a"), version: 2, expected: .any)) } == .versionNotFound)
        #expect(code { try store.run(.destroy(name("a"), version: 7, expected: .any)) } == .versionNotFound)
        #expect(try Self.states(store, "a") == [.live, .destroyed])
        #expect(try store.info("a")?.activeVersion == 0)
        try store.run(.activate(name("a"), version: 1, expected: .exactly(0)))
        #expect(try store.look("a") == .text("1", 1))
    }

    @Test("a destroyed name leaves only its last number behind")
    func destroyName() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(.put(NewVersion(name: name("a"), value: bytes("1"), settings: SettingsChange(tags: ["t"], keepLast: 2, deleteAfter: 5))))
        try store.set("a", "2")
        try store.run(.delete(name("a"), version: 0, expected: .any))
        try store.run(.destroy(name("a"), version: 0, expected: .any))
        #expect(try store.look("a") == .missing)
        #expect(try store.info("a") == nil)
        #expect(try store.names(includeDeleted: true) == [])
        for change in [
            Mutation.destroy(name("a"), version: 0, expected: .any), .delete(name("a"), version: 0, expected: .any),
            .undelete(name("a"), version: 0, expected: .any), .update(name("a"), SettingsChange(tags: []), expected: .any),
            .activate(name("a"), version: 1, expected: .any),
        ] { #expect(code { try store.run(change) } == .notFound) }
        fixture.clock.advance(10)
        #expect(try store.run(mutation(put: "a", "3", expected: .exactly(0))).results == [.init(effect: .created, version: 3)])
        let info = try #require(try store.info("a"))
        #expect(info.tags == [] && info.keepLast == 10 && info.deleteAfter == 0 && info.versions.map(\.version) == [3])
        #expect(info.created == fixture.clock.now)
    }

    @Test("put on a deleted name: the new version is live, the older stay deleted, also those that would have timed out later")
    func revive() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(.put(NewVersion(name: name("a"), value: bytes("1"), settings: SettingsChange(deleteAfter: 60_000))))
        try store.run(.put(NewVersion(name: name("a"), value: bytes("2"), settings: SettingsChange(tags: ["t"], deleteAfter: 0))))
        try store.run(.delete(name("a"), version: 0, expected: .any))
        #expect(try store.run(mutation(put: "a", "3")).results == [.init(effect: .created, version: 3)])
        #expect(try Self.states(store, "a") == [.deleted, .deleted, .live])
        #expect(try store.look("a") == .text("3", 3))
        #expect(try store.look("a", version: 1) == .deleted)
        #expect(try store.info("a")?.tags == ["t"])
        try store.run(.undelete(name("a"), version: 1, expected: .any))
        #expect(try store.look("a", version: 1) == .text("1", 1))
        fixture.clock.advance(100_000)
        #expect(try store.look("a", version: 1) == .text("1", 1))
        try store.run(.activate(name("a"), version: 1, expected: .exactly(3)))
        #expect(try store.look("a") == .text("1", 1))
        // Revived without activating: nothing is active.
        try store.run(.delete(name("a"), version: 0, expected: .any))
        try store.run(mutation(put: "a", "4", activate: false))
        #expect(try store.look("a") == .versionNotFound)
    }

    @Test("expiry hides a value from get; info says so; the index does not outlive it")
    func expiry() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let clock = fixture.clock
        let reader = try store.makeReader()
        try store.run(.put(NewVersion(name: name("a"), value: bytes("1"), expires: clock.now + 1_000)))
        func look() throws -> Read {
            try reader.begin()
            defer { reader.end() }
            return reader.look(name("a"), now: clock.now)
        }
        for _ in 0..<2 { #expect(try look() == .text("1", 1)) }
        clock.advance(999)
        #expect(try look() == .text("1", 1))
        clock.advance(1)
        for _ in 0..<2 { #expect(try look() == .expired) }
        #expect(try Self.states(store, "a") == [.expired])
        #expect(code { try store.run(.activate(name("a"), version: 1, expected: .any)) } == .expired)
        try store.run(.delete(name("a"), version: 1, expected: .any))
        #expect(try look() != .text("1", 1))
        try store.run(.undelete(name("a"), version: 1, expected: .any))
        #expect(try look() == .expired)
        #expect(code { try store.run(.put(NewVersion(name: name("a"), value: bytes("2"), expires: clock.now))) } == .invalidArgument)
        try store.set("a", "3")
        #expect(try look() == .text("3", 2))
    }

    @Test("delete-after deletes each version that is made from then on; undelete brings it back for good")
    func deleteAfter() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let clock = fixture.clock
        try store.set("a", "1")
        try store.run(.update(name("a"), SettingsChange(deleteAfter: 500), expected: .any))
        try store.set("a", "2")
        var kept: StoreReader? = try store.makeReader()
        func look() throws -> Read {
            let reader = try #require(kept)
            try reader.begin()
            defer { reader.end() }
            return reader.look(name("a"), now: clock.now)
        }
        #expect(try look() == .text("2", 2))
        clock.advance(500)
        for _ in 0..<2 { #expect(try look() == .deleted) }
        #expect(try Self.states(store, "a") == [.live, .deleted])
        try store.run(.undelete(name("a"), version: 2, expected: .any))
        clock.advance(10_000)
        for _ in 0..<2 { #expect(try look() == .text("2", 2)) }
        kept = nil
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("2", 2))
        #expect(try Self.states(fixture.store, "a") == [.live, .live])
    }

    @Test("expiry and delete-after together: undelete does not change the expiry")
    func both() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let clock = fixture.clock
        try store.run(.put(NewVersion(
            name: name("a"), value: bytes("1"), expires: clock.now + 2_000, settings: SettingsChange(deleteAfter: 1_000))))
        clock.advance(1_000)
        #expect(try store.look("a") == .deleted)
        try store.run(.undelete(name("a"), version: 1, expected: .any))
        #expect(try store.look("a") == .text("1", 1))
        clock.advance(1_000)
        #expect(try store.look("a") == .expired)
    }

    @Test("limits of values, metadata, tags and settings")
    func limits() throws {
        let fixture = try Fixture()
        let store = fixture.store
        func put(_ change: (inout NewVersion) -> Void) -> StoreError.Code? {
            var new = NewVersion(name: name("a"), value: bytes("1"))
            change(&new)
            return code { try store.run(.put(new)) }
        }
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }
        let pairs = (0..<64).map { (key: "\($0)" + text(126 - ($0 > 9 ? 0 : 1)), value: text(512)) }
        #expect(put { $0.value = SecretBuffer([UInt8](repeating: 1, count: 1_048_577)) } == .invalidArgument)
        #expect(put { $0.contentType = text(256) } == .invalidArgument)
        #expect(put { $0.settings.metadata = pairs + [(key: "z", value: "")] } == .invalidArgument)
        #expect(put { $0.settings.metadata = [(key: "", value: "")] } == .invalidArgument)
        #expect(put { $0.settings.metadata = [(key: text(129), value: "")] } == .invalidArgument)
        #expect(put { $0.settings.metadata = [(key: "k", value: text(513))] } == .invalidArgument)
        #expect(put { $0.settings.metadata = [(key: "k", value: "1"), (key: "k", value: "2")] } == .invalidArgument)
        #expect(put { $0.settings.tags = (0..<65).map { "\($0)" } } == .invalidArgument)
        #expect(put { $0.settings.tags = [""] } == .invalidArgument)
        #expect(put { $0.settings.tags = [text(129)] } == .invalidArgument)
        #expect(put { $0.settings.tags = ["a", "a"] } == .invalidArgument)
        #expect(put { $0.settings.keepLast = 0 } == .invalidArgument)
        #expect(put { $0.settings.keepLast = 101 } == .invalidArgument)
        #expect(put { $0.settings.deleteAfter = .max } == .invalidArgument)
        #expect(store.revision == 0)
        let largest = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0) }
        #expect(put {
            $0.value = SecretBuffer(largest)
            $0.contentType = text(255)
            $0.settings = SettingsChange(metadata: pairs, tags: (0..<64).map { "\($0 + 10)" + text(126) }, keepLast: 100, deleteAfter: 1 << 40)
        } == nil)
        #expect(put { $0.value = SecretBuffer([UInt8]()) } == nil)
        try fixture.reopen()
        #expect(try fixture.store.look("a", version: 1) == .value(largest, version: 1))
        #expect(try fixture.store.look("a") == .value([], version: 2))
        let info = try #require(try fixture.store.info("a"))
        #expect(info.metadata.map(\.key) == pairs.map(\.key) && info.tags.count == 64 && info.versions[0].contentType == text(255))
        // Strings that look alike are different bytes: not a duplicate, and changing one into the other is a change.
        try fixture.store.run(.update(name("a"), SettingsChange(metadata: [("\u{E9}", "1"), ("e\u{301}", "2")]), expected: .any))
        try fixture.store.run(.update(name("a"), SettingsChange(tags: ["\u{E9}"]), expected: .any))
        #expect(try fixture.store.run(.update(name("a"), SettingsChange(tags: ["e\u{301}"]), expected: .any)).results[0].effect == .changed)
        #expect(try fixture.store.run(.update(name("a"), SettingsChange(tags: ["e\u{301}"]), expected: .any)).results[0].effect == .unchanged)
    }
}
