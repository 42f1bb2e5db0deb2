import CofferStore
import Foundation
import Testing

@testable import CofferAudit

/// Floods of refusals, and a log that cannot be written, leave room for what matters.
@Suite struct FloodTests {
    private static let stranger = AuditWho(selector: "uid:666", uid: 666, pid: 4, door: "socket", selectors: ["gid:666"])

    private static func refusal(_ number: Int) -> AuditRecord {
        AuditRecord(
            time: 5, who: stranger, noun: .secret, action: .put, result: 10, tenant: 1, name: Array("made/up/\(number)".utf8))
    }

    private static func size(_ fixture: Fixture) throws -> Int { try fixture.files().reduce(0) { try $0 + Fixture.read($1).count } }

    @Test func refusalsOfOneCallerDoNotPushHistoryOut() throws {
        let fixture = try Fixture { $0.segmentBytes = 64 << 10; $0.keep = 2 }
        try fixture.store.change(.put(NewVersion(name: name("kept"), value: SecretBuffer([1]))))
        for number in 0..<50_000 { fixture.log.recordRefusal(Self.refusal(number)) }
        try fixture.reopen()
        #expect(try Self.size(fixture) < 128 << 10)
        #expect(try fixture.records { $0.actions = [.put]; $0.result = .done }.map(\.name) == [Array("kept".utf8)])
        let refused = try fixture.records { $0.result = .refused }
        #expect(refused.reduce(0) { $0 + UInt64($1.count) } == 50_000)
        #expect(refused.count < 1_000 && refused.contains { $0.count > 1 && $0.name.isEmpty })
    }

    /// A loop counts what it refuses by name; names are the caller's.
    @Test func refusedReadsOfMadeUpNamesAreCounted() throws {
        let fixture = try Fixture()
        let recorder = try fixture.log.makeRecorder()
        for number in 0..<50_000 as Range<UInt64> {
            let counted = Array("made/up/\(number)".utf8).withUnsafeBytes {
                recorder.count(
                    .get, .secret, Self.stranger, hash: (number, ~number), tenant: 1, name: $0, version: 0, result: 10, now: fixture.clock.now)
            }
            #expect(counted)
        }
        recorder.handOver()
        try fixture.flush()
        try fixture.reopen()
        let refused = try fixture.records { $0.actions = [.get] }
        #expect(refused.reduce(0) { $0 + UInt64($1.count) } == 50_000)
        #expect(try refused.count < 200 && Self.size(fixture) < 64 << 10)
    }

    @Test func whatIsWaitedForFindsRoomBehindWhatIsNot() throws {
        let fixture = try Fixture()
        // Nothing is taken while the store is locked.
        fixture.store.lock()
        let bulk = AuditRecord(time: 5, who: .daemon, noun: .store, action: .check, note: String(repeating: "n", count: 1_000))
        for _ in 0..<10_000 { fixture.log.record(bulk) }
        let answer = LogTicket<Bool>()
        fixture.log.record(AuditRecord(time: 6, who: .daemon, noun: .store, action: .start)) { answer.settle($0) }
        try fixture.store.unlock(.keyFile(fixture.key))
        #expect(answer.wait(milliseconds: 5_000) == true)
        let lost = try #require(try fixture.records { $0.actions = [.lost] }.first)
        let told = try #require(UInt64(lost.note.prefix { $0.isNumber }))
        #expect(try UInt64(fixture.records { $0.actions = [.check] }.count) + told == 10_000)
    }

    /// What is half full is taken at once: in one of some tries, for the machine may be busy.
    @Test func aFloodWakesTheLogBeforeItsTime() throws {
        let fixture = try Fixture()
        let bulk = AuditRecord(time: 5, who: .daemon, noun: .store, action: .check, note: String(repeating: "n", count: 1_000))
        let fastest = (0..<8).map { _ in
            let start = Clock.monotonic
            for _ in 0..<4_100 { fixture.log.record(bulk) }
            while fixture.log.monitor.locked({ fixture.log.incoming.count }) > AuditLog.mostIncoming / 4 { usleep(1_000) }
            return Clock.monotonic - start
        }.min()
        #expect((fastest ?? .max) < LogCore.syncDelay)
    }

    /// Broken here; a full disk is no other.
    @Test func aLogThatIsDownTakesNoMoreThanItCanHold() throws {
        let fixture = try Fixture()
        try fixture.store.change(.put(NewVersion(name: name("a"), value: SecretBuffer([1]))))
        for file in fixture.files() { try FileManager.default.removeItem(atPath: file) }
        let bulk = AuditRecord(time: 5, who: .daemon, noun: .store, action: .check, note: String(repeating: "n", count: 1_000))
        for _ in 0..<10 {
            for _ in 0..<5_000 { fixture.log.record(bulk) }
            usleep(30_000)
        }
        let waiting = fixture.log.monitor.locked { fixture.log.incoming.count }
        #expect(fixture.log.core.work.count + waiting < 4 * AuditLog.mostIncoming)
        _ = try fixture.repair()
        try fixture.flush()
        try fixture.flush()
        let kept = try fixture.records { $0.actions = [.check]; $0.nouns = [.store] }.count
        let lost = try fixture.records { $0.actions = [.lost] }.reduce(0) { $0 + (Int($1.note.prefix { $0.isNumber }) ?? 0) }
        #expect(lost > 0 && kept + lost == 50_000)
    }
}
