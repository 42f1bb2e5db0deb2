import Foundation
import Glibc
import Testing

@testable import CofferStore

@Suite("Rollback")
struct RollbackTests {
    private static func copy(_ from: String, _ to: String) throws {
        try? FileManager.default.removeItem(atPath: to)
        try FileManager.default.copyItem(atPath: from, toPath: to)
    }

    @Test("an older data file is refused, the newer one opens again")
    func olderCopy() throws {
        let fixture = try Fixture()
        let data = fixture.folder.store + "/current/data.mdb"
        let old = fixture.folder.path + "/old"
        let new = fixture.folder.path + "/new"
        try fixture.store.set("a", "1")
        try fixture.whileClosed { try Self.copy(data, old) }
        try fixture.store.unlock(.keyFile(Fixture.key))
        try fixture.store.set("a", "2")
        fixture.store.close()
        try Self.copy(data, new)
        try Self.copy(old, data)
        #expect(code { try fixture.reopen() } == .rolledBack)
        #expect(fixture.store.isLocked)
        #expect(code { try fixture.store.set("a", "x") } == .locked)
        // Once more, in the same process: it does not get used to it.
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .rolledBack)
        fixture.store.close()
        try Self.copy(new, data)
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("2", 2))
    }

    @Test("a store ahead of its counter is normal; no counter is no rollback; a changed one is damaged")
    func counterFile() throws {
        let fixture = try Fixture()
        let counter = fixture.folder.store + "/counter"
        let old = fixture.folder.path + "/old"
        try fixture.store.set("a", "1")
        try fixture.whileClosed { try Self.copy(counter, old) }
        try fixture.store.unlock(.keyFile(Fixture.key))
        try fixture.store.set("a", "2")
        fixture.store.close()
        try Self.copy(old, counter)
        try fixture.reopen()
        fixture.store.close()
        try FileManager.default.removeItem(atPath: counter)
        try fixture.reopen()
        fixture.store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: counter))
        #expect(bytes.count == 80)
        for index in [0, 8, 24, 47, 48, 79] {
            var wrong = bytes
            wrong[index] ^= 1
            try wrong.write(to: URL(fileURLWithPath: counter))
            #expect(code { try fixture.reopen() } == .damaged)
            fixture.store.close()
        }
        bytes.removeLast()
        try bytes.write(to: URL(fileURLWithPath: counter))
        #expect(code { try fixture.reopen() } == .damaged)
    }

    @Test("the counter follows within about a second, also under a load that never pauses")
    func follows() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let path = fixture.folder.store + "/counter"
        func counted() throws -> UInt64 {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            return bytes[40..<48].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let end = ContinuousClock.now + .milliseconds(1_700)
        onThreads(2) { number in
            while ContinuousClock.now < end { _ = try? store.set("name-\(number)", "x") }
        }
        #expect(try counted() > store.revision / 10)
        usleep(1_200_000)
        #expect(try counted() == store.revision)
    }
}

@Suite("Accepting a rollback")
struct AcceptedRollbackTests {
    /// A store at revision 1 that was at revision 3 before.
    private static func rolledBack() throws -> Fixture {
        let fixture = try Fixture()
        let data = fixture.folder.store + "/current/data.mdb"
        let old = fixture.folder.path + "/old"
        try fixture.store.set("a", "1")
        try fixture.whileClosed { try FileManager.default.copyItem(atPath: data, toPath: old) }
        try fixture.store.unlock(.keyFile(Fixture.key))
        try fixture.store.set("a", "2")
        try fixture.store.set("b", "1")
        try fixture.whileClosed {
            try FileManager.default.removeItem(atPath: data)
            try FileManager.default.copyItem(atPath: old, toPath: data)
        }
        return fixture
    }

    @Test("the refusal names both revisions and the flag; only the revision that is there is taken")
    func accepted() throws {
        let fixture = try Self.rolledBack()
        let store = fixture.store
        do throws(StoreError) {
            try store.unlock(.keyFile(Fixture.key))
            Issue.record("a rollback was not noticed")
        } catch {
            #expect(error.code == .rolledBack)
            for part in ["revision 1", " 3 ", "--accept-rollback 1"] { #expect(error.message.contains(part), "\(error.message)") }
        }
        for wrong in [0, 2, 3, UInt64.max] { #expect(code { try store.unlock(.keyFile(Fixture.key), acceptingRollback: wrong) } == .rolledBack) }
        #expect(store.isLocked && store.rollbackAccepted == nil)
        try store.unlock(.keyFile(Fixture.key), acceptingRollback: 1)
        #expect(store.rollbackAccepted == RollbackAcceptance(found: 1, known: 3, revision: 3 + 1 << 32))
        #expect(store.revision == 3 + 1 << 32)
        #expect(try store.look("a") == .text("1", 1))
        try store.set("a", "went on")
        try Scan.check(fixture)
        let incarnation = store.incarnation
        // From now on it is a store like any other, with the flag or without.
        try fixture.reopen()
        #expect(fixture.store.incarnation == incarnation && fixture.store.revision == 4 + 1 << 32)
        try fixture.reopen { $0.acceptRollback = 1 }
        #expect(fixture.store.rollbackAccepted == nil && fixture.store.revision == 4 + 1 << 32)
        let history = try fixture.store.withWorker { (worker) throws(StoreError) in try worker.changes(after: 1, limit: 10) }
        if case .changes = history { Issue.record("changes across a rollback") }
    }

    @Test("an older generation in place of a restored one is noticed too; a counter file that is gone is told")
    func generations() throws {
        let fixture = try Fixture { $0.keepGenerations = 1 }
        try fixture.store.set("a", "1")
        try fixture.store.restore(try fixture.store.lines(), RestoreOptions(mode: .replace))
        try fixture.whileClosed {
            unlink(fixture.folder.store + "/current")
            symlink("gen-000001", fixture.folder.store + "/current")
        }
        #expect(code { try fixture.store.unlock(.keyFile(Fixture.key)) } == .rolledBack)
        #expect(!fixture.store.counterWasMissing)
        try fixture.whileClosed { unlink(fixture.folder.store + "/counter") }
        try fixture.store.unlock(.keyFile(Fixture.key))
        #expect(fixture.store.counterWasMissing && fixture.store.rollbackAccepted == nil)
    }
}
