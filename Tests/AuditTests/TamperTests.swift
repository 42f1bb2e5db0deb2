import CofferStore
import Foundation
import Testing

@testable import CofferAudit

/// What somebody did to the files is found, and named.
@Suite struct TamperTests {
    private static func filled(_ count: Int = 10, _ change: (inout AuditOptions) -> Void = { _ in }) throws -> Fixture {
        let fixture = try Fixture(change)
        for number in 1...count { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([UInt8(number)])))) }
        return fixture
    }

    /// Where each block of a file begins.
    static func blocks(_ bytes: [UInt8]) -> [Int] {
        var offsets: [Int] = []
        var offset = SegmentHeader.size
        while offset + Block.headerSize <= bytes.count, let header = bytes[offset...].withUnsafeBytes({ Block.Header($0) }) {
            offsets.append(offset)
            offset += Block.headerSize + Int(header.length)
        }
        return offsets + [offset]
    }

    /// After a change to the only file: nothing is handed out before somebody looked.
    private static func isBroken(_ fixture: Fixture) throws -> String {
        let status = fixture.log.status()
        #expect(status.isBroken)
        fixture.ticks.advance(LogHealth.grace)
        #expect(!fixture.log.permitsReads)
        #expect(code { try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1])))) } == .audit)
        return status.trouble
    }

    @Test func aCutEndShows() throws {
        let fixture = try Self.filled()
        try fixture.reopen {
            let file = fixture.files()[0]
            let bytes = try Fixture.read(file)
            try Fixture.write(file, Array(bytes[..<Self.blocks(bytes)[6]]))
        }
        #expect(try Self.isBroken(fixture).contains("ends at record 6, but the store knows of 10"))
    }

    @Test func anUnfinishedBlockBehindTheLastChangeIsNoBreak() throws {
        let fixture = try Self.filled()
        try fixture.reopen {
            let file = fixture.files()[0]
            try Fixture.write(file, try Fixture.read(file) + [UInt8](repeating: 0, count: 1_000))
        }
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        #expect(fixture.files().count == 2)
        let verdict = try fixture.verify()
        #expect(verdict.isGood)
        #expect(verdict.findings.map(\.isKnown) == [true])
        #expect(try fixture.records { $0.actions = [.recover] }.count == 1)
        #expect(try fixture.records().count == 12)
    }

    @Test func anEditedRecordShows() throws {
        let fixture = try Self.filled()
        try fixture.reopen {
            let file = fixture.files()[0]
            var bytes = try Fixture.read(file)
            bytes[Self.blocks(bytes)[4] + 60] ^= 1
            try Fixture.write(file, bytes)
        }
        _ = try Self.isBroken(fixture)
        let verdict = try fixture.verifyStopped()
        #expect(verdict.findings.first?.record == 5)
        #expect(!verdict.isGood)
    }

    @Test func reorderedAndRepeatedBlocksShow() throws {
        for isRepeated in [false, true] {
            let fixture = try Self.filled()
            try fixture.reopen {
                let file = fixture.files()[0]
                let bytes = try Fixture.read(file)
                let at = Self.blocks(bytes)
                let (first, second) = (Array(bytes[at[2]..<at[3]]), Array(bytes[at[3]..<at[4]]))
                let middle = isRepeated ? first + first : second + first
                try Fixture.write(file, bytes[..<at[2]] + middle + bytes[at[4]...])
            }
            _ = try Self.isBroken(fixture)
        }
    }

    @Test func anEarlierLogInPlaceOfTheLaterShows() throws {
        let fixture = try Self.filled(3)
        var old: [UInt8] = []
        try fixture.reopen { old = try Fixture.read(fixture.files()[0]) }
        for number in 20...22 { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1])))) }
        try fixture.reopen { try Fixture.write(fixture.files()[0], old) }
        #expect(try Self.isBroken(fixture).contains("store knows of 6"))
    }

    @Test func aLogThatIsGoneShowsAndRepairSaysSo() throws {
        let fixture = try Self.filled()
        try fixture.reopen { for file in fixture.files() { try FileManager.default.removeItem(atPath: file) } }
        #expect(try Self.isBroken(fixture).contains("gone"))
        let note = try fixture.repair()
        #expect(note.contains("record 11"))
        #expect(fixture.log.permitsReads)
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        let verdict = try fixture.verify()
        #expect(verdict.isGood && verdict.findings.count == 1)
        #expect(try fixture.records { $0.actions = [.put] }.count == 1)
        try fixture.reopen()
        #expect(try fixture.verify().isGood)
    }

    /// Repaired, and stopped before anything else was changed: the store still knows the old end.
    @Test func aRepairHoldsWithoutAChangeBehindIt() throws {
        let fixture = try Self.filled()
        try fixture.reopen {
            let file = fixture.files()[0]
            let bytes = try Fixture.read(file)
            try Fixture.write(file, Array(bytes[..<Self.blocks(bytes)[6]]))
        }
        _ = try fixture.repair()
        try fixture.reopen()
        #expect(!fixture.log.status().isBroken)
        let verdict = try fixture.verify()
        #expect(verdict.isGood && !verdict.findings.isEmpty)
    }

    @Test func aFileInTheMiddleIsMissed() throws {
        let fixture = try Self.filled(60) { $0.segmentBytes = 4_096 }
        try fixture.reopen { try FileManager.default.removeItem(atPath: fixture.files()[1]) }
        let verdict = try fixture.verify()
        #expect(verdict.findings.first?.message == "file 2 is missing")
    }

    @Test func aDeletedFileStopsTheLogUntilRepair() throws {
        let fixture = try Self.filled()
        try FileManager.default.removeItem(atPath: fixture.files()[0])
        #expect(code { try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1])))) } == .audit)
        #expect(fixture.log.status().isBroken)
        #expect(fixture.store.revision == 10)
        fixture.ticks.advance(LogHealth.grace)
        #expect(!fixture.log.permitsReads)
        _ = try fixture.repair()
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        try fixture.reopen()
        let verdict = try fixture.verify()
        #expect(verdict.isGood)
        // Also what was recorded for the change that did not happen is there, and that it did not.
        #expect(try fixture.records { $0.actions = [.notCommitted] }.count == 1)
    }

    @Test func anotherFileAtItsPlaceShows() throws {
        let fixture = try Self.filled()
        let file = fixture.files()[0]
        let bytes = try Fixture.read(file)
        try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
        try Fixture.write(file, bytes)
        #expect(code { try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1])))) } == .audit)
        #expect(fixture.log.status().trouble.contains("another file"))
    }
}
