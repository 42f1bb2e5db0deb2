import CofferClient
import CofferRecords

/// What the verbs of all nouns do with records: ask, change, print.
extension RecordShape {
    /// Most records in a page.
    private static let pageSize = 1_000

    /// Prints a list, its pages followed to the end.
    func printList(_ filter: [(String, String?)], _ global: GlobalOptions) async throws {
        let records = try await all(Self.fields(filter), try global.client())
        guard global.json else { return try table(records).print() }
        try Output.line(.array(records.map { json($0) }))
    }

    /// All records that match, their pages followed to the end.
    func all(_ filter: [RecordField], _ client: CofferClient) async throws -> [Record] {
        var records: [Record] = []
        var after = ""
        repeat {
            let page = try await client.records(noun, filter: filter, after: after, limit: Self.pageSize)
            records += page.records
            // A server that repeats itself would keep us here for ever.
            guard page.next.isEmpty || page.next != after else { throw CommandFailure.failed("the daemon gave the same page twice") }
            after = page.next
        } while !after.isEmpty
        return records
    }

    /// Prints one record.
    func printOne(_ id: String, _ global: GlobalOptions) async throws {
        try printRecord(await global.client().record(noun, id: id), global)
    }

    /// Makes a record and prints it. What is shown this once stands alone on standard output, the rest on standard error.
    func create(
        _ fields: [(String, String?)], secret: SecretBytes? = nil, shownOnce: String? = nil, done: String = "created",
        _ global: GlobalOptions
    ) async throws {
        let answer = try await global.client().createRecord(noun, fields: Self.fields(fields), secret: secret)
        guard let shownOnce, let secret = answer.secret, !secret.isEmpty else { return try printChange(answer.record, done, global) }
        if global.json {
            guard case .object(let fields) = json(answer.record) else { return }
            return try Output.line(.object(fields + [(shownOnce, .secretText(secret))]))
        }
        try Self.printAlone(secret)
        Output.remark("\(noun) \(Printable.text(answer.record.id)): created. The line on standard output is shown this once.")
    }

    /// Changes fields of a record.
    func update(
        _ id: String, _ fields: [(String, String?)], secret: SecretBytes? = nil, done: String = "updated", _ global: GlobalOptions
    ) async throws {
        let fields = Self.fields(fields)
        guard !fields.isEmpty || secret != nil else { throw CommandFailure.usage("nothing to change is given") }
        let record = try await global.client().updateRecord(noun, id: id, fields: fields, secret: secret, expected: 0)
        try printChange(record, done, global)
    }

    /// Deletes records; those that are not there are a failure behind the rest.
    func delete(_ ids: [String], done: String = "deleted", _ global: GlobalOptions) async throws {
        let count = try await global.client().deleteRecords(noun, ids: ids)
        guard count > 0 else {
            throw CommandFailure(.notFound, "not-found", ids.count == 1 ? "\(noun) \(ids[0]) is not there" : "none of them is there")
        }
        if global.json {
            try Output.line(.object([("ids", .texts(ids)), ("deleted", .number(UInt64(count)))]))
        } else if ids.count == 1 {
            try Output.line("\(noun) \(Printable.text(ids[0])): \(done)")
        } else {
            try Output.line("\(count) \(done)")
        }
        let missing = Set(ids).count - count
        if missing > 0 { throw CommandFailure(.notFound, "not-found", "\(missing) of them \(missing == 1 ? "is" : "are") not there") }
    }

    func printRecord(_ record: Record, _ global: GlobalOptions) throws {
        guard global.json else { return try table(record).print() }
        try Output.line(json(record))
    }

    /// The bytes of a secret and a line end, in memory that is wiped.
    static func printAlone(_ secret: SecretBytes) throws {
        var line: [UInt8] = []
        defer { Output.wipe(&line) }
        line.reserveCapacity(secret.count + 1)
        secret.withUnsafeBytes { line.append(contentsOf: $0) }
        line.append(UInt8(ascii: "\n"))
        try Output.write(line)
    }

    private func printChange(_ record: Record, _ what: String, _ global: GlobalOptions) throws {
        if global.json { return try Output.line(json(record)) }
        try Output.line("\(noun) \(Printable.text(record.id)): \(what)")
    }

    /// Those that were given.
    private static func fields(_ fields: [(String, String?)]) -> [RecordField] {
        fields.compactMap { name, value in value.map { RecordField(name, $0) } }
    }
}
