/// A field of a record. Which names a noun has, and how their values are written as text, says protocol.md, "Nouns".
public struct RecordField: WireMessage, Hashable {
    /// 1 to 64 bytes.
    public var name: String
    /// 0 to 524,288 bytes.
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.text("field.name", limit: Limits.recordFieldName, minimum: 1)
        value = try decoder.text32("field.value", limit: Limits.recordFieldValue)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(name)
        encoder.text32(value)
    }

    /// The one order in which fields go over the wire: that of the bytes of their names. Of two with one name the later is kept.
    static func ordered(_ fields: [RecordField]) -> [RecordField] {
        if isOrdered(fields) { return fields }
        // By bytes: two names that Swift's `==` takes for the same may be two.
        let byName = Dictionary(fields.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { $1 })
        return byName.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    static func isOrdered(_ fields: [RecordField]) -> Bool {
        zip(fields, fields.dropFirst()).allSatisfy { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension RecordField {
    /// Up to 64 fields in their one order, for whoever decodes an answer piece by piece.
    public static func list(from decoder: inout WireDecoder, _ field: StaticString) throws(WireError) -> [RecordField] {
        try decoder.recordFields(field)
    }
}

extension WireDecoder {
    /// Up to 64 fields in their one order.
    mutating func recordFields(_ field: StaticString) throws(WireError) -> [RecordField] {
        let fields = try list(field, limit: Limits.recordFields) { decoder throws(WireError) in try RecordField(from: &decoder) }
        guard RecordField.isOrdered(fields) else { throw .notSorted("\(field)") }
        return fields
    }

    mutating func noun() throws(WireError) -> String { try text("noun", limit: Limits.noun, minimum: 1) }
    mutating func recordID() throws(WireError) -> String { try text("id", limit: Limits.recordID, minimum: 1) }
}

extension WireEncoder {
    mutating func recordFields(_ fields: [RecordField]) { list(fields) { $1.encode(to: &$0) } }
}

/// A tenant, a user, an API key or another thing that has fields rather than versions. Never holds a secret.
public struct Record: WireMessage {
    /// What it is: `tenant`, `user`, `apikey`, … 1 to 32 bytes.
    public var noun: String
    /// What it is called among its kind, 1 to 600 bytes: a name or a number, by the noun.
    public var id: String
    /// The revision that changed it last.
    public var revision: UInt64
    /// In the order of the bytes of their names, each name once.
    public let fields: [RecordField]

    /// Orders the fields; of two with one name the later is kept.
    public init(noun: String, id: String, revision: UInt64, fields: [RecordField]) {
        self.noun = noun
        self.id = id
        self.revision = revision
        self.fields = RecordField.ordered(fields)
    }

    /// The value of a field; `nil` where the record has no such field.
    public subscript(name: String) -> String? {
        fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        id = try decoder.recordID()
        revision = try decoder.u64("revision")
        fields = try decoder.recordFields("fields")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.text(id)
        encoder.u64(revision)
        encoder.recordFields(fields)
    }
}

/// Makes a record.
public struct RecordCreateRequest: WireMessage {
    public var noun: String
    public let fields: [RecordField]
    /// 0 to 65,536 bytes, the password of a user; empty: none.
    public var secret: [UInt8]

    /// Orders the fields; of two with one name the later is kept.
    public init(noun: String, fields: [RecordField], secret: [UInt8] = []) {
        self.noun = noun
        self.fields = RecordField.ordered(fields)
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        fields = try decoder.recordFields("fields")
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.recordFields(fields)
        encoder.bytes32(secret)
    }
}

/// Changes fields of a record; those that are absent keep their value.
public struct RecordUpdateRequest: WireMessage {
    public var noun: String
    public var id: String
    public let fields: [RecordField]
    /// 0 to 65,536 bytes; empty keeps what is there, but of a `door` it unsets the value.
    public var secret: [UInt8]
    /// The revision that must have changed the record last; 0: any.
    public var expected: UInt64

    /// Orders the fields; of two with one name the later is kept.
    public init(noun: String, id: String, fields: [RecordField], secret: [UInt8] = [], expected: UInt64 = 0) {
        self.noun = noun
        self.id = id
        self.fields = RecordField.ordered(fields)
        self.secret = secret
        self.expected = expected
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        noun = try decoder.noun()
        id = try decoder.recordID()
        fields = try decoder.recordFields("fields")
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
        expected = try decoder.u64("expected")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(noun)
        encoder.text(id)
        encoder.recordFields(fields)
        encoder.bytes32(secret)
        encoder.u64(expected)
    }
}

/// The answer to create, show and update.
public struct RecordResponse: WireMessage {
    public var record: Record
    /// What create drew and shows this once (an API key, a token); otherwise empty.
    public var secret: [UInt8]

    public init(record: Record, secret: [UInt8] = []) {
        self.record = record
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        record = try Record(from: &decoder)
        secret = try decoder.bytes32("secret", limit: Limits.recordSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        record.encode(to: &encoder)
        encoder.bytes32(secret)
    }
}
