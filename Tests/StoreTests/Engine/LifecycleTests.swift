import Glibc
import Synchronization
import Testing

@testable import CofferStore

@Suite("Opening, locking, closing")
struct LifecycleTests {
    @Test("close answers what was submitted, also the first new names after unlocking")
    func closeFinishes() throws {
        for _ in 0..<20 {
            let fixture = try Fixture()
            let answers = Collected<Receipt>()
            for number in 0..<40 {
                fixture.store.submit(Batch(principal: "", mutations: [mutation(put: "n\(number)", "x")])) { answers.add($0) }
            }
            fixture.store.close()
            #expect(try answers.wait(40).map(\.revision) == Array(1...40))
            #expect(code { try fixture.store.set("late", "x") } == .failed)
            #expect(code { try fixture.store.names() } == .failed)
            #expect(code { try fixture.store.makeReader() } == .failed)
            #expect(fixture.store.statistics().secrets == 0)
            fixture.store.close()
            try fixture.reopen()
            #expect(try fixture.store.names().count == 40)
        }
    }

    @Test("a reader that outlives the store answers locked; the folder is free once it is gone")
    func liveReaders() throws {
        let fixture = try Fixture()
        try fixture.store.set("a", "1")
        var reader: StoreReader? = try fixture.store.makeReader()
        var inside: StoreReader? = try fixture.store.makeReader()
        try inside?.begin()
        fixture.store.close()
        #expect(code { try reader?.begin() } == .locked)
        inside?.applyPending()
        #expect(inside?.look(name("a"), now: 0) == .failure(.locked))
        #expect(code { _ = try Store.open(at: fixture.folder.store, options: fixture.options) } == .inUse)
        reader = nil
        inside = nil
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("1", 1))
    }

    @Test("a closed store is released, and so is one that was never closed nor unlocked")
    func released() throws {
        let folder = Folder()
        let options = Fixture.options(ManualClock())
        try Store.create(at: folder.store, slot: .keyFile(Fixture.key, label: ""), options: options)
        weak var closed: Store?
        weak var left: Store?
        do {
            let store = try Store.open(at: folder.store, options: options)
            closed = store
            try store.unlock(.keyFile(Fixture.key))
            try store.set("a", "1")
            _ = try store.names()
            store.lock()
            try store.unlock(.keyFile(Fixture.key))
            store.close()
        }
        #expect(closed == nil)
        do {
            let store = try Store.open(at: folder.store, options: options)
            left = store
            #expect(store.isLocked)
        }
        #expect(left == nil)
        let again = try Store.open(at: folder.store, options: options)
        again.close()
    }

    @Test("lock takes the keys from readers, writer and worker; unlocking again works; waiting changes answer locked")
    func lock() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let reader = try store.makeReader()
        for round in 0..<20 {
            try store.set("a", "\(round)")
            try reader.begin()
            #expect(reader.look(name("a"), now: 0) == .text("\(round)", UInt64(round + 1)))
            reader.end()
            let index = store.statistics().indexEntries
            #expect(index == 1)
            weak let keys = store.monitor.locked { store.state.keys }
            #expect(keys != nil)
            store.lock()
            #expect(store.isLocked && store.incarnation == [UInt8](repeating: 0, count: 16))
            #expect(code { try reader.begin() } == .locked)
            #expect(reader.look(name("a"), now: 0) == .failure(.locked))
            #expect(store.statistics().indexEntries == 0)
            #expect(code { try store.set("a", "x") } == .locked)
            #expect(code { try store.names() } == .locked)
            // Nobody holds the keys any more: they are wiped.
            #expect(keys == nil)
            try store.unlock(.keyFile(Fixture.key))
            #expect(try store.names() == ["a"])
        }
    }

    @Test("lock, unlock, writes, reads and lists from many threads at once")
    func storm() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let unexpected = Mutex<[String]>([])
        let written = Mutex<UInt64>(0)
        onThreads(8) { number in
            for round in 0..<150 {
                do throws(StoreError) {
                    switch number {
                    case 0: store.lock()
                    case 1, 2: try store.unlock(.keyFile(Fixture.key))
                    case 3, 4:
                        try store.set("name-\(number)-\(round)", "x")
                        written.withLock { $0 += 1 }
                    case 5: _ = try store.names()
                    case 6: _ = try store.look("name-3-\(round)")
                    default: _ = store.statistics()
                    }
                } catch {
                    if error.code != .locked { unexpected.withLock { $0.append(error.description) } }
                }
            }
        }
        #expect(unexpected.withLock { $0 } == [])
        try store.unlock(.keyFile(Fixture.key))
        #expect(store.revision == written.withLock { $0 })
        #expect(try store.names().count == Int(store.revision))
        try Scan.check(fixture)
        try fixture.reopen()
        try Scan.check(fixture)
    }

    @Test("locking and closing from a completion or a listener does not wait for itself")
    func fromTheWriter() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let answers = Collected<Receipt>()
        store.submit(Batch(principal: "", mutations: [mutation(put: "a", "1")])) {
            store.lock()
            answers.add($0)
        }
        #expect(try answers.wait(1)[0].revision == 1)
        #expect(store.isLocked)
        try store.unlock(.keyFile(Fixture.key))
        #expect(try store.look("a") == .text("1", 1))
    }

    @Test("16 threads put 200 values each; fewer commits than batches, all there")
    func groupCommit() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let revisions = Mutex<Set<UInt64>>([])
        onThreads(16) { number in
            for round in 0..<200 {
                let batch = Batch(principal: "", mutations: [mutation(put: "t\(number)/n\(round % 50)", "\(round)")])
                if let receipt = try? store.commit(batch) { revisions.withLock { _ = $0.insert(receipt.revision) } }
            }
        }
        #expect(revisions.withLock { $0 } == Set(1...3_200))
        #expect(try store.names().count == 16 * 50)
        for number in 0..<16 { #expect(try store.look("t\(number)/n49") == .text("199", 4)) }
        try Scan.check(fixture)
    }

    @Test("in a forked child everything answers forked, and the parent goes on")
    func fork() throws {
        let fixture = try Fixture()
        let store = fixture.store
        try store.set("a", "1")
        let reader = try store.makeReader()
        try reader.begin()
        reader.end()
        let child = forkProcess()
        if child == 0 {
            var failures: Int32 = 0
            if code({ try reader.begin() }) != .forked { failures |= 1 }
            if code({ try store.set("a", "x") }) != .forked { failures |= 2 }
            if code({ try store.names() }) != .forked { failures |= 4 }
            if code({ try store.makeReader() }) != .forked { failures |= 8 }
            if code({ try store.unlock(.keyFile(Fixture.key)) }) != .forked { failures |= 16 }
            store.close()
            _exit(failures)
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        #expect(status == 0)
        try store.set("a", "2")
        #expect(try store.look("a") == .text("2", 2))
    }

    /// Swift hides `fork` because it is no good for most; here it is what is tested.
    private func forkProcess() -> pid_t {
        typealias Fork = @convention(c) () -> pid_t
        guard let symbol = dlsym(nil, "fork") else { return -1 }
        return unsafeBitCast(symbol, to: Fork.self)()
    }
}
