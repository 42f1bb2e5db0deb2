import CofferStore
import Foundation
import Testing

@testable import CofferAudit

/// The end of the log is kept outside of it: what came behind the last change cannot be cut off either.
@Suite struct CutTests {
    /// Two changes, then reads that the store knows nothing of, each in a block.
    private static func withReads(_ change: (inout AuditOptions) -> Void = { _ in }) throws -> Fixture {
        let fixture = try Fixture(change)
        for number in 1...2 { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1])))) }
        try read(fixture, 10)
        return fixture
    }

    private static func read(_ fixture: Fixture, _ count: Int) throws {
        for number in 0..<count {
            try fixture.log.require(AuditRecord(
                time: fixture.clock.now, who: AuditWho(selector: "uid:7", uid: 7), noun: .secret, action: .get, tenant: 1,
                name: Array("n\(number % 2 + 1)".utf8)))
        }
    }

    private static func cut(_ file: String, behind block: Int) throws {
        let bytes = try Fixture.read(file)
        try Fixture.write(file, Array(bytes[..<TamperTests.blocks(bytes)[block]]))
    }

    @Test func readsThatWereCutOffAreMissed() throws {
        let fixture = try Self.withReads()
        var stopped: AuditVerdict?
        // Before anybody goes on with it.
        try fixture.reopen {
            try Self.cut(fixture.files()[0], behind: 5)
            stopped = try fixture.withStoreAlone { try fixture.verifyStopped() }
        }
        #expect(stopped?.findings.map(\.message) == ["the log ends at record 5, but 12 were written: its end was cut off"])
        #expect(stopped?.isGood == false)
        #expect(fixture.log.permitsReads, "it goes on all the same")
        #expect(fixture.log.status().cut.contains("ended at record 5, but 12"))
        let said = try fixture.records { $0.actions = [.cut] }
        #expect(said.map(\.sequence) == [13] && said[0].note.contains("file 2"))
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        #expect(try !fixture.verify().isGood)
        try fixture.reopen()
        #expect(try !fixture.verify().isGood, "until somebody has looked")
        _ = try fixture.repair()
        #expect(try fixture.verify().isGood)
        #expect(fixture.log.status().cut.isEmpty)
        try fixture.reopen()
        #expect(try fixture.verifyStopped().isGood)
    }

    @Test func aFileOfReadsThatIsGoneIsMissed() throws {
        for isTruncated in [false, true] {
            let fixture = try Self.withReads { $0.segmentBytes = 4_096 }
            try Self.read(fixture, 40)
            let files = fixture.files()
            try #require(files.count > 1)
            try fixture.reopen {
                // One that is shorter than its header looks like one whose making was interrupted.
                if isTruncated { try Fixture.write(files[files.count - 1], [1, 2, 3]) } else { try FileManager.default.removeItem(atPath: files[files.count - 1]) }
            }
            #expect(try fixture.records { $0.actions = [.cut] }.count == 1)
            #expect(try fixture.verify().findings.contains { $0.message == "file \(files.count) is missing" })
        }
    }

    @Test func aWholeLogOfReadsThatIsGoneIsMissed() throws {
        let fixture = try Fixture()
        try Self.read(fixture, 5)
        try fixture.reopen { for file in fixture.files() { try FileManager.default.removeItem(atPath: file) } }
        #expect(try fixture.records { $0.actions = [.cut] }.map(\.sequence) == [6])
        #expect(try !fixture.verify().isGood)
    }

    /// Killed: what is kept lags, and what the log has more is no matter.
    @Test func aLogThatIsAheadOfWhatIsKeptIsWhole() throws {
        let fixture = try Self.withReads()
        try fixture.reopen()
        let old = try Fixture.read(fixture.headPath)
        try Self.read(fixture, 5)
        try fixture.reopen { try Fixture.write(fixture.headPath, old) }
        #expect(try fixture.verify().findings.isEmpty && fixture.verifyStopped().findings.isEmpty)
        #expect(try fixture.records { $0.actions = [.cut, .recover] }.isEmpty)
    }

    @Test func itFollowsWhileTheLogIsWritten() throws {
        let fixture = try Self.withReads { $0.keepHeadEvery = 20 }
        let first = try Fixture.read(fixture.headPath)
        try Self.read(fixture, 1)
        let end = Clock.monotonic + 10_000
        while try Fixture.read(fixture.headPath) == first, Clock.monotonic < end { usleep(5_000) }
        #expect(try Fixture.read(fixture.headPath) != first)
    }

    @Test func whoTakesItAwayIsNoticed() throws {
        for isChanged in [false, true] {
            let fixture = try Self.withReads()
            try fixture.reopen {
                var bytes = try Fixture.read(fixture.headPath)
                bytes[40] ^= 1
                if isChanged { try Fixture.write(fixture.headPath, bytes) } else { try FileManager.default.removeItem(atPath: fixture.headPath) }
            }
            #expect(try fixture.records { $0.actions = [.recover] }.map(\.note).first?.contains("audit.head is gone or was changed") == true)
            #expect(try fixture.verify().isGood)
            try fixture.reopen()
            #expect(try fixture.records { $0.actions = [.recover] }.count == 1, "it is kept again")
        }
    }

    @Test func everyFlippedBitOfItShows() throws {
        let keys = try BlockTests.keys()
        let store = [UInt8](repeating: 9, count: 16)
        let kept = KeptHead(number: 3, head: ChainHead(sequence: 77, link: [UInt8](repeating: 5, count: 32)))
        let bytes = kept.encoded(keys, storeID: store)
        #expect(bytes.count == KeptHead.size)
        #expect(try KeptHead.decode(bytes, keys, storeID: store) == kept)
        #expect(try KeptHead.decode(bytes, keys, storeID: [UInt8](repeating: 8, count: 16)) == nil)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect((try? KeptHead.decode(changed, keys, storeID: store)) == nil)
        }
        for end in 0..<bytes.count { #expect(code { try KeptHead.decode(Array(bytes[..<end]), keys, storeID: store) } == .damaged) }
    }
}
