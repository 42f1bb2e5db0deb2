import CofferStore
import Testing

@testable import CofferAudit

@Suite struct RecordTests {
    static let example = AuditRecord(
        time: 1_700_000_000_000, last: 1_700_000_000_250, count: 3,
        who: AuditWho(selector: "uid:1001", uid: 1_001, pid: 77, door: "socket", selectors: ["unit:app.service"]), noun: .secret, action: .get,
        result: 10, tenant: 1, name: Array("payments/db".utf8), version: 4, revision: 9, digest: [UInt8](0..<16), note: "why")

    private static func decode(_ buffer: RecordBuffer) throws -> AuditRecord {
        var reader = FieldReader(buffer.bytes, "a test")
        let record = try RecordLayout.read(&reader, sequence: 0)
        try reader.finish()
        return record
    }

    @Test func layoutIsFrozen() {
        let buffer = RecordBuffer()
        RecordLayout.write(Self.example, to: buffer)
        let hex = buffer.bytes.map { String($0, radix: 16).leftPadded }.joined()
        #expect(hex == "0081010000000a0000018bcfe56800000000fa00000003000000000000000100000000000000040000000000000009002f"
            + "00087569643a31303031000003e90000004d0006736f636b6574000001" + "0010756e69743a6170702e73657276696365"
            + "000b7061796d656e74732f6462" + "10000102030405060708090a0b0c0d0e0f" + "0003776879")
    }

    @Test func whatIsWrittenIsRead() throws {
        let buffer = RecordBuffer()
        RecordLayout.write(Self.example, to: buffer)
        #expect(try Self.decode(buffer) == Self.example)
    }

    @Test func nothingIsTooLong() throws {
        var record = Self.example
        record.name = [UInt8](repeating: 0x61, count: 5_000)
        // The limit lies in the middle of a letter.
        record.note = "a" + String(repeating: "é", count: 1_000)
        let buffer = RecordBuffer()
        RecordLayout.write(record, to: buffer)
        let read = try Self.decode(buffer)
        #expect(read.name.count == AuditRecord.longestName)
        #expect(read.note == "a" + String(repeating: "é", count: 511))
    }

    @Test func truncatedRecordsAreDamaged() {
        let buffer = RecordBuffer()
        RecordLayout.write(Self.example, to: buffer)
        for end in 0..<buffer.count {
            var reader = FieldReader(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<end]), "a test")
            #expect(code { try RecordLayout.read(&reader, sequence: 0) } == .damaged)
        }
    }

    @Test func selectorsMatchAsTheyAreSpelled() {
        let who = Self.example.who
        for wanted in ["uid:1001", "unit:app.service", "door:socket", "pid:77"] { #expect(who.matches(wanted)) }
        for wanted in ["uid:100", "unit:app", "door:admin", "pid:7", "address:", ""] { #expect(!who.matches(wanted)) }
    }
}

extension String {
    fileprivate var leftPadded: String { count == 1 ? "0" + self : self }
}
