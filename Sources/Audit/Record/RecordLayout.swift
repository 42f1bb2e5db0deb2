import CofferStore

/// How a record lies in a block. Frozen: Tests/AuditTests has known answers.
///
///     length u16 of what follows
///     layout u8 (1) ‖ noun u8 ‖ action u8 ‖ result u16
///     time u64 ‖ span u32 (milliseconds to the last) ‖ count u32
///     tenant u64 ‖ version u64 ‖ revision u64
///     who: length u16, then selector ‖ uid u32 ‖ pid u32 ‖ door ‖ address ‖ selectors (count u8), texts with a length u16
///     name: length u16, bytes ‖ digest: length u8 (0 or 16), bytes ‖ note: length u16, UTF-8
enum RecordLayout {
    static let layout: UInt8 = 1

    /// The numbers of a record, for both ways of writing one.
    struct Fixed {
        var noun: UInt8
        var action: UInt8
        var result: UInt16
        var time: UInt64
        var span: UInt32
        var count: UInt32
        var tenant: UInt64
        var version: UInt64
        var revision: UInt64
    }

    /// Allocates nothing where the buffer has room.
    @inline(__always)
    static func write(_ fixed: Fixed, who: AuditWho, name: UnsafeRawBufferPointer, to buffer: RecordBuffer, rest: (RecordBuffer) -> Void) {
        buffer.record { buffer in
            buffer.put(layout)
            buffer.put(fixed.noun)
            buffer.put(fixed.action)
            buffer.put(fixed.result)
            buffer.put(fixed.time)
            buffer.put(fixed.span)
            buffer.put(fixed.count)
            buffer.put(fixed.tenant)
            buffer.put(fixed.version)
            buffer.put(fixed.revision)
            who.encoded.withUnsafeBytes { buffer.put16($0, limit: 16_384) }
            buffer.put16(name, limit: AuditRecord.longestName)
            rest(buffer)
        }
    }

    static func write(_ record: AuditRecord, to buffer: RecordBuffer) {
        let fixed = Fixed(
            noun: record.noun.rawValue, action: record.action.rawValue, result: record.result, time: record.time,
            span: UInt32(clamping: record.last - min(record.time, record.last)), count: record.count, tenant: record.tenant,
            version: record.version, revision: record.revision)
        record.name.withUnsafeBytes { name in
            write(fixed, who: record.who, name: name, to: buffer) { buffer in
                buffer.put(UInt8(record.digest.count == AuditKeys.digestSize ? record.digest.count : 0))
                if record.digest.count == AuditKeys.digestSize { record.digest.withUnsafeBytes { buffer.put($0) } }
                var note = record.note
                note.withUTF8 { buffer.put16(UnsafeRawBufferPointer(Self.whole($0, limit: AuditRecord.longestNote)), limit: AuditRecord.longestNote) }
            }
        }
    }

    /// Without a letter that the limit would cut in two.
    private static func whole(_ text: UnsafeBufferPointer<UInt8>, limit: Int) -> UnsafeBufferPointer<UInt8> {
        guard text.count > limit else { return text }
        var end = limit
        while end > 0 && text[end] & 0xC0 == 0x80 { end -= 1 }
        return UnsafeBufferPointer(rebasing: text[..<end])
    }

    /// Reads the record at the reader's place.
    /// - Throws: `damaged`, `unknown-format`.
    static func read(_ block: inout FieldReader, sequence: UInt64) throws(StoreError) -> AuditRecord {
        let length = try block.u16()
        var reader = FieldReader(try block.slice(Int(length)), "a record of the audit log")
        let found = try reader.u8()
        guard found == layout else { throw StoreError(.unknownFormat, "a record of the audit log has layout \(found)") }
        let (noun, action) = (try reader.u8(), try reader.u8())
        guard let noun = AuditNoun(rawValue: noun), let action = AuditAction(rawValue: action) else {
            throw StoreError(.unknownFormat, "a record of the audit log is about something that this version does not know")
        }
        let result = try reader.u16()
        let time = try reader.u64()
        let span = try reader.u32()
        let count = try reader.u32()
        let tenant = try reader.u64()
        let version = try reader.u64()
        let revision = try reader.u64()
        var whoReader = FieldReader(try reader.slice(Int(try reader.u16())), "a record of the audit log")
        let who = try AuditWho(from: &whoReader)
        try whoReader.finish()
        let name = try reader.bytes16()
        let digest = try reader.raw(Int(try reader.u8()))
        let note = try reader.text()
        try reader.finish()
        return AuditRecord(
            sequence: sequence, time: time, last: time.addingReportingOverflow(UInt64(span)).partialValue, count: count, who: who, noun: noun,
            action: action, result: result, tenant: tenant, name: name, version: version, revision: revision, digest: digest, note: note)
    }
}
