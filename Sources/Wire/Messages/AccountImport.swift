/// Opens an import of tenants, users and API keys, a stream like ``ImportRequest``: the server grants credit, the client sends chunks
/// and an end with ``ImportFinish``, the server's end is an ``AccountImportResponse``.
public struct AccountImportRequest: WireMessage {
    /// The system that the rows come from, 1 to 32 bytes: `newapi`, `ragflow`, …
    public var source: String
    /// Reports what would happen and changes nothing.
    public var dryRun: Bool

    public init(source: String, dryRun: Bool = false) {
        self.source = source
        self.dryRun = dryRun
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        source = try decoder.text("source", limit: Limits.importSource, minimum: 1)
        dryRun = try decoder.bool("dry_run")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(source)
        encoder.bool(dryRun)
    }
}

/// A record on its way in.
public struct AccountRow: WireMessage {
    /// A secret of the row: `password_hash`, `key`, …
    public struct Secret: WireMessage {
        /// 1 to 32 bytes.
        public var name: String
        /// 0 to 65,536 bytes.
        public var value: [UInt8]

        public init(_ name: String, _ value: [UInt8]) {
            self.name = name
            self.value = value
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            name = try decoder.text("secret.name", limit: Limits.rowSecretName, minimum: 1)
            value = try decoder.bytes32("secret.value", limit: Limits.recordSecret)
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.text(name)
            encoder.bytes32(value)
        }
    }

    /// Where the row comes from, for messages, 0 to 128 bytes: `tokens 12`.
    public var origin: String
    public var noun: String
    public let fields: [RecordField]
    /// In the order of the bytes of their names, each name once; at most 16.
    public let secrets: [Secret]

    /// Orders fields and secrets; of two with one name the later is kept.
    public init(origin: String = "", noun: String, fields: [RecordField], secrets: [Secret] = []) {
        self.origin = origin
        self.noun = noun
        self.fields = RecordField.ordered(fields)
        let byName = Dictionary(secrets.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { $1 })
        self.secrets = byName.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        origin = try decoder.text("origin", limit: Limits.rowOrigin)
        noun = try decoder.noun()
        fields = try decoder.recordFields("fields")
        secrets = try decoder.list("secrets", limit: Limits.rowSecrets) { decoder throws(WireError) in try Secret(from: &decoder) }
        for (first, second) in zip(secrets, secrets.dropFirst())
        where !first.name.utf8.lexicographicallyPrecedes(second.name.utf8) {
            throw .notSorted("secrets")
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(origin)
        encoder.text(noun)
        encoder.recordFields(fields)
        encoder.list(secrets) { $1.encode(to: &$0) }
    }
}

/// A chunk of an import of accounts: 1 to 1,000 whole rows within one frame.
public struct AccountImportChunk: WireMessage {
    public var rows: [AccountRow]
    public init(rows: [AccountRow]) { self.rows = rows }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        rows = try decoder.list("rows", limit: Limits.importChunkRows) { decoder throws(WireError) in try AccountRow(from: &decoder) }
        guard !rows.isEmpty else { throw .tooShort("rows") }
    }
    public func encode(to encoder: inout WireEncoder) { encoder.list(rows) { $1.encode(to: &$0) } }
}

/// What an import of accounts did, or would do, with one row.
public enum AccountImportEffect: UInt8, Sendable, CaseIterable {
    case created = 0
    case changed = 1
    case unchanged = 2
    /// A note says why.
    case refused = 3
}

/// The end of an import of accounts that did not fail: what became of each row, and notes on some.
public struct AccountImportResponse: WireMessage {
    /// A remark on one row.
    public struct Note: WireMessage, Hashable {
        /// Counted from 0, in the order in which the rows were sent.
        public var row: UInt32
        /// For people, 0 to 300 bytes.
        public var text: String

        public init(row: UInt32, text: String) {
            self.row = row
            self.text = text
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            row = try decoder.u32("note.row")
            text = try decoder.text("note.text", limit: Limits.importNote)
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.u32(row)
            encoder.text(text)
        }
    }

    /// Where the store stands after the import; the present one where nothing changed.
    public var revision: UInt64
    /// One for each row, in the order of the rows; at most 200,000.
    public var effects: [AccountImportEffect]
    /// At most 2,000.
    public var notes: [Note]
    /// How many further notes there were.
    public var moreNotes: UInt32

    public init(revision: UInt64, effects: [AccountImportEffect], notes: [Note] = [], moreNotes: UInt32 = 0) {
        self.revision = revision
        self.effects = effects
        self.notes = notes
        self.moreNotes = moreNotes
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        let bytes = try decoder.slice32("effects", limit: Limits.importRows)
        effects = []
        effects.reserveCapacity(bytes.count)
        for byte in bytes {
            guard let effect = AccountImportEffect(rawValue: byte) else { throw .unknownValue("effects") }
            effects.append(effect)
        }
        notes = try decoder.list("notes", limit: Limits.importNotes) { decoder throws(WireError) in try Note(from: &decoder) }
        moreNotes = try decoder.u32("more_notes")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.bytes32(effects.map(\.rawValue))
        encoder.list(notes) { $1.encode(to: &$0) }
        encoder.u32(moreNotes)
    }
}
