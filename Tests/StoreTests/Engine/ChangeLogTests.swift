import Synchronization
import Testing

@testable import CofferStore

/// Keeps what a store tells its listeners.
final class Recorder: CommitListener {
    private let kept = Mutex<(changes: [Change], locks: [Bool])>(([], []))
    func committed(_ changes: [Change]) { kept.withLock { $0.changes += changes } }
    func lockChanged(locked: Bool) { kept.withLock { $0.locks.append(locked) } }
    var changes: [Change] { kept.withLock { $0.changes } }
    var locks: [Bool] { kept.withLock { $0.locks } }
}

@Suite("Change log and listeners")
struct ChangeLogTests {
    private static func history(_ store: Store, after: UInt64, limit: Int = 1_000) throws -> ChangeHistory {
        try store.withWorker { (worker) throws(StoreError) in try worker.changes(after: after, limit: limit) }
    }

    @Test("the log says what the listener heard, revision by revision")
    func sameAsListener() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let recorder = Recorder()
        store.addListener(recorder)
        try store.set("a", "1")
        try store.run(mutation(put: "a", "2", activate: false), mutation(put: "b", "1"), .delete(name("b"), version: 0, expected: .any))
        try store.run(.activate(name("a"), version: 2, expected: .any))
        try store.run(.activate(name("a"), version: 2, expected: .any))
        try store.run(.update(name("a"), SettingsChange(tags: ["t"]), expected: .any))
        try store.run(.undelete(name("b"), version: 0, expected: .any), .destroy(name("a"), version: 1, expected: .any))
        try store.run(.putDocument(.policies, DocumentName(Array("p".utf8)), bytes("x"), expected: .any))
        #expect(store.revision == 6)
        guard case .changes(let logged, let upTo, let complete) = try Self.history(store, after: 0) else {
            Issue.record("resync")
            return
        }
        #expect(upTo == 6 && complete)
        #expect(logged == recorder.changes)
        #expect(logged.map(\.revision) == [1, 2, 2, 2, 3, 4, 5, 5, 6])
        #expect(logged.map(\.ordinal) == [0, 0, 1, 2, 0, 0, 0, 1, 0])
        #expect(logged.map(\.lastOfRevision) == [true, false, false, true, true, true, false, true, true])
        #expect(logged.map(\.operation) == [.put, .put, .put, .delete, .activate, .update, .undelete, .destroy, .put])
        #expect(logged.map(\.activeChanged) == [true, false, true, true, true, false, true, false, false])
        guard case .changes(let some, 3, false) = try Self.history(store, after: 1, limit: 4) else {
            Issue.record("the limit was not kept")
            return
        }
        #expect(some == logged.filter { (2...3).contains($0.revision) })
        guard case .changes([], 6, true) = try Self.history(store, after: 6) else {
            Issue.record("nothing is new")
            return
        }
        guard case .resync(6) = try Self.history(store, after: 7) else {
            Issue.record("a revision of the future")
            return
        }
        guard case .resync(6) = try Self.history(store, after: .max) else {
            Issue.record("a revision of the far future")
            return
        }
        store.removeListener(recorder)
        try store.set("a", "unheard")
        #expect(recorder.changes.count == 9)
    }

    @Test("the log is bounded: whoever comes back too late must read anew")
    func bounded() throws {
        let fixture = try Fixture { $0.logRevisions = 10 }
        for number in 0..<50 { try fixture.store.set("a", "\(number)") }
        guard case .changes(let kept, 50, true) = try Self.history(fixture.store, after: 40) else {
            Issue.record("the last ten are kept")
            return
        }
        #expect(kept.map(\.revision) == Array(41...50))
        guard case .resync(50) = try Self.history(fixture.store, after: 39) else {
            Issue.record("the older ones are gone")
            return
        }
        #expect(try Scan.take(fixture).counts[.changeLog] == 10)
        #expect(fixture.store.statistics().logRevisions == 10)
        // A smaller limit is reached little by little.
        try fixture.reopen { $0.logRevisions = 3 }
        for number in 0..<10 { try fixture.store.set("a", "\(number)") }
        #expect(try Scan.take(fixture).counts[.changeLog] == 3)
        try Scan.check(fixture)
    }

    @Test("a batch with too many changes is a resync")
    func tooMany() throws {
        let fixture = try Fixture()
        _ = try fixture.store.commit(Batch(principal: "", mutations: (0...ChangeLog.largestBatch).map { mutation(put: "n\($0)", "x") }))
        try fixture.store.set("a", "1")
        guard case .resync(2) = try Self.history(fixture.store, after: 0) else {
            Issue.record("too many changes were logged")
            return
        }
        guard case .changes(let last, 2, true) = try Self.history(fixture.store, after: 1) else {
            Issue.record("behind it the log goes on")
            return
        }
        #expect(last.count == 1)
        try Scan.check(fixture)
    }

    @Test("lock and unlock are told once each, and a listener may read and write from there")
    func locks() throws {
        let fixture = try Fixture()
        let recorder = Recorder()
        fixture.store.addListener(recorder)
        fixture.store.lock()
        fixture.store.lock()
        try fixture.store.unlock(.keyFile(Fixture.key))
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(recorder.locks == [true, false])
    }
}
