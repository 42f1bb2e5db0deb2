/// Asks for records of the audit log, a page at a time. Fields that are empty or 0 ask for nothing.
public struct AuditSearchRequest: WireMessage {
    public enum Result: Equatable, Sendable {
        case any
        case done
        case refused
        case error(UInt16)
    }

    /// A pattern as policies have it, 0 to 1,024 bytes.
    public var name: [UInt8]
    /// A selector, 0 to 255 bytes: `uid:1001`, `door:admin`, `address:192.0.2.7`.
    public var who: String
    /// 0 to 32 bytes: `secret`.
    public var noun: String
    /// 0 to 32 bytes: `get`.
    public var action: String
    public var result: Result
    /// Unix milliseconds, both ends included.
    public var since: UInt64
    public var until: UInt64
    /// Changes that wrote this value; `nil`: whatever was written.
    public var value: [UInt8]?
    /// The newest first.
    public var newestFirst: Bool
    /// `cursor` of the page before; 0: from the beginning, or from the end.
    public var cursor: UInt64
    /// 1 to 1,000.
    public var limit: UInt16

    public init(
        name: [UInt8] = [], who: String = "", noun: String = "", action: String = "", result: Result = .any, since: UInt64 = 0,
        until: UInt64 = 0, value: [UInt8]? = nil, newestFirst: Bool = false, cursor: UInt64 = 0, limit: UInt16 = 100
    ) {
        self.name = name
        self.who = who
        self.noun = noun
        self.action = action
        self.result = result
        self.since = since
        self.until = until
        self.value = value
        self.newestFirst = newestFirst
        self.cursor = cursor
        self.limit = limit
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.bytes16("name", limit: Limits.auditName)
        who = try decoder.text("who", limit: Limits.selector)
        noun = try decoder.text("noun", limit: Limits.auditWord)
        action = try decoder.text("action", limit: Limits.auditWord)
        switch try decoder.u8("result") {
        case 0: result = .any
        case 1: result = .done
        case 2: result = .refused
        case 3:
            let code = try decoder.u16("code")
            guard code > 0 else { throw .unknownValue("code") }
            result = .error(code)
        default: throw .unknownValue("result")
        }
        since = try decoder.u64("since")
        until = try decoder.u64("until")
        newestFirst = try decoder.bool("newest_first")
        cursor = try decoder.u64("cursor")
        limit = try decoder.u16("limit")
        guard (1...Limits.auditPage).contains(Int(limit)) else { throw .unknownValue("limit") }
        value = try decoder.bool("with_value") ? try decoder.bytes32("value", limit: Limits.value) : nil
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes16(name)
        encoder.text(who)
        encoder.text(noun)
        encoder.text(action)
        switch result {
        case .any: encoder.u8(0)
        case .done: encoder.u8(1)
        case .refused: encoder.u8(2)
        case .error(let code):
            encoder.u8(3)
            encoder.u16(code)
        }
        encoder.u64(since)
        encoder.u64(until)
        encoder.bool(newestFirst)
        encoder.u64(cursor)
        encoder.u16(limit)
        encoder.bool(value != nil)
        if let value { encoder.bytes32(value) }
    }
}

/// One record of the audit log.
public struct AuditEntry: WireMessage {
    /// From 1.
    public var sequence: UInt64
    /// Unix milliseconds; of several equal reads the first and the last.
    public var time: UInt64
    public var last: UInt64
    /// Equal reads that it stands for, from 1.
    public var count: UInt32
    /// 0 to 255 bytes.
    public var who: String
    /// 2^32-1: none.
    public var uid: UInt32
    /// 0: unknown.
    public var pid: UInt32
    public var door: String
    public var address: String
    /// What else was known of the caller; at most 32.
    public var selectors: [String]
    /// 1 to 32 bytes each.
    public var noun: String
    public var action: String
    /// 0, or the number of an error.
    public var result: UInt16
    /// By its name where it still has one, else its number behind `#`; empty: none.
    public var tenant: String
    /// 0 to 1,024 bytes.
    public var name: [UInt8]
    public var version: UInt64
    public var revision: UInt64
    /// Whether a value was written whose digest is known.
    public var hasDigest: Bool
    /// 0 to 1,024 bytes.
    public var note: String

    public init(
        sequence: UInt64, time: UInt64, last: UInt64, count: UInt32, who: String, uid: UInt32, pid: UInt32, door: String, address: String,
        selectors: [String], noun: String, action: String, result: UInt16, tenant: String, name: [UInt8], version: UInt64, revision: UInt64,
        hasDigest: Bool, note: String
    ) {
        self.sequence = sequence
        self.time = time
        self.last = last
        self.count = count
        self.who = who
        self.uid = uid
        self.pid = pid
        self.door = door
        self.address = address
        self.selectors = selectors
        self.noun = noun
        self.action = action
        self.result = result
        self.tenant = tenant
        self.name = name
        self.version = version
        self.revision = revision
        self.hasDigest = hasDigest
        self.note = note
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        sequence = try decoder.u64("sequence")
        time = try decoder.u64("time")
        last = try decoder.u64("last")
        count = try decoder.u32("count")
        who = try decoder.text("who", limit: Limits.selector)
        uid = try decoder.u32("uid")
        pid = try decoder.u32("pid")
        door = try decoder.text("door", limit: Limits.selector)
        address = try decoder.text("address", limit: Limits.selector)
        selectors = try decoder.list("selectors", limit: Limits.selectors) { decoder throws(WireError) in
            try decoder.text("selector", limit: Limits.selector)
        }
        noun = try decoder.text("noun", limit: Limits.auditWord, minimum: 1)
        action = try decoder.text("action", limit: Limits.auditWord, minimum: 1)
        result = try decoder.u16("result")
        tenant = try decoder.text("tenant", limit: Limits.otherName)
        name = try decoder.bytes16("name", limit: Limits.auditName)
        version = try decoder.u64("version")
        revision = try decoder.u64("revision")
        hasDigest = try decoder.bool("has_digest")
        note = try decoder.text("note", limit: Limits.auditNote)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(sequence)
        encoder.u64(time)
        encoder.u64(last)
        encoder.u32(count)
        encoder.text(who)
        encoder.u32(uid)
        encoder.u32(pid)
        encoder.text(door)
        encoder.text(address)
        encoder.list(selectors) { $0.text($1) }
        encoder.text(noun)
        encoder.text(action)
        encoder.u16(result)
        encoder.text(tenant)
        encoder.bytes16(name)
        encoder.u64(version)
        encoder.u64(revision)
        encoder.bool(hasDigest)
        encoder.text(note)
    }
}

/// A page of records. It may be empty though there are more: a search of a long log comes in pieces.
public struct AuditSearchResponse: WireMessage {
    public var entries: [AuditEntry]
    /// To be given with the next request; where there is no more, where the log ends now.
    public var cursor: UInt64
    public var more: Bool

    public init(entries: [AuditEntry], cursor: UInt64, more: Bool) {
        self.entries = entries
        self.cursor = cursor
        self.more = more
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        entries = try decoder.list("entries", limit: Limits.auditPage) { decoder throws(WireError) in try AuditEntry(from: &decoder) }
        cursor = try decoder.u64("cursor")
        more = try decoder.bool("more")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.list(entries) { $1.encode(to: &$0) }
        encoder.u64(cursor)
        encoder.bool(more)
    }
}

/// What verifying the audit log found.
public struct AuditVerifyResponse: WireMessage {
    public struct Finding: WireMessage {
        /// The file's number; 0: the log as a whole.
        public var file: UInt64
        /// 0: none can be named.
        public var record: UInt64
        /// Acknowledged by a repair, or by the log itself.
        public var isKnown: Bool
        /// 1 to 1,024 bytes.
        public var message: String

        public init(file: UInt64, record: UInt64, isKnown: Bool, message: String) {
            self.file = file
            self.record = record
            self.isKnown = isKnown
            self.message = message
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            file = try decoder.u64("file")
            record = try decoder.u64("record")
            isKnown = try decoder.bool("is_known")
            message = try decoder.text("message", limit: Limits.auditNote, minimum: 1)
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.u64(file)
            encoder.u64(record)
            encoder.bool(isKnown)
            encoder.text(message)
        }
    }

    public var files: UInt32
    public var records: UInt64
    public var first: UInt64
    public var last: UInt64
    /// The first 1,000.
    public var findings: [Finding]

    public init(files: UInt32, records: UInt64, first: UInt64, last: UInt64, findings: [Finding]) {
        self.files = files
        self.records = records
        self.first = first
        self.last = last
        self.findings = findings
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        files = try decoder.u32("files")
        records = try decoder.u64("records")
        first = try decoder.u64("first")
        last = try decoder.u64("last")
        findings = try decoder.list("findings", limit: Limits.auditFindings) { decoder throws(WireError) in try Finding(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(files)
        encoder.u64(records)
        encoder.u64(first)
        encoder.u64(last)
        encoder.list(findings) { $1.encode(to: &$0) }
    }
}

/// What was done to begin the log anew.
public struct AuditRepairResponse: WireMessage {
    /// 0 to 1,024 bytes.
    public var result: String

    public init(result: String) { self.result = result }
    public init(from decoder: inout WireDecoder) throws(WireError) { result = try decoder.text("result", limit: Limits.auditNote) }
    public func encode(to encoder: inout WireEncoder) { encoder.text(result) }
}
