import Foundation
import Glibc
import Testing

@testable import CofferStore

@Suite("Room")
struct RoomTests {
    private static func size(_ fixture: Fixture) -> Int {
        var status = stat()
        stat(fixture.folder.store + "/current/data.mdb", &status)
        return Int(status.st_size)
    }

    private static func put(_ number: Int, _ bytes: Int) -> Mutation {
        .put(NewVersion(name: name("n\(number)"), value: SecretBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes))))
    }

    @Test("at the quota: store-full, deletes and destroys still work, room comes back, the file never grows beyond", arguments: [300, 5_000, 200_000])
    func quota(bytes: Int) throws {
        let quota = 8 << 20
        let fixture = try Fixture { $0.quotaBytes = quota }
        let store = fixture.store
        var written = 0
        var live: [Int] = []
        func fill() throws {
            var batch = 16
            while true {
                let found = code { try store.commit(Batch(principal: "", mutations: (0..<batch).map { Self.put(written + $0, bytes) })) }
                #expect(Self.size(fixture) <= quota)
                if found == nil {
                    live += written..<(written + batch)
                    written += batch
                    continue
                }
                #expect(found == .full)
                if batch == 1 { return }
                batch = 1
            }
        }
        try fill()
        #expect(written * bytes > quota / 5)
        for round in 0..<3 {
            // Each by itself, as people would.
            for _ in 0..<min(60, live.count / 4) {
                let number = live.removeLast()
                #expect(code { try store.run(.delete(name("n\(number)"), version: 0, expected: .any)) } == nil, "round \(round)")
                #expect(code { try store.run(.destroy(name("n\(number)"), version: 0, expected: .any)) } == nil)
            }
            try store.run(.update(name("n0"), SettingsChange(tags: []), expected: .any))
            let before = written
            try fill()
            if bytes > 1_000 { #expect(written > before) }
            #expect(Self.size(fixture) <= quota)
        }
        try Scan.check(fixture)
        try fixture.reopen()
        #expect(Self.size(fixture) <= quota)
        // Who raises the quota may go on.
        try fixture.reopen { $0.quotaBytes = quota * 2 }
        _ = try fixture.store.commit(Batch(principal: "", mutations: [Self.put(written, bytes)]))
    }

    @Test("a quota lowered below the file's size: reads and deletes go on")
    func lowered() throws {
        let fixture = try Fixture()
        for number in 0..<40 { _ = try fixture.store.commit(Batch(principal: "", mutations: [Self.put(number, 200_000)])) }
        try fixture.reopen { $0.quotaBytes = 4 << 20 }
        #expect(code { try fixture.store.run(Self.put(99, 200_000)) } == .full)
        for number in 0..<40 { try fixture.store.run(.destroy(name("n\(number)"), version: 0, expected: .any)) }
        // The file does not shrink, but what it holds is below the quota again.
        try fixture.store.run(Self.put(99, 200_000))
        try Scan.check(fixture)
    }

    @Test("a full map: of a group each batch answers for itself, and later small ones work")
    func mapFull() throws {
        let fixture = try Fixture { $0.mapBytes = 1 << 20 }
        let store = fixture.store
        try store.set("a", "1")
        let before = try Scan.take(fixture)
        let answers = Collected<Receipt>()
        // Held up behind a slow one, so that they come as one group.
        for number in 0..<6 {
            let large = number % 2 == 0
            store.submit(Batch(principal: "", mutations: large ? [Self.put(number, 1_000_000)] : [mutation(put: "small-\(number)", "x")])) { answers.add($0) }
        }
        let results = answers.results(6)
        let failures = results.compactMap { result -> StoreError.Code? in if case .failure(let error) = result { error.code } else { nil } }
        #expect(failures == [.full, .full, .full])
        #expect(store.revision == before.revision + 3)
        #expect(try store.names() == ["a", "small-1", "small-3", "small-5"])
        try Scan.check(fixture)
        #expect(code { try store.run(Self.put(1, 1_000_000)) } == .full)
        for number in 0..<20 { try store.set("later-\(number)", "x") }
        #expect(try store.names().count == 24)
        try fixture.reopen()
        #expect(try fixture.store.names().count == 24)
        try Scan.check(fixture)
    }

    @Test("nothing of an aborted transaction is seen by readers, lists or the next commit")
    func abortLeavesNothing() throws {
        let fixture = try Fixture { $0.mapBytes = 1 << 20 }
        let store = fixture.store
        let recorder = Recorder()
        store.addListener(recorder)
        let reader = try store.makeReader()
        for round in 0..<10 {
            let text = "round-\(round)"
            try store.set(text, "old")
            try reader.begin()
            #expect(reader.look(name(text), now: 0) == .text("old", 1))
            reader.end()
            let heard = recorder.changes.count
            // Names, a new value of a known name, and then too much.
            #expect(code {
                try store.run(mutation(put: "never-\(round)", "x"), mutation(put: text, "new"), .delete(name("round-0"), version: 0, expected: .any), Self.put(round, 600_000),
                    Self.put(round + 1, 600_000))
            } == .full)
            #expect(recorder.changes.count == heard)
            try reader.begin()
            #expect(reader.look(name(text), now: 0) == .text("old", 1))
            #expect(reader.look(name("never-\(round)"), now: 0) == .missing)
            reader.end()
            #expect(try store.names() == (0...round).map { "round-\($0)" })
        }
        #expect(store.revision == 10)
        try Scan.check(fixture)
    }

    @Test("100,000 entries in one batch")
    func largeBatch() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let reader = try store.makeReader()
        let value = bytes("the same for all")
        let time = try ContinuousClock().measure {
            let receipt = try store.commit(Batch(
                principal: "import",
                mutations: (0..<100_000).map { .put(NewVersion(name: name("import/\($0 % 100)/entry-\($0)"), value: value)) }))
            #expect(receipt.revision == 1 && receipt.results.count == 100_000)
        }
        print("100,000 entries in one batch: \(time)")
        try reader.begin()
        #expect(reader.look(name("import/99/entry-99999"), now: 0) == .text("the same for all", 1))
        reader.end()
        #expect(store.statistics().secrets == 100_000)
        #expect(try store.names("import/7/").count == 1_000)
    }
}
