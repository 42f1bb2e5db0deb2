import CofferStore
import Foundation
import Testing

@testable import CofferAudit

@Suite struct LogTests {
    @Test func changesAreRecordedBeforeTheyAreAnswered() throws {
        let fixture = try Fixture()
        try fixture.store.change(.put(NewVersion(name: name("a/b"), value: SecretBuffer(Array("hidden".utf8)))))
        try fixture.store.change(.delete(name("a/b"), version: 0, expected: .any), principal: "uid:7")
        let records = try fixture.records()
        #expect(records.map(\.action) == [.put, .delete])
        #expect(records.map(\.who.selector) == ["uid:1001", "uid:7"])
        #expect(records.map(\.revision) == [1, 2])
        #expect(records.map(\.sequence) == [1, 2])
        #expect(records[0].name == Array("a/b".utf8) && records[0].version == 1 && records[0].noun == .secret)
        let digest = try Array("hidden".utf8).withUnsafeBytes { try fixture.log.reading().digest(of: $0) }
        #expect(records[0].digest == digest)
        #expect(try fixture.records { $0.digest = digest }.count == 1)
        #expect(try fixture.verify().isGood)
    }

    @Test func nothingReadableLiesOnTheDisk() throws {
        let fixture = try Fixture()
        try fixture.store.change(.put(NewVersion(name: name("payments/stripe"), value: SecretBuffer(Array("sk_live_value".utf8)))))
        for file in fixture.files() {
            let text = String(decoding: try Fixture.read(file), as: Unicode.ASCII.self)
            for word in ["payments", "stripe", "sk_live", "uid:1001"] { #expect(!text.contains(word)) }
        }
    }

    @Test func itGoesOnWhereItEnded() throws {
        let fixture = try Fixture()
        for number in 1...3 {
            try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1]))))
            try fixture.reopen()
        }
        #expect(try fixture.records().map(\.sequence) == [1, 2, 3])
        let verdict = try fixture.verify()
        #expect(verdict == AuditVerdict(files: 1, records: 3, first: 1, last: 3, findings: []))
    }

    @Test func whatIsRecordedWhileLockedWaits() throws {
        let fixture = try Fixture()
        fixture.store.lock()
        // The log's own thread closes it, a moment after the store.
        for _ in 0..<500 where fixture.log.status().isOpen { usleep(10_000) }
        fixture.log.record(AuditRecord(time: 5, who: .daemon, noun: .store, action: .unlock, result: 24))
        #expect(code { try fixture.log.reading() } == .locked)
        try fixture.store.unlock(.keyFile(fixture.key))
        try fixture.flush()
        #expect(try fixture.records().first { $0.action == .unlock }?.result == 24)
    }

    @Test func whatFindsNoRoomIsNotSaidToBeDurable() throws {
        let fixture = try Fixture()
        // Nothing is taken while the store is locked.
        fixture.store.lock()
        let record = AuditRecord(time: 5, who: .daemon, noun: .store, action: .unlock, result: 24, note: String(repeating: "n", count: 1_000))
        for _ in 0..<18_000 { fixture.log.record(record) { _ in } }
        let answer = LogTicket<Bool>()
        fixture.log.record(record) { answer.settle($0) }
        #expect(answer.wait(milliseconds: 100) == false)
    }

    @Test func readsOfALoopAreHandedOver() throws {
        let fixture = try Fixture()
        let recorder = try fixture.log.makeRecorder()
        let who = AuditWho(selector: "uid:9", uid: 9)
        for _ in 0..<5 {
            let counted = Array("x".utf8).withUnsafeBytes {
                recorder.count(.get, .secret, who, hash: (1, 2), tenant: 1, name: $0, version: 3, now: fixture.clock.now)
            }
            #expect(counted)
        }
        #expect(recorder.due(fixture.clock.now) == fixture.clock.now + 500)
        recorder.handOver()
        #expect(recorder.due(fixture.clock.now) == 0)
        try fixture.flush()
        let record = try #require(try fixture.records().first { $0.action == .get })
        #expect(record.count == 5 && record.version == 3 && record.who.uid == 9)
    }

    @Test func offRecordsChangesOnly() throws {
        let fixture = try Fixture { $0.reads = .off }
        let recorder = try fixture.log.makeRecorder()
        let counted = Array("x".utf8).withUnsafeBytes {
            recorder.count(.get, .secret, .daemon, hash: (1, 2), tenant: 1, name: $0, version: 3, now: 1)
        }
        #expect(counted && recorder.due(1) == 0)
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        #expect(try fixture.records().map(\.action) == [.put])
    }

    @Test func filesRotateAndTheOldestGo() throws {
        let fixture = try Fixture { $0.segmentBytes = 4_096; $0.keep = 3 }
        for number in 1...200 { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1])))) }
        #expect(fixture.files().count == 3)
        let verdict = try fixture.verify()
        #expect(verdict.isGood && verdict.findings.isEmpty)
        #expect(verdict.first > 1 && verdict.last > 200)
        try fixture.reopen()
        #expect(try fixture.verify().isGood)
        #expect(try fixture.records { $0.actions = [.segment] }.isEmpty == false)
        // What rotation did not remove is missed.
        try fixture.reopen { try FileManager.default.removeItem(atPath: fixture.files()[0]) }
        let broken = try fixture.verify()
        #expect(broken.findings.first?.message.contains("missing") == true)
        #expect(!broken.isGood)
    }

    @Test func oldFilesGoByAge() throws {
        let fixture = try Fixture { $0.segmentBytes = 4_096; $0.keepDays = 2 }
        for number in 1...200 {
            try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1]))))
            fixture.clock.advance(43_200_000)
        }
        let oldest = try #require(try fixture.records().first)
        #expect(fixture.clock.now - oldest.time < 43_200_000 * 60)
        #expect(try fixture.verify().isGood)
    }

    @Test func pagesGoBothWays() throws {
        let fixture = try Fixture { $0.segmentBytes = 4_096 }
        for number in 1...50 { try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1])))) }
        var query = AuditQuery()
        query.actions = [.put]
        let reading = try fixture.log.reading()
        var up: [UInt64] = []
        var cursor: UInt64 = 0
        while true {
            let page = try reading.ascending(query, after: cursor, limit: 7)
            up += page.records.map(\.revision)
            guard page.more else { break }
            #expect(page.cursor > cursor)
            cursor = page.cursor
        }
        #expect(up == Array(1...50))
        var down: [UInt64] = []
        var before: UInt64?
        while true {
            let page = try reading.descending(query, before: before, limit: 7)
            down += page.records.map(\.revision)
            guard page.more else { break }
            #expect(before.map { page.cursor < $0 } ?? true)
            before = page.cursor
        }
        #expect(down == Array((1...50).reversed()))
    }
}
