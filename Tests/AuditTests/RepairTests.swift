import CofferStore
import Foundation
import Testing

@testable import CofferAudit

/// A repair accepts what was found at that moment, and nothing else.
@Suite struct RepairTests {
    private static func filled(_ count: Int = 120) throws -> Fixture {
        let fixture = try Fixture { $0.segmentBytes = 4_096 }
        for number in 1...count { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([UInt8(number)])))) }
        return fixture
    }

    private static func flip(_ path: String, at offset: Int) throws {
        var bytes = try Fixture.read(path)
        bytes[offset] ^= 1
        try Fixture.write(path, bytes)
    }

    private static func news(_ verdict: AuditVerdict) -> [String] { verdict.findings.filter { !$0.isKnown }.map(\.message) }

    @Test func damageBeforeIsAcceptedAndDamageBehindIsNot() throws {
        let fixture = try Self.filled()
        let files = fixture.files()
        try #require(files.count > 5)
        try fixture.reopen { try FileManager.default.removeItem(atPath: files[1]) }
        #expect(Self.news(try fixture.verify()) == ["file 2 is missing"])
        #expect(!fixture.log.status().isBroken, "the log goes on: only its past is damaged")
        #expect(try fixture.repair().contains("file 2 is missing"))
        let verdict = try fixture.verify()
        #expect(verdict.isGood && verdict.findings.map(\.message) == ["file 2 is missing"])
        // What happens to it from now on was accepted by nobody, before the repair or behind it.
        try fixture.reopen { try Self.flip(files[3], at: 600) }
        let later = try fixture.verify()
        #expect(Self.news(later).count == 1 && Self.news(later)[0].hasPrefix("file 4, byte"))
        try fixture.reopen { try FileManager.default.removeItem(atPath: files[2]) }
        #expect(Self.news(try fixture.verify()).contains("files 2 to 3 are missing"), "that is more than what was accepted")
    }

    @Test func otherDamageAtTheSamePlaceIsNews() throws {
        let fixture = try Self.filled()
        let file = fixture.files()[2]
        try fixture.reopen { try Self.flip(file, at: 600) }
        _ = try fixture.repair()
        #expect(try fixture.verify().isGood)
        // The same block, and what lies behind it: nobody can read either, and somebody changed it.
        try fixture.reopen { try Self.flip(file, at: 601) }
        #expect(try !fixture.verify().isGood)
        try fixture.reopen { try Self.flip(file, at: 601) }
        #expect(try fixture.verify().isGood)
        try fixture.reopen { try Self.flip(file, at: try Fixture.read(file).count - 1) }
        #expect(try !fixture.verify().isGood)
    }

    /// The log is broken at its end, and damaged before: the repair of the one does not hide what comes to the other later.
    @Test func aNewChainListsWhatItFollows() throws {
        let fixture = try Self.filled()
        let files = fixture.files()
        try fixture.reopen {
            try FileManager.default.removeItem(atPath: try #require(files.last))
            try Self.flip(files[1], at: 600)
        }
        #expect(fixture.log.status().isBroken)
        _ = try fixture.repair()
        let accepted = try fixture.records { $0.actions = [.repair] }
        #expect(accepted.contains { $0.note.contains("begins anew") } && accepted.contains { $0.note.hasPrefix("accepts: file 2, byte") })
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        let verdict = try fixture.verify()
        #expect(verdict.isGood && verdict.findings.count > 1, "\(verdict)")
        // The end of the chain before was pinned as well: shortening it shows.
        try fixture.reopen {
            let last = files[files.count - 2]
            let bytes = try Fixture.read(last)
            try Fixture.write(last, Array(bytes[..<TamperTests.blocks(bytes)[3]]))
        }
        #expect(try !fixture.verify().isGood)
    }

    /// In the file that is being written nothing behind the damage could ever be read.
    @Test func damageInTheOpenFileBeginsAnother() throws {
        let fixture = try Fixture()
        for number in 1...20 { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1])))) }
        let file = fixture.files()[0]
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: 600)
        let byte = try #require(try handle.read(upToCount: 1))
        try handle.seek(toOffset: 600)
        try handle.write(contentsOf: Data([byte[0] ^ 1]))
        try handle.close()
        #expect(try !fixture.verify().isGood)
        #expect(try fixture.repair().contains("begins anew in file 2"))
        try fixture.store.change(.put(NewVersion(name: name("later"), value: SecretBuffer([1]))))
        #expect(try fixture.verify().isGood)
        try fixture.reopen()
        #expect(try fixture.verify().isGood)
        #expect(try fixture.repair().contains("nothing to repair"))
    }
}
