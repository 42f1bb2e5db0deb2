import Testing

@testable import CofferStore

@Suite("The simple interface")
struct SimpleTests {
    private static func text(_ value: SecretBuffer) -> String { withExtendedLifetime(value) { String(decoding: value.bytes, as: UTF8.self) } }

    @Test("put, get, list, delete")
    func basics() throws {
        let fixture = try Fixture()
        let store = fixture.store
        #expect(try store.put("db/password", value: Array("one".utf8)) == 1)
        #expect(try store.put("db/password", value: Array("two".utf8)) == 2)
        #expect(Self.text(try store.get("db/password")) == "two")
        try store.put("db/user", value: [])
        #expect(try store.get("db/user").count == 0)
        let large = [UInt8](repeating: 7, count: 1_048_576)
        try store.put("large", value: large)
        for _ in 0..<2 {
            let value = try store.get("large")
            #expect(value.count == large.count && Array(value.bytes) == large)
        }
        #expect(try store.list() == [name("db/password"), name("db/user"), name("large")])
        #expect(try store.list(prefix: "db/") == [name("db/password"), name("db/user")])
        try store.delete("db/password")
        #expect(code { try store.get("db/password") } == .deleted)
        #expect(try store.list(prefix: "db/") == [name("db/user")])
        #expect(code { try store.get("nothing") } == .notFound)
        #expect(code { try store.get("db/user", tenant: 2) } == .notFound)
        #expect(code { try store.delete("nothing") } == .notFound)
        for bad in ["", "/a", "a//b", "*", "\u{7}"] {
            #expect(code { try store.put(bad, value: []) } == .invalidName)
            #expect(code { try store.get(bad) } == .invalidName)
        }
        #expect(code { try store.put("a", value: large + [1]) } == .invalidArgument)
        #expect(try store.info("db/user")?.versions[0].createdBy == "embedded")
    }

    @Test("lock, unlock, close; many names; from many threads")
    func threads() throws {
        let fixture = try Fixture()
        let store = fixture.store
        onThreads(4) { number in
            for round in 0..<300 {
                _ = try? store.put("t\(number)/n\(round)", value: Array("\(round)".utf8))
                if let value = try? store.get("t\(number)/n\(round)"), Self.text(value) == "\(round)" { continue }
                Issue.record("t\(number)/n\(round) is not what was put")
            }
        }
        #expect(try store.list().count == 1_200)
        weak let keys = store.monitor.locked { store.state.keys }
        store.lock()
        #expect(code { try store.get("t0/n0") } == .locked)
        #expect(code { try store.put("t0/n0", value: []) } == .locked)
        #expect(code { try store.list() } == .locked)
        // The worker has answered, so it has let go as well.
        #expect(keys == nil)
        try store.unlock(.keyFile(Fixture.key))
        #expect(Self.text(try store.get("t0/n0")) == "0")
        store.close()
        #expect(code { try store.get("t0/n0") } == .locked || code { try store.get("t0/n0") } == .failed)
        try fixture.reopen()
        #expect(Self.text(try fixture.store.get("t3/n299")) == "299")
    }
}
