import CofferStore
import Foundation
import Testing

@testable import CofferAudit

@Suite struct RollbackTests {
    private static func copy(_ fixture: Fixture, to folder: String) throws {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.copyItem(atPath: fixture.storePath + "/gen-000001", toPath: folder)
    }

    /// The older copy in the present one's place, and, unless it is kept, no counter that knows better.
    private static func putBack(
        _ fixture: Fixture, _ old: String, keepingCounter: Bool = false, _ more: () throws -> Void = {}
    ) throws {
        try fixture.reopen(unlocking: false) {
            let present = fixture.storePath + "/" + (try FileManager.default.destinationOfSymbolicLink(atPath: fixture.storePath + "/current"))
            try FileManager.default.removeItem(atPath: present)
            try FileManager.default.copyItem(atPath: old, toPath: present)
            if !keepingCounter { try? FileManager.default.removeItem(atPath: fixture.storePath + "/counter") }
            try more()
        }
    }

    private static func restore(_ fixture: Fixture) throws {
        var lines: [UInt8] = []
        _ = try fixture.store.exportBackup(progress: { _, _ in }, to: { (bytes) throws(StoreError) in lines += Array(bytes) })
        let restore = try fixture.store.beginRestore(RestoreOptions(mode: .replace))
        try lines.withUnsafeBytes { try restore.update($0) }
        _ = try restore.finish()
    }

    @Test func anOlderStoreIsKnownByItsLog() throws {
        let fixture = try Fixture()
        let old = fixture.path + "/old"
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        try fixture.reopen { try Self.copy(fixture, to: old) }
        for number in 2...4 { try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([UInt8(number)])))) }
        fixture.log.record(AuditRecord(time: fixture.clock.now, who: .daemon, noun: .daemon, action: .stop))
        try fixture.reopen(unlocking: false) {
            try FileManager.default.removeItem(atPath: fixture.storePath + "/gen-000001")
            try FileManager.default.copyItem(atPath: old, toPath: fixture.storePath + "/gen-000001")
            // The counter file is put back as well.
            try FileManager.default.removeItem(atPath: fixture.storePath + "/counter")
        }
        #expect(code { try fixture.store.unlock(.keyFile(fixture.key)) } == .rolledBack)
        #expect(fixture.store.isLocked)
    }

    /// The older copy is of another incarnation: it was made before the restore of a backup.
    @Test func aGenerationFromBeforeARestoreIsKnownByTheLog() throws {
        let fixture = try Fixture()
        let old = fixture.path + "/old"
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        try fixture.reopen { try Self.copy(fixture, to: old) }
        try Self.restore(fixture)
        let known = fixture.store.revision
        try fixture.flush()
        // The restore itself is none, with or without the counter.
        try fixture.reopen { try FileManager.default.removeItem(atPath: fixture.storePath + "/counter") }
        #expect(fixture.store.revision == known)
        try Self.putBack(fixture, old)
        let error = #expect(throws: StoreError.self) { try fixture.store.unlock(.keyFile(fixture.key)) }
        #expect(error?.code == .rolledBack)
        #expect(error?.message.contains("\(known)") == true)
        // What was recorded of the refusal does not make the log forget.
        try fixture.reopen(unlocking: false)
        #expect(code { try fixture.store.unlock(.keyFile(fixture.key)) } == .rolledBack)
        try fixture.store.unlock(.keyFile(fixture.key), acceptingRollback: 1)
        #expect(fixture.store.revision == known + 1 << 32)
        #expect(try fixture.records { $0.actions = [.acceptRollback] }.map(\.revision) == [fixture.store.revision])
        try fixture.reopen()
        #expect(!fixture.store.isLocked)
        #expect(try fixture.verify().isGood)
    }

    @Test func nothingIsTakenWithoutARecord() throws {
        let fixture = try Fixture()
        let old = fixture.path + "/old"
        try fixture.reopen { try Self.copy(fixture, to: old) }
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        try fixture.flush()
        try Self.putBack(fixture, old, keepingCounter: true) {
            try FileManager.default.moveItem(atPath: fixture.logPath, toPath: fixture.path + "/away")
            try Fixture.write(fixture.logPath, [])
        }
        let counter = try Fixture.read(fixture.storePath + "/counter")
        #expect(code { try fixture.store.unlock(.keyFile(fixture.key), acceptingRollback: 0) } == .audit)
        #expect(fixture.store.isLocked && fixture.store.rollbackAccepted == nil)
        try fixture.reopen(unlocking: false) {
            try FileManager.default.removeItem(atPath: fixture.logPath)
            try FileManager.default.moveItem(atPath: fixture.path + "/away", toPath: fixture.logPath)
        }
        #expect(try Fixture.read(fixture.storePath + "/counter") == counter)
        #expect(code { try fixture.store.unlock(.keyFile(fixture.key)) } == .rolledBack)
        try fixture.store.unlock(.keyFile(fixture.key), acceptingRollback: 0)
        #expect(try fixture.records { $0.actions = [.acceptRollback] }.count == 1)
    }

    /// A new file was begun and nothing written to it yet.
    @Test func theFileBeforeIsAskedWhereTheLastIsEmpty() throws {
        let fixture = try Fixture()
        let old = fixture.path + "/old"
        try fixture.reopen { try Self.copy(fixture, to: old) }
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        try fixture.flush()
        let keys = try fixture.store.auditKeys()
        let storeID = fixture.store.storeID
        try Self.putBack(fixture, old) {
            let reader = try SegmentReader(AuditFolder(path: fixture.logPath), number: 1, keys: keys, storeID: storeID)
            while case .block = try reader.next() {}
            let header = SegmentHeader(
                keyID: keys.id, storeID: storeID, number: 2, firstSequence: reader.nextSequence, link: reader.link, created: fixture.clock.now)
            try Fixture.write(fixture.logPath + "/000000000002.log", header.encoded(keys))
        }
        #expect(code { try fixture.store.unlock(.keyFile(fixture.key)) } == .rolledBack)
    }

    /// The log could not be read when the store was unlocked: what it knows counts as soon as it can be.
    @Test func anOlderStoreIsNotServedOnceTheLogIsBack() throws {
        let fixture = try Fixture()
        let old = fixture.path + "/old"
        try fixture.reopen { try Self.copy(fixture, to: old) }
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        try fixture.flush()
        try Self.putBack(fixture, old) {
            try FileManager.default.moveItem(atPath: fixture.logPath, toPath: fixture.path + "/away")
            try Fixture.write(fixture.logPath, [])
        }
        try fixture.store.unlock(.keyFile(fixture.key))
        try FileManager.default.removeItem(atPath: fixture.logPath)
        try FileManager.default.moveItem(atPath: fixture.path + "/away", toPath: fixture.logPath)
        let end = ContinuousClock.now + .seconds(10)
        while !fixture.log.status().isBroken && ContinuousClock.now < end { usleep(20_000) }
        #expect(fixture.log.status().trouble.contains("older copy"))
        #expect(code { try fixture.store.change(.put(NewVersion(name: name("b"), value: SecretBuffer([1])))) } == .audit)
    }

    /// Killed between the log and the commit: the log is ahead by what never happened.
    @Test func aLogAheadOfACommitThatNeverCameIsNoRollback() throws {
        let fixture = try Fixture()
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        let commit = WitnessedCommit(
            revision: 2, time: fixture.clock.now, principal: "uid:1",
            changes: [Change(
                revision: 2, ordinal: 0, lastOfRevision: true, table: .secrets, tenant: 1, name: Array("a".utf8), operation: .put, version: 2,
                activeChanged: true)],
            values: [:])
        #expect(try fixture.log.willCommit([commit]) != nil)
        try fixture.reopen()
        #expect(!fixture.store.isLocked)
        #expect(try fixture.verify().isGood)
        #expect(try fixture.records().map(\.revision) == [1, 2])
    }
}
