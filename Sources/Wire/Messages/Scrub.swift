/// What is to be done about scrubs: reading and opening every record of the store.
public struct ScrubRequest: WireMessage {
    public enum Act: UInt8, Sendable, CaseIterable {
        /// Only asks how it stands.
        case state = 0
        /// Begins one; where one runs already, that one goes on.
        case start = 1
        /// Ends the one that runs, without a result.
        case stop = 2
    }

    public var act: Act

    public init(_ act: Act) { self.act = act }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let act = Act(rawValue: try decoder.u8("act")) else { throw .unknownValue("act") }
        self.act = act
    }

    public func encode(to encoder: inout WireEncoder) { encoder.u8(act.rawValue) }
}

/// One thing that is not as the store left it.
public struct ScrubEntry: WireMessage {
    public enum Kind: UInt8, Sendable, CaseIterable {
        case damaged = 1
        case vanished = 2
        case appeared = 3
        case putBack = 4
        case orphan = 5
        case missingValue = 6
        case missingName = 7
        case unlisted = 8
        case contradiction = 9
    }

    public var kind: Kind
    /// 1 to 64 bytes: `values`, `secrets`, …; `header` for the header.
    public var table: String
    /// Empty where it is not known, or belongs to none; 0 to 255 bytes.
    public var tenant: String
    /// Of the secret, document or budget; empty where it cannot be known; 0 to 1,024 bytes.
    public var name: [UInt8]
    /// 0: it is not about one version.
    public var version: UInt64
    /// For people, 0 to 1,024 bytes.
    public var message: String

    public init(kind: Kind, table: String, tenant: String, name: [UInt8], version: UInt64, message: String) {
        self.kind = kind
        self.table = table
        self.tenant = tenant
        self.name = name
        self.version = version
        self.message = message
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let kind = Kind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        table = try decoder.text("table", limit: Limits.scrubTable, minimum: 1)
        tenant = try decoder.text("tenant", limit: Limits.otherName)
        name = try decoder.bytes16("name", limit: Limits.label)
        version = try decoder.u64("version")
        message = try decoder.text("message", limit: Limits.scrubMessage)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(kind.rawValue)
        encoder.text(table)
        encoder.text(tenant)
        encoder.bytes16(name)
        encoder.u64(version)
        encoder.text(message)
    }
}

/// What a scrub came to.
public struct ScrubResult: WireMessage {
    /// Records of one table.
    public struct Table: Equatable, Sendable {
        /// 1 to 64 bytes.
        public var table: String
        public var records: UInt64

        public init(table: String, records: UInt64) {
            self.table = table
            self.records = records
        }
    }

    /// Unix milliseconds.
    public var began: UInt64
    /// Unix milliseconds.
    public var finished: UInt64
    /// Why it did not look at everything, for people; empty where it did. 0 to 1,024 bytes.
    public var failure: String
    /// The store as it was then was looked at.
    public var position: Position
    public var records: UInt64
    /// Their sealed bytes.
    public var bytes: UInt64
    /// At most 256.
    public var tables: [Table]
    /// How many findings there are in all.
    public var findingCount: UInt64
    /// The first of them, at most 400.
    public var findings: [ScrubEntry]

    public init(
        began: UInt64, finished: UInt64, failure: String, position: Position, records: UInt64, bytes: UInt64, tables: [Table],
        findingCount: UInt64, findings: [ScrubEntry]
    ) {
        self.began = began
        self.finished = finished
        self.failure = failure
        self.position = position
        self.records = records
        self.bytes = bytes
        self.tables = tables
        self.findingCount = findingCount
        self.findings = findings
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        began = try decoder.u64("began")
        finished = try decoder.u64("finished")
        failure = try decoder.text("failure", limit: Limits.scrubMessage)
        position = try Position(from: &decoder)
        records = try decoder.u64("records")
        bytes = try decoder.u64("bytes")
        tables = try decoder.list("tables", limit: Limits.scrubTables) { decoder throws(WireError) in
            let table = try decoder.text("table.name", limit: Limits.scrubTable, minimum: 1)
            return Table(table: table, records: try decoder.u64("table.records"))
        }
        findingCount = try decoder.u64("finding_count")
        findings = try decoder.list("findings", limit: Limits.scrubFindings) { decoder throws(WireError) in
            try ScrubEntry(from: &decoder)
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(began)
        encoder.u64(finished)
        encoder.text(failure)
        position.encode(to: &encoder)
        encoder.u64(records)
        encoder.u64(bytes)
        encoder.list(tables) { encoder, table in
            encoder.text(table.table)
            encoder.u64(table.records)
        }
        encoder.u64(findingCount)
        encoder.list(findings) { $1.encode(to: &$0) }
    }
}

/// How scrubs stand.
public struct ScrubResponse: WireMessage {
    /// One is running: `done` of about `total` records were looked at.
    public var isRunning: Bool
    public var done: UInt64
    public var total: UInt64
    /// Milliseconds between two that the daemon begins by itself; 0: it begins none.
    public var interval: UInt64
    /// The last one that ended since the daemon was started; `nil`: none.
    public var last: ScrubResult?

    public init(isRunning: Bool, done: UInt64, total: UInt64, interval: UInt64, last: ScrubResult?) {
        self.isRunning = isRunning
        self.done = done
        self.total = total
        self.interval = interval
        self.last = last
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        isRunning = try decoder.bool("running")
        done = try decoder.u64("done")
        total = try decoder.u64("total")
        interval = try decoder.u64("interval")
        last = try decoder.optional("last") { decoder throws(WireError) in try ScrubResult(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bool(isRunning)
        encoder.u64(done)
        encoder.u64(total)
        encoder.u64(interval)
        encoder.optional(last) { $1.encode(to: &$0) }
    }
}
