/// Asks for records of a noun, a page at a time.
public struct RecordListRequest: WireMessage {
    public var noun: String
    /// What the records must have in common, as protocol.md says of each noun; none: all of them.
    public let filter: [RecordField]
    /// `next` of the page before; empty: from the beginning. 0 to 600 bytes.
    public var after: String
    /// Most records in the page, 1 to 1,000.
    public var limit: UInt16

    /// Orders the filter; of two fields with one name the later is kept.
    public init(noun: String, filter: [RecordField] = [], after: String = "", limit: UInt16 = 100) {
        self.noun = noun
        self.filter = RecordField.ordered(filter)
        self.after = after
        self.limit = limit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        filter = try decoder.recordFields("filter")
        after = try decoder.text("after", limit: Limits.recordID)
        limit = try decoder.u16("limit")
        guard (1...Limits.recordPage).contains(Int(limit)) else { throw .unknownValue("limit") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.recordFields(filter)
        encoder.text(after)
        encoder.u16(limit)
    }
}

/// A page of records. It may hold fewer than were asked for (it is kept below one frame): only an empty `next` is the end.
public struct RecordListResponse: WireMessage {
    public var records: [Record]
    /// To be given as `after`; empty at the end.
    public var next: String
    /// How many records the filter matches, of those that the caller may list.
    public var total: UInt64

    public init(records: [Record], next: String, total: UInt64) {
        self.records = records
        self.next = next
        self.total = total
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        records = try decoder.list("records", limit: Limits.recordPage) { decoder throws(WireError) in try Record(from: &decoder) }
        next = try decoder.text("next", limit: Limits.recordID)
        total = try decoder.u64("total")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.list(records) { $1.encode(to: &$0) }
        encoder.text(next)
        encoder.u64(total)
    }
}

/// Asks for one record.
public struct RecordShowRequest: WireMessage {
    public var noun: String
    public var id: String

    public init(noun: String, id: String) {
        self.noun = noun
        self.id = id
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        id = try decoder.recordID()
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.text(id)
    }
}

/// Deletes records in one change; those that are not there are skipped.
public struct RecordDeleteRequest: WireMessage {
    public var noun: String
    /// 1 to 10,000 of them, as many as fit a frame.
    public var ids: [String]

    public init(noun: String, ids: [String]) {
        self.noun = noun
        self.ids = ids
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        ids = try decoder.list("ids", limit: Limits.recordDeletions) { decoder throws(WireError) in try decoder.recordID() }
        guard !ids.isEmpty else { throw .tooShort("ids") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.list(ids) { $0.text($1) }
    }
}

public struct RecordDeleteResponse: WireMessage {
    /// How many records were there and are gone now.
    public var count: UInt32

    public init(count: UInt32) { self.count = count }
    public init(from decoder: inout WireDecoder) throws(WireError) { count = try decoder.u32("count") }
    public func encode(to encoder: inout WireEncoder) { encoder.u32(count) }
}
