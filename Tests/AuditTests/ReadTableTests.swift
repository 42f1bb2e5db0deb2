import CofferStore
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
