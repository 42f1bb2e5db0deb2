import CofferStore
import Foundation
import Testing

@testable import CofferAudit

@Suite struct RollbackTests {
    private static func copy(_ fixture: Fixture, to folder: String) throws {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.copyItem(atPath: fixture.storePath + "/gen-000001", toPath: folder)
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
