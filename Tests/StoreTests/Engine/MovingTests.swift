import Foundation
import Glibc
import Synchronization
import Testing

@testable import CofferStore

@Suite("Generations and opening again", .serialized)
struct MovingTests {
    /// A copy of the present generation in its place, as a restore would put another one.
    private static func switchGeneration(_ store: Store) throws(StoreError) {
        nonisolated(unsafe) var failure: StoreError?
        try store.writer().administer { core in
            do throws(StoreError) {
                let generation = try store.folder.beginGeneration()
                try core.environment.copy(to: store.folder.unfinishedFolder(of: generation))
                try store.folder.finish(generation)
                guard let keys = core.keys, let head = core.head else { throw StoreError(.locked, "") }
                try core.install(generation, keys: keys, head: head)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Of this test's store: other tests run beside it.
    private static func descriptors(_ fixture: Fixture) -> Int {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return all.count { descriptor in
            let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + descriptor)
            return file?.hasPrefix(fixture.folder.store) ?? false
        }
    }

    private static func folders(_ fixture: Fixture) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: fixture.folder.store).filter { $0.hasPrefix("gen-") }.sorted()
    }

    @Test("readers on several threads during 100 switches: no wrong answer, old environments close, no descriptor stays")
    func switches() throws {
        let fixture = try Fixture()
        let store = fixture.store
        for number in 0..<200 { try store.set("fixed/\(number)", "value \(number)") }
        try store.set("counter", "0")
        _ = try store.names()
        var idle: StoreReader? = try store.makeReader()
        try idle?.begin()
        idle?.end()
        let before = Self.descriptors(fixture)
        let acknowledged = Atomic<Int>(0)
        let stop = Atomic<Bool>(false)
        let wrong = Mutex<[String]>([])
        let reads = Atomic<Int>(0)
        weak let first = store.environment
        onThreads(5) { thread in
            if thread == 4 {
                defer { stop.store(true, ordering: .releasing) }
                for round in 1...100 {
                    do throws(StoreError) {
                        try Self.switchGeneration(store)
                        try store.set("counter", "\(round)")
                        acknowledged.store(round, ordering: .releasing)
                        if round % 10 == 0, try store.names("fixed/").count != 200 { wrong.withLock { $0.append("list in round \(round)") } }
                    } catch { wrong.withLock { $0.append("round \(round): \(error)") } }
                }
                return
            }
            do {
                let reader = try store.makeReader(indexed: thread % 2 == 0)
                var number = thread
                while !stop.load(ordering: .acquiring) {
                    let least = acknowledged.load(ordering: .acquiring)
                    try reader.refresh()
                    number = (number + 7) % 200
                    let fixed = reader.look(name("fixed/\(number)"), now: fixture.clock.now)
                    if fixed != .text("value \(number)", 1) { wrong.withLock { $0.append("\(fixed)") } }
                    guard case .value(let bytes, _) = reader.look(name("counter"), now: fixture.clock.now),
                        let counter = Int(String(decoding: bytes, as: UTF8.self)), counter >= least
                    else {
                        wrong.withLock { $0.append("counter below \(least)") }
                        break
                    }
                    reads.wrappingAdd(1, ordering: .relaxed)
                    if number % 3 == 0 { reader.end() }
                    // The writer and the tests beside this one need the cores as well.
                    usleep(100)
                }
                reader.end()
            } catch { wrong.withLock { $0.append("\(error)") } }
        }
        #expect(wrong.withLock { Array($0.prefix(5)) } == [])
        #expect(reads.load(ordering: .relaxed) > 100)
        #expect(first?.isClosed != false)
        #expect(before > 0)
        // The counter file is open for the moments in which it is written.
        for _ in 0..<500 where Self.descriptors(fixture) > before { usleep(10_000) }
        #expect(Self.descriptors(fixture) <= before)
        try idle?.begin()
        #expect(idle?.look(name("counter"), now: 0) == .text("100", 101))
        idle = nil
        _ = try store.names()
        #expect(try Self.folders(fixture) == ["gen-000101"])
        try Scan.check(fixture)
        try fixture.reopen()
        #expect(try fixture.store.look("counter") == .text("100", 101))
    }

    @Test("a reader inside the old generation reads it until it begins again; only then does it close")
    func inside() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        let reader = try store.makeReader(indexed: false)
        try reader.begin()
        weak let old = store.environment
        try Self.switchGeneration(store)
        try store.set("a", "2")
        #expect(reader.look(name("a"), now: 0) == .text("1", 1))
        #expect(old?.isClosed == false)
        try reader.begin()
        #expect(reader.look(name("a"), now: 0) == .text("2", 2))
        reader.end()
        #expect(old?.isClosed != false)
    }

    @Test("generations are kept as asked for, and the next open clears what a killed restore left")
    func kept() throws {
        let fixture = try Fixture { $0.keepGenerations = 2 }
        for _ in 0..<4 { try Self.switchGeneration(fixture.store) }
        _ = try fixture.store.names()
        #expect(try Self.folders(fixture) == ["gen-000003", "gen-000004", "gen-000005"])
        #expect(fixture.store.keptGenerations() == ["gen-000003", "gen-000004"])
        let unfinished = try fixture.store.folder.beginGeneration()
        let unused = try fixture.store.folder.beginGeneration()
        try fixture.store.folder.finish(unused)
        #expect(unfinished.name == "gen-000006" && unused.name == "gen-000007")
        try fixture.reopen { $0.keepGenerations = 0 }
        _ = try fixture.store.names()
        #expect(try Self.folders(fixture) == ["gen-000005"])
        #expect(fixture.store.keptGenerations() == [])
    }

    /// Makes writes through one of the environment's two descriptors of the data file fail.
    private static func breakDescriptor(_ fixture: Fixture, meta: Bool) throws {
        let environment = fixture.store.environment
        let main = environment.descriptor
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(main)")
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
        let others = all.filter { $0 != main && (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path }
        let broken = open(path, O_RDONLY)
        defer { close(broken) }
        for descriptor in meta ? others : [main] { try #require(dup2(broken, descriptor) >= 0) }
        try #require(!others.isEmpty)
    }

    @Test("after a failed write of the meta page: outcome unknown, then it goes on without a restart", arguments: [true, false])
    func failedWrite(meta: Bool) throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        _ = try store.names()
        var readers = try (0..<3).map { _ in try store.makeReader() }
        for reader in readers {
            try reader.begin()
            #expect(reader.look(name("a"), now: 0) == .text("1", 1))
        }
        readers[0].end()
        readers[1].end()
        // The third stays inside for a moment.
        nonisolated(unsafe) var entered: StoreReader? = readers[2]
        let leaving = try WorkerThread(name: "leaving") {
            usleep(50_000)
            entered?.end()
            entered = nil
        }
        try Self.breakDescriptor(fixture, meta: meta)
        #expect(code { try store.set("a", "2") } == (meta ? .outcomeUnknown : .failed))
        leaving.joinUnlessCurrent()
        let version = try store.set("b", "3")
        #expect(version == 1 && store.readOnlyReason == nil)
        for reader in readers {
            try reader.begin()
            #expect(reader.look(name("a"), now: 0) == .text("1", 1))
            #expect(reader.look(name("b"), now: 0) == .text("3", 1))
            reader.end()
        }
        #expect(try store.names() == ["a", "b"])
        try Scan.check(fixture)
        readers = []
        try fixture.reopen()
        #expect(try fixture.store.look("b") == .text("3", 1))
    }

    @Test("a reader that does not leave: read-only, reads go on, and it opens again when it has left")
    func readerStays() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        let reader = try store.makeReader()
        try reader.begin()
        try Self.breakDescriptor(fixture, meta: false)
        #expect(code { try store.set("a", "2") } == .failed)
        // Behind the first try, which gives up after two seconds.
        #expect(code { try store.set("a", "2") } == .readOnly)
        #expect(store.readOnlyReason?.contains("readers did not let go") == true)
        #expect(reader.look(name("a"), now: 0) == .text("1", 1))
        reader.end()
        let deadline = Date().addingTimeInterval(20)
        while store.readOnlyReason != nil && Date() < deadline { usleep(20_000) }
        try store.set("a", "2")
        #expect(try store.look("a") == .text("2", 2))
        try Scan.check(fixture)
    }
}
