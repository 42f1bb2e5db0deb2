import Testing

@testable import CofferStore

@Suite("Versions")
struct VersionTests {
    @Test("put, get, new versions, old ones by number")
    func putAndGet() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(try store.look("a/b") == .missing)
        let first = try store.run(mutation(put: "a/b", "one"))
        #expect(first == Receipt(revision: 1, results: [.init(effect: .created, version: 1)]))
        let second = try store.run(mutation(put: "a/b", "two"))
        #expect(second == Receipt(revision: 2, results: [.init(effect: .changed, version: 2)]))
        #expect(try store.look("a/b") == .text("two", 2))
        #expect(try store.look("a/b", version: 1) == .text("one", 1))
        #expect(try store.look("a/b", version: 3) == .versionNotFound)
        try fixture.reopen()
        #expect(try fixture.store.look("a/b") == .text("two", 2))
        #expect(fixture.store.revision == 2)
    }

    @Test("put without activating, then activate")
    func activate() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(mutation(put: "a", "one", activate: false))
        #expect(try store.look("a") == .versionNotFound)
        #expect(try store.look("a", version: 1) == .text("one", 1))
        try store.run(.activate(name("a"), version: 1, expected: .exactly(0)))
        #expect(try store.look("a") == .text("one", 1))
        try store.run(mutation(put: "a", "two", activate: false))
        #expect(try store.look("a") == .text("one", 1))
        #expect(code { try store.run(.activate(name("a"), version: 2, expected: .exactly(2))) } == .conflict)
        #expect(code { try store.run(.activate(name("a"), version: 9, expected: .any)) } == .versionNotFound)
        let receipt = try store.run(.activate(name("a"), version: 2, expected: .exactly(1)))
        #expect(receipt.results == [.init(effect: .changed, version: 2)])
        let again = try store.run(.activate(name("a"), version: 2, expected: .any))
        #expect(again.results == [.init(effect: .unchanged, version: 2)])
        #expect(again.revision == receipt.revision)
        #expect(code { try store.run(.activate(name("b"), version: 1, expected: .any)) } == .notFound)
    }

    @Test("compare and set")
    func compareAndSet() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(mutation(put: "a", "one", expected: .exactly(0)))
        #expect(code { try store.run(mutation(put: "a", "x", expected: .exactly(0))) } == .conflict)
        #expect(code { try store.run(mutation(put: "a", "x", expected: .exactly(2))) } == .conflict)
        try store.run(mutation(put: "a", "two", expected: .exactly(1, incarnation: store.incarnation)))
        let other = [UInt8](repeating: 9, count: 16)
        #expect(code { try store.run(mutation(put: "a", "x", expected: .exactly(2, incarnation: other))) } == .resync)
        #expect(code { try store.run(.delete(name("a"), version: 0, expected: .exactly(1))) } == .conflict)
        try store.run(.delete(name("a"), version: 0, expected: .exactly(2)))
        // A deleted name has no live version: 0 is expected, as of one that never was.
        #expect(code { try store.run(mutation(put: "a", "x", expected: .exactly(2))) } == .conflict)
        #expect(code { try store.run(.undelete(name("a"), version: 0, expected: .exactly(1))) } == .conflict)
        try store.run(.undelete(name("a"), version: 0, expected: .exactly(2)))
        try store.run(.delete(name("a"), version: 0, expected: .any))
        #expect(try store.run(mutation(put: "a", "three", expected: .exactly(0))).results[0].version == 3)
        #expect(code { try store.run(.destroy(name("a"), version: 0, expected: .exactly(2))) } == .conflict)
        try store.run(.destroy(name("a"), version: 0, expected: .exactly(3)))
        #expect(try store.run(mutation(put: "a", "four", expected: .exactly(0))).results[0].version == 4)
    }

    @Test("numbers never repeat, whatever is deleted and destroyed")
    func numbersNeverRepeat() throws {
        let fixture = try Fixture()
        var seen: Set<UInt64> = []
        for round in 0..<30 {
            let store = fixture.store
            let version = try store.set("a", "value \(round)")
            #expect(seen.insert(version).inserted)
            switch round % 4 {
            case 0: try store.run(.destroy(name("a"), version: version, expected: .any))
            case 1: try store.run(.destroy(name("a"), version: 0, expected: .any))
            case 2: try store.run(.delete(name("a"), version: 0, expected: .any))
            default: break
            }
            if round % 7 == 0 { try fixture.reopen() }
        }
        #expect(seen == Set(1...30))
    }

    @Test("keep-last destroys the oldest, never the active or the latest")
    func keepLast() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.run(.put(NewVersion(name: name("a"), value: bytes("1"), settings: SettingsChange(keepLast: 3))))
        for number in 2...8 { try store.run(mutation(put: "a", "\(number)", activate: false)) }
        let info = try #require(try store.info("a"))
        #expect(info.versions.filter { $0.state == .live }.map(\.version) == [1, 7, 8])
        #expect(info.versions.map(\.version) == Array(1...8))
        #expect(try store.look("a") == .text("1", 1))
        #expect(try store.look("a", version: 5) == .versionNotFound)
        #expect(code { try store.run(.activate(name("a"), version: 5, expected: .any)) } == .versionNotFound)
        try store.run(.update(name("a"), SettingsChange(keepLast: 1), expected: .any))
        #expect(try store.info("a")?.versions.filter { $0.state == .live }.map(\.version) == [1, 8])
        for number in 9...30 { try store.set("a", "\(number)") }
        // Destroyed ones stay listed among the last ten.
        #expect(try store.info("a")?.versions.map(\.version) == Array(21...30))
        #expect(try store.look("a") == .text("30", 30))
        #expect(try #require(try store.info("a")?.versions.first).size == 0)
    }

    @Test("default keep-last is ten")
    func defaultKeepLast() throws {
        let fixture = try Fixture()
        for number in 1...25 { try fixture.store.set("a", "\(number)") }
        let info = try #require(try fixture.store.info("a"))
        #expect(info.keepLast == 10)
        #expect(info.versions.map(\.version) == Array(16...25))
        #expect(info.versions.allSatisfy { $0.state == .live })
    }
}
