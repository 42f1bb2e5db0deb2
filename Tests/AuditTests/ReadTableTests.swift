import CofferStore
import Glibc
import Testing

@testable import CofferAudit

@Suite struct ReadTableTests {
    private static func key(_ number: UInt64, version: UInt64 = 1, result: UInt16 = 0) -> ReadTable.Key {
        .init(low: number, high: ~number, tenant: 1, version: version, noun: .secret, action: .get, result: result)
    }

    private static func count(_ table: ReadTable, _ key: ReadTable.Key, _ who: AuditWho, _ name: String, _ now: UInt64) -> Bool {
        Array(name.utf8).withUnsafeBytes { table.count(key, who, $0, now: now) }
    }

    private static func records(_ table: ReadTable) throws -> [AuditRecord] {
        let buffer = RecordBuffer()
        var refusals = RecordLimiter(.refusals)
        table.encode(to: buffer, limiting: &refusals, now: 0)
        var reader = FieldReader(buffer.bytes, "a test")
        var records: [AuditRecord] = []
        while reader.remaining > 0 { records.append(try RecordLayout.read(&reader, sequence: 0)) }
        return records
    }

    @Test func equalReadsAreOneRecord() throws {
        let table = try ReadTable(capacity: 16)
        let (ada, bob) = (AuditWho(selector: "uid:1"), AuditWho(selector: "uid:2"))
        for now in [1_000, 1_100, 1_700] as [UInt64] { #expect(Self.count(table, Self.key(1), ada, "a/b", now)) }
        #expect(Self.count(table, Self.key(1), bob, "a/b", 1_200))
        #expect(Self.count(table, Self.key(1, version: 2), ada, "a/b", 1_300))
        #expect(Self.count(table, Self.key(1, result: 10), ada, "a/b", 1_400))
        let records = try Self.records(table)
        #expect(records.map(\.count) == [3, 1, 1, 1])
        #expect(records[0].time == 1_000 && records[0].last == 1_700)
        #expect(records.map(\.who.selector) == ["uid:1", "uid:2", "uid:1", "uid:1"])
        #expect(records.allSatisfy { $0.name == Array("a/b".utf8) })
        #expect(table.first == 1_000)
    }

    @Test func aFullTableSaysSoAndLosesNothing() throws {
        let table = try ReadTable(capacity: 16)
        let who = AuditWho(selector: "uid:1")
        for number in 0..<16 { #expect(Self.count(table, Self.key(UInt64(number)), who, "n\(number)", 1)) }
        #expect(!Self.count(table, Self.key(99), who, "n99", 1))
        #expect(Self.count(table, Self.key(3), who, "n3", 2), "what is there already still counts")
        #expect(try Self.records(table).map { String(decoding: $0.name, as: UTF8.self) } == (0..<16).map { "n\($0)" })
        table.removeAll()
        #expect(table.count == 0 && table.first == 0)
        #expect(Self.count(table, Self.key(99), who, "n99", 5))
        #expect(try Self.records(table).map(\.count) == [1])
    }

    /// Bytes that are in memory, of a table's own.
    private static func resident(_ table: ReadTable) -> Int {
        var found = [UInt8](repeating: 0, count: (table.pages.count + 4_095) / 4_096)
        let base = UnsafeMutableRawPointer(mutating: table.pages.baseAddress)
        guard mincore(base, table.pages.count, &found) == 0 else { return -1 }
        return found.count { $0 & 1 == 1 } * 4_096
    }

    @Test func whatABurstTookIsGivenBack() throws {
        let table = try ReadTable()
        let who = AuditWho(selector: "uid:1")
        for number in 0..<50_000 { #expect(Self.count(table, Self.key(UInt64(number) &* 0x9E37_79B9_7F4A_7C15), who, "name/\(number)", 1)) }
        #expect(table.isFilledMuch)
        table.giveBackPages()
        #expect(table.count == 50_000, "what is in it stays")
        table.removeAll()
        #expect(table.isLarge && !table.isFilledMuch)
        #expect(Self.resident(table) > 2 << 20)
        table.giveBackPages()
        #expect(!table.isLarge)
        #expect((0..<1 << 16).contains(Self.resident(table)))
        for number in 0..<100 { #expect(Self.count(table, Self.key(UInt64(number)), who, "name/\(number)", 2)) }
        #expect(try Self.records(table).map(\.count) == [UInt32](repeating: 1, count: 100))
    }

    /// Loop and log together: both tables of a loop, whichever is where when it gets quiet.
    @Test func aQuietDaemonKeepsNoLargeTable() throws {
        let fixture = try Fixture()
        let recorder = try fixture.log.makeRecorder()
        let who = AuditWho(selector: "uid:1")
        func read(_ count: UInt64) {
            for number in 0..<count {
                let hash = (low: number &* 0x9E37_79B9_7F4A_7C15, high: number)
                #expect(Array("name/\(number)".utf8).withUnsafeBytes {
                    recorder.count(.get, .secret, who, hash: hash, tenant: 1, name: $0, version: 1, now: 1)
                })
            }
        }
        func wait(_ what: (AuditLog) -> Bool) -> Bool {
            for _ in 0..<1_000 where !fixture.log.monitor.locked({ what(fixture.log) }) { usleep(10_000) }
            return fixture.log.monitor.locked { what(fixture.log) }
        }
        for _ in 0..<2 {
            read(20_000)
            recorder.handOver()
            #expect(wait { $0.free.count == 1 })
        }
        #expect(wait { $0.free.count == 1 && !$0.free[0].isLarge }, "the log gives back what it has")
        #expect(recorder.due(10_000) == 13_000, "the loop brings its own when it has been quiet")
        #expect(recorder.due(12_000) == 13_000)
        recorder.handOver()
        #expect(recorder.due(13_000) == 0)
        #expect(wait { $0.free.count == 1 && !$0.free[0].isLarge })
        #expect(fixture.log.status().lag == 0, "an empty table is nothing that waits")
        read(10)
        recorder.handOver()
        #expect(wait { $0.free.count == 1 })
    }

    @Test func longNamesFillIt() throws {
        let table = try ReadTable(capacity: 16)
        let who = AuditWho(selector: "uid:1")
        var taken = 0
        for number in 0..<16 where Self.count(table, Self.key(UInt64(number)), who, String(repeating: "x", count: 512), 1) { taken += 1 }
        #expect(taken > 0 && taken < 16)
        #expect(try Self.records(table).count == taken)
    }

    /// Against a dictionary, with keys that collide.
    @Test func itCountsLikeADictionary() throws {
        let table = try ReadTable(capacity: 1_024)
        let who = (0..<3).map { AuditWho(selector: "uid:\($0)") }
        var model: [String: UInt32] = [:]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let number = UInt64.random(in: 0..<250, using: &random)
            let caller = Int.random(in: 0..<3, using: &random)
            // All in a few places of the table.
            let key = ReadTable.Key(
                low: (number & 3) << 40, high: number, tenant: 1, version: number & 1, noun: .secret, action: .get, result: 0)
            #expect(Self.count(table, key, who[caller], "n\(number)", 7))
            model["\(caller) n\(number)", default: 0] += 1
        }
        var found: [String: UInt32] = [:]
        for record in try Self.records(table) {
            found["\(record.who.selector.dropFirst(4)) \(String(decoding: record.name, as: UTF8.self))", default: 0] += record.count
        }
        #expect(found == model)
    }
}
