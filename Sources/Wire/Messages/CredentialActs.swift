/// Does something with a credential, a pool, a schedule, …: refreshes it, checks it, brings it back.
public struct CredentialActRequest: WireMessage {
    public var noun: String
    /// As of a record.
    public var id: String
    /// `refresh`, `check`, `relogin`, `undelete`, …; 1 to 32 bytes. Which there are says protocol.md, "Acts".
    public var verb: String
    public let options: [RecordField]
    /// 0 to 65,536 bytes; empty: none.
    public var secret: [UInt8]

    /// Orders the options; of two with one name the later is kept.
    public init(noun: String, id: String, verb: String, options: [RecordField] = [], secret: [UInt8] = []) {
        self.noun = noun
        self.id = id
        self.verb = verb
        self.options = RecordField.ordered(options)
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        id = try decoder.recordID()
        verb = try decoder.text("verb", limit: Limits.verb, minimum: 1)
        options = try decoder.recordFields("options")
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.text(id)
        encoder.text(verb)
        encoder.recordFields(options)
        encoder.bytes32(secret)
    }
}

/// What came of it.
public struct CredentialActResponse: WireMessage {
    /// As it is now.
    public var record: Record
    /// One sentence for people, 0 to 1,024 bytes.
    public var result: String
    /// The same for programs, by names that each verb has.
    public let details: [RecordField]
    /// What was asked to be shown, 0 to 65,536 bytes; empty: nothing was.
    public var secret: [UInt8]

    /// Orders the details; of two with one name the later is kept.
    public init(record: Record, result: String, details: [RecordField] = [], secret: [UInt8] = []) {
        self.record = record
        self.result = result
        self.details = RecordField.ordered(details)
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        record = try Record(from: &decoder)
        result = try decoder.text("result", limit: Limits.actResult)
        details = try decoder.recordFields("details")
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        record.encode(to: &encoder)
        encoder.text(result)
        encoder.recordFields(details)
        encoder.bytes32(secret)
    }
}

/// Brings credentials, pools and schedules of another system, as many rows as fit a frame: a large import is many of these.
public struct CredentialImportRequest: WireMessage {
    /// The system that the rows come from, 1 to 32 bytes: `rtmanage`, …
    public var source: String
    /// Reports what would happen and changes nothing.
    public var dryRun: Bool
    /// 1 to 1,000.
    public var rows: [AccountRow]

    public init(source: String, dryRun: Bool = false, rows: [AccountRow]) {
        self.source = source
        self.dryRun = dryRun
        self.rows = rows
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        source = try decoder.text("source", limit: Limits.importSource, minimum: 1)
        dryRun = try decoder.bool("dry_run")
        rows = try decoder.list("rows", limit: Limits.credentialRows) { decoder throws(WireError) in try AccountRow(from: &decoder) }
        guard !rows.isEmpty else { throw .tooShort("rows") }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(source)
        encoder.bool(dryRun)
        encoder.list(rows) { $1.encode(to: &$0) }
    }
}
