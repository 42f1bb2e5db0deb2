import Foundation
import Synchronization
import Testing

@testable import CofferStore

@Suite("Restore")
struct RestoreTests {
    private static func filled() throws -> Fixture {
        let fixture = try Fixture()
        try fixture.furnish()
        return fixture
    }

    @Test("into an empty store everything comes back, with the same digest, a new incarnation and numbers that go on")
    func intoEmpty() throws {
        let source = try Self.filled()
        let lines = try source.store.lines()
        let hash = try Array("sk-1".utf8).withUnsafeBytes { try source.store.tokenHasher().hash($0, .apiKey) }
        let signing = try source.store.signingKey("session_")
        let target = try Fixture()
        // What a daemon writes at its first start is nothing that a person made.
        try target.put(.tenants, "1", Fixture.tenant(1, "main"))
        let (store, before) = (target.store, target.store.incarnation)
        let report = try store.restore(lines, RestoreOptions(mode: .intoEmpty))
        #expect(report.digest == report.summary.digest)
        #expect(try store.digest() == report.digest)
        #expect(report.incarnation == store.incarnation && store.incarnation != before && store.incarnation != source.store.incarnation)
        #expect(report.revision == store.revision && store.revision >= source.store.revision + 1 << 32)
        #expect(report.difference("secrets") == .init(kind: "secrets", added: 36))
        for number in 0..<30 { #expect(try store.look("plain/\(number)") == .text("value \(number)", 1)) }
        #expect(try store.look("versions") == .text("round 2", 2))
        #expect(try store.look("versions", version: 3) == .text("round 3", 3))
        #expect(try store.look("binary") == .value((0...255).map { UInt8($0) }, version: 1))
        #expect(try store.look("of-tenant-2", tenant: 2) == .text("hidden", 1))
        #expect(try store.look("deleted") == .deleted)
        try store.run(.undelete(name("deleted"), version: 0, expected: .any))
        #expect(try store.look("deleted") == .text("comes back", 1))
        #expect(try store.look("one-deleted", version: 1) == .deleted)
        try store.run(.undelete(name("one-deleted"), version: 1, expected: .any))
        #expect(try store.look("one-deleted", version: 1) == .text("first", 1))
        #expect(try store.look("purged") == .missing)
        #expect(try store.set("purged", "anew") == 5)
        #expect(try store.set("versions", "next") == 4)
        let info = try #require(try store.info("expiring"))
        #expect(info.metadata.map(\.value) == ["äöü"] && info.tags == ["a", "b"] && info.keepLast == 3 && info.deleteAfter == 90_000)
        #expect(info.versions[0].contentType == "text/plain")
        target.clock.advance(61_000)
        #expect(try store.look("expiring") == .expired)
        // Hashes and signatures of before are good here.
        let hashes = try Array("sk-1".utf8).withUnsafeBytes { try store.tokenHasher().hashes($0, .apiKey) }
        #expect(hashes.map(\.bytes) == [hash.bytes])
        #expect(try store.signingKey("session_").isEqual(to: signing.bytes))
        try Self.checkQuota(store)
        try store.run(.budget(.release(budget: document("k/7"), requestID: document("r2"))))
        #expect(try target.stored(.sequences, "apikey") == Fixture.sequence(7))
        try Scan.check(target)
        try target.reopen()
        try Scan.check(target)
        #expect(target.store.incarnation == report.incarnation)
        #expect(try target.store.look("plain/29") == .text("value 29", 1))
    }

    private static func checkQuota(_ store: Store) throws {
        let reader = try store.makeReader()
        try reader.begin()
        defer { reader.end() }
        let budget = try #require(try reader.budget(document("k/7")))
        #expect(budget.used == 80 && budget.reserved == 200 && budget.openReservations == 1)
        #expect(try reader.reservation(budget: document("k/7"), requestID: document("r1"))?.state == .settled)
        #expect(try reader.openReservations().map(\.requestID) == [document("r2")])
        #expect(try reader.usageLines(document("k/7"), limit: 5).map(\.line) == [Array(#"{"t":1}"#.utf8)])
    }

    @Test("a store that has anything is not empty")
    func notEmpty() throws {
        let source = try Self.filled()
        let lines = try source.store.lines()
        let target = try Fixture()
        try target.store.set("a", "1")
        try target.store.run(.destroy(name("a"), version: 0, expected: .any))
        let before = try target.contents()
        #expect(code { try target.store.restore(lines, RestoreOptions(mode: .intoEmpty)) } == .notEmpty)
        #expect(try target.changes(since: before) == [])
        // Also where somebody was quicker than the restore.
        let quick = try Fixture()
        let restore = try quick.store.beginRestore(RestoreOptions(mode: .intoEmpty))
        try lines.withBytes { (bytes) throws(StoreError) in try restore.update(bytes) }
        try quick.store.set("a", "1")
        #expect(code { try restore.finish() } == .notEmpty)
        #expect(try quick.store.look("a") == .text("1", 1))
    }

    @Test("replace: the content is the backup's, and no number is given twice")
    func replace() throws {
        let fixture = try Self.filled()
        let store = fixture.store
        let lines = try store.lines()
        try store.set("plain/1", "newer")
        try store.set("later", "only here")
        try store.set("later", "only here, twice")
        try fixture.put(.sequences, "apikey", Fixture.sequence(12))
        try fixture.put(.sequences, "sink", Fixture.sequence(3))
        let before = try fixture.contents()
        let (revision, incarnation) = (store.revision, store.incarnation)
        #expect(code { try store.restore(lines, RestoreOptions(mode: .replace)) } == .newer)
        #expect(try fixture.changes(since: before) == [])
        let dry = try store.restore(lines, RestoreOptions(mode: .replace, discardNewer: true, dryRun: true))
        #expect(try fixture.changes(since: before) == [] && store.incarnation == incarnation && store.revision == revision)
        #expect(dry.incarnation == incarnation && dry.revision == revision)
        let report = try store.restore(lines, RestoreOptions(mode: .replace, discardNewer: true))
        #expect(report.digest == dry.digest && report.differences == dry.differences)
        #expect(report.difference("secrets") == .init(kind: "secrets", changed: 1, same: 35, removed: 1))
        #expect(report.effect("later") == .removed && report.effect("plain/1") == .changed)
        #expect(try store.digest() == report.digest)
        #expect(try store.look("plain/1") == .text("value 1", 1))
        #expect(try store.set("plain/1", "again") == 3)
        #expect(try store.look("later") == .missing)
        #expect(try store.set("later", "again") == 3)
        #expect(try fixture.stored(.sequences, "apikey") == Fixture.sequence(12))
        #expect(try fixture.stored(.sequences, "sink") == Fixture.sequence(3))
        #expect(store.revision > revision + 1 << 32)
        try Scan.check(fixture)
        try fixture.reopen()
        try Scan.check(fixture)
    }

    @Test("merge: what is missing comes, what is there stays")
    func merge() throws {
        let fixture = try Self.filled()
        let store = fixture.store
        let lines = try store.lines()
        let other = try Fixture()
        // The same store, as it would be had it gone another way.
        try other.store.restore(lines, RestoreOptions(mode: .intoEmpty))
        try other.store.run(.destroy(name("plain/1"), version: 0, expected: .any))
        try other.store.set("plain/2", "went on")
        try other.store.run(.destroy(name("versions"), version: 1, expected: .any))
        try other.store.set("own", "stays")
        try other.put(.tenants, "3", Fixture.tenant(3, "third"))
        try other.put(.sequences, "apikey", Fixture.sequence(4))
        let report = try other.store.restore(lines, RestoreOptions(mode: .merge))
        let merged = other.store
        #expect(try merged.look("plain/1") == .text("value 1", 1))
        #expect(try merged.look("plain/2") == .text("went on", 2))
        #expect(try merged.look("own") == .text("stays", 1))
        // Destroyed is destroyed: the store has that number.
        #expect(try merged.look("versions", version: 1) == .versionNotFound)
        #expect(try merged.look("versions") == .text("round 2", 2))
        #expect(try other.stored(.sequences, "apikey") == Fixture.sequence(7))
        #expect(report.difference("secrets").added == 1 && report.difference("secrets").removed == 0)
        #expect(report.difference("secrets").kept == 1 && report.effect("plain/2") == .kept)
        #expect(report.digest == (try merged.digest()))
        try Scan.check(other)
        try other.reopen()
        try Scan.check(other)
        #expect(try other.store.names().contains("plain/1"))
    }

    @Test("merge: hash keys of the other store come as earlier ones; numbers that mean other people are refused")
    func mergeForeign() throws {
        let source = try Fixture()
        try source.put(.tenants, "1", Fixture.tenant(1, "main"))
        try source.put(.tenants, "2", Fixture.tenant(2, "blue"))
        let hash = try Array("sk-1".utf8).withUnsafeBytes { try source.store.tokenHasher().hash($0, .apiKey) }
        let target = try Fixture()
        let own = try Array("sk-2".utf8).withUnsafeBytes { try target.store.tokenHasher().hash($0, .apiKey) }
        try target.store.restore(try source.store.lines(), RestoreOptions(mode: .merge))
        let hasher = try target.store.tokenHasher()
        let hashes = Array("sk-1".utf8).withUnsafeBytes { hasher.hashes($0, .apiKey) }
        #expect(hashes.count == 2 && hashes[1].bytes == hash.bytes)
        #expect(Array("sk-2".utf8).withUnsafeBytes { hasher.hash($0, .apiKey) } == own)
        // Once more: nothing is added twice.
        try target.store.restore(try source.store.lines(), RestoreOptions(mode: .merge))
        #expect(try Array("sk-1".utf8).withUnsafeBytes { try target.store.tokenHasher().hashes($0, .apiKey) }.count == 2)
        let red = try Fixture()
        try red.put(.tenants, "1", Fixture.tenant(1, "main"))
        try red.put(.tenants, "2", Fixture.tenant(2, "red"))
        #expect(code { try target.store.restore(try red.store.lines(), RestoreOptions(mode: .merge)) } == .conflict)
        let moved = try Fixture()
        try moved.put(.tenants, "5", Fixture.tenant(5, "blue"))
        #expect(code { try target.store.restore(try moved.store.lines(), RestoreOptions(mode: .merge)) } == .conflict)
        try target.store.set("a", "1")
        try Scan.check(target)
    }

    @Test("only some names: they become the backup's, everything else stays")
    func only() throws {
        let fixture = try Self.filled()
        let store = fixture.store
        let lines = try store.lines()
        try store.set("plain/1", "newer")
        try store.set("plain/new", "goes")
        try store.set("versions", "stays")
        try store.set("other", "stays too")
        let before = try fixture.contents()
        #expect(code { try store.restore(lines, RestoreOptions(mode: .replace, only: ["plain/**x"], discardNewer: true)) } == .invalidArgument)
        #expect(try fixture.changes(since: before) == [])
        let report = try store.restore(lines, RestoreOptions(mode: .replace, only: ["plain/*"], discardNewer: true))
        #expect(report.difference("secrets") == .init(kind: "secrets", changed: 1, same: 36, removed: 1))
        #expect(try store.look("plain/1") == .text("value 1", 1))
        #expect(try store.look("plain/new") == .missing)
        #expect(try store.look("versions") == .text("stays", 4))
        #expect(try store.look("other") == .text("stays too", 1))
        #expect(try store.set("plain/1", "x") == 3)
        #expect(try store.set("plain/new", "x") == 2)
        #expect(try store.digest() != report.digest)
        try Scan.check(fixture)
        try fixture.reopen()
        try Scan.check(fixture)
    }

    @Test("truncated, doubled, reordered, foreign, changed, empty: a typed error, and the old store stands bit for bit")
    func badFiles() throws {
        let source = try Self.filled()
        let lines = try source.store.lines()
        let target = try Fixture()
        try target.store.set("a", "1")
        // The counter file follows within a second, and then rests.
        try target.reopen()
        let before = try target.contents()
        let whole = lines.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map(Array.init)
        func joined(_ parts: [[UInt8]]) -> [UInt8] { parts.flatMap { $0 + [0x0A] } }
        var changed = lines
        changed[lines.count / 2] ^= 1
        var swapped = whole
        swapped.swapAt(4, whole.count - 3)
        let cases: [(String, [UInt8])] = [
            ("empty", []), ("truncated", Array(lines[..<(lines.count / 2)])), ("without its end", joined(whole.dropLast())),
            ("doubled", lines + lines), ("a line twice", joined(Array(whole[...10]) + whole[10...])), ("reordered", joined(swapped)),
            ("foreign", Array("{\"a\":1}\n".utf8)), ("binary", (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 37) }), ("changed", changed),
            ("trailing", lines + [0x20]),
        ]
        for (what, bytes) in cases {
            let found = code { try target.store.restore(bytes, RestoreOptions(mode: .replace)) }
            #expect(found == .damaged || found == .unknownFormat, "\(what): \(String(describing: found))")
            #expect(try target.changes(since: before) == [], "\(what)")
        }
        // A restore that failed stays failed, and the next one goes.
        let restore = try target.store.beginRestore(RestoreOptions(mode: .replace))
        let first = code { try Array("x\n".utf8).withBytes { (bytes) throws(StoreError) in try restore.update(bytes) } }
        #expect(first == .unknownFormat || first == .damaged)
        #expect(code { try lines.withBytes { (bytes) throws(StoreError) in try restore.update(bytes) } } == first)
        #expect(code { try restore.finish() } == first)
        try target.store.restore(lines, RestoreOptions(mode: .replace))
        #expect(try target.store.look("plain/3") == .text("value 3", 1))
    }

    @Test("one restore at a time; abandoned it changes nothing; changes wait while a merge is under way, reads go on")
    func oneAtATime() throws {
        let fixture = try Self.filled()
        let store = fixture.store
        let lines = try store.lines()
        try fixture.reopen()
        let reopened = fixture.store
        let before = try fixture.contents()
        var restore: StoreRestore? = try reopened.beginRestore(RestoreOptions(mode: .merge))
        #expect(code { _ = try reopened.beginRestore(RestoreOptions(mode: .replace)) } == .busy)
        try Array(lines[..<1_000]).withBytes { (bytes) throws(StoreError) in try restore?.update(bytes) }
        #expect(code { try reopened.set("a", "1") } == .busy)
        #expect(code { _ = try reopened.addSlot(.recovery(label: "")) } == .busy)
        #expect(try reopened.look("plain/1") == .text("value 1", 1))
        #expect(try reopened.names("plain/").count == 30)
        restore = nil
        #expect(try fixture.changes(since: before) == [])
        try reopened.set("a", "1")
        // Locked in the middle.
        let locked = try reopened.beginRestore(RestoreOptions(mode: .merge))
        reopened.lock()
        #expect(code { try lines.withBytes { (bytes) throws(StoreError) in try locked.update(bytes) } } == .locked)
        #expect(code { _ = try reopened.beginRestore(RestoreOptions(mode: .merge)) } == .locked)
        try reopened.unlock(.keyFile(Fixture.key))
        try reopened.set("a", "2")
        // Closed in the middle.
        let closed = try reopened.beginRestore(RestoreOptions(mode: .replace))
        reopened.close()
        #expect(code { try lines.withBytes { (bytes) throws(StoreError) in try closed.update(bytes) } } != nil)
        #expect(code { try closed.finish() } != nil)
        try fixture.reopen()
        #expect(try fixture.store.look("a") == .text("2", 2))
    }

    @Test("listeners see lock and unlock; readers answer from the restored content at once")
    func listeners() throws {
        final class Heard: CommitListener {
            let locks = Mutex<[Bool]>([])
            func committed(_ changes: [Change]) {}
            func lockChanged(locked: Bool) { locks.withLock { $0.append(locked) } }
        }
        let source = try Self.filled()
        let lines = try source.store.lines()
        let target = try Fixture()
        try target.store.set("plain/1", "mine")
        let heard = Heard()
        target.store.addListener(heard)
        let reader = try target.store.makeReader()
        try reader.begin()
        #expect(reader.look(name("plain/1"), now: 0) == .text("mine", 1))
        reader.end()
        try target.store.restore(lines, RestoreOptions(mode: .replace))
        #expect(heard.locks.withLock { $0 } == [true, false])
        try reader.refresh()
        #expect(reader.look(name("plain/1"), now: 0) == .text("value 1", 1))
        reader.end()
        #expect(code { try target.store.run(mutation(put: "plain/1", "x", expected: .exactly(1, incarnation: [UInt8](repeating: 1, count: 16)))) } == .resync)
        // A watch that comes back with a revision of before finds nothing to go on from.
        let history = try target.store.withWorker { (worker) throws(StoreError) in try worker.changes(after: 1, limit: 10) }
        if case .changes = history { Issue.record("changes across a restore") }
    }

    @Test("a key that reaches its limit while a generation is built gives way to the next")
    func sealLimit() throws {
        let source = try Fixture()
        for part in 0..<2 {
            _ = try source.store.commit(Batch(principal: "", mutations: (0..<2_500).map { mutation(put: "many/\($0 * 7 % 10)/n\(part * 2_500 + $0)", "x") }))
        }
        let lines = try source.store.lines()
        let target = try Fixture { $0.sealLimit = 1 << 12 }
        let report = try target.store.restore(lines, RestoreOptions(mode: .intoEmpty))
        #expect(report.digest == report.summary.digest)
        let entries = try #require(target.store.monitor.locked { target.store.state.keys }).keyring.entries.filter { $0.purpose == .records }
        #expect(entries.count > 2 && entries.allSatisfy { $0.sealCount <= $0.limit })
        try target.store.set("later", "y")
        #expect(try target.store.names("many/").count == 5_000)
        try Scan.check(target)
    }

    @Test("what does not fit the quota is refused, and the store goes on")
    func noRoom() throws {
        let source = try Fixture()
        for number in 0..<40 { try source.store.run(.put(NewVersion(name: name("large/\(number)"), value: SecretBuffer([UInt8](repeating: 1, count: 300_000))))) }
        let lines = try source.store.lines()
        let target = try Fixture { $0.quotaBytes = 8 << 20 }
        try target.store.set("a", "1")
        try target.reopen()
        let before = try target.contents()
        #expect(code { try target.store.restore(lines, RestoreOptions(mode: .replace)) } == .full)
        #expect(try target.changes(since: before) == [])
        try target.store.set("b", "2")
    }
}
