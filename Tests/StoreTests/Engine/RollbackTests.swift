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
