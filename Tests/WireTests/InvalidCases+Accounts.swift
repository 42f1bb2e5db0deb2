import CofferWire

/// Records, API keys and their import: one flaw each.
extension InvalidCases {
    static func long(_ text: String) -> [UInt8] { b32(Array(text.utf8)) }
    static func field(_ name: String, _ value: String) -> [UInt8] { text(name) + long(value) }
    static let oneField: [Field] = [("fields", u16(1)), ("field.name", text("name")), ("field.value", long("ada"))]
    static let record: [Field] = [("noun", text("user")), ("id", text("ada")), ("revision", u64(3))] + oneField
    static let asked: [Field] = [("key", b16([0x6B, 0x65])), ("address", [4, 192, 0, 2, 7]), ("model", text("gpt"))]
    static let numbers: [Field] = [
        ("reason", u8(0)), ("scope", u8(0)), ("unlimited", u8(0)), ("remaining", u64(1)), ("expires", u64(2)), ("retry_after", u32(0)),
        ("number", u64(7)),
    ]
    static let verdict: [Field] = numbers + [
        ("tenant", text("main")), ("owner", text("ada")), ("name", text("ci")), ("group", text("default")),
    ]

    // Requests

    static let recordCreate = request(.recordCreate, [("noun", text("user"))] + oneField + [("secret", b32([1, 2]))])
    static let recordList = request(.recordList, [
        ("noun", text("user")), ("filter", u16(1)), ("field.name", text("tenant")), ("field.value", long("main")), ("after", text("ada")),
        ("limit", u16(10)),
    ])
    static let recordShow = request(.recordShow, [("noun", text("user")), ("id", text("ada"))])
    static let recordUpdate = request(.recordUpdate,
        [("noun", text("user")), ("id", text("ada"))] + oneField + [("secret", b32([1, 2])), ("expected", u64(3))])
    static let recordDelete = request(.recordDelete, [("noun", text("user")), ("ids", u16(1)), ("id", text("ada"))])
    static let reveal = request(.reveal, [("id", text("7"))])
    static let usage = request(.usage, [("id", text("7")), ("limit", u16(10))])
    static let verify = request(.verify, asked + [("cost", u64(10))])
    static let reserve = request(.reserve, asked + [("amount", u64(10)), ("request_id", text("r-1")), ("lifetime", u32(60_000))])
    static let settle = request(.settle, [
        ("number", u64(7)), ("request_id", text("r-1")), ("amount", u64(10)), ("model", text("gpt")), ("input_tokens", u64(1)),
        ("output_tokens", u64(2)),
    ])
    static let release = request(.release, [("number", u64(7)), ("request_id", text("r-1"))])
    static let accountImport = request(.accountImport, [("source", text("newapi")), ("dry_run", u8(0))])
    static let rowChunk = Shape(name: "accountImport-chunk", direction: .client, kind: .chunk, operation: .accountImport,
        message: "accountImport chunk", fields: [("rows", u16(1)), ("origin", text("users 1")), ("noun", text("user"))] + oneField + [
            ("secrets", u16(1)), ("secret.name", text("key")), ("secret.value", b32([1, 2])),
        ])
    static let rowFinish = Shape(name: "accountImport-finish", direction: .client, kind: .end, operation: .accountImport,
        message: "accountImport finish", fields: [("count", u64(1))])
    static let emptyRow = text("") + text("user") + u16(0) + u16(0)

    /// What can be wrong with a noun, an id and fields, wherever they stand.
    static func nouns(_ shape: Shape) -> [Vector] {
        [
            shape.with("noun-empty", field: "noun", text(""), tooShort),
            shape.with("noun-33", field: "noun", text(ValidCases.text(33)), tooLong),
            shape.with("noun-utf8", field: "noun", b16([0xC0, 0xAF]), notUTF8),
        ]
    }

    static func ids(_ shape: Shape) -> [Vector] {
        [
            shape.with("id-empty", field: "id", text(""), tooShort), shape.with("id-601", field: "id", text(ValidCases.text(601)), tooLong),
            shape.with("id-utf8", field: "id", b16([0x80]), notUTF8),
        ]
    }

    /// - Parameter list: `fields` or `filter`.
    static func fields(_ shape: Shape, _ list: String = "fields") -> [Vector] {
        func fields(_ flaw: String, _ comment: String, _ items: [[UInt8]], _ reason: String, _ complaint: String? = nil) -> Vector {
            let before = shape.fields.prefix { $0.name != list }.flatMap(\.bytes)
            let behind = shape.fields.drop { $0.name != list }.dropFirst(3).flatMap(\.bytes)
            return shape.vector(flaw, comment, "\(complaint ?? list): \(reason)", before + u16(items.count) + items.joined() + behind)
        }
        return [
            fields("\(list)-unsorted", "", [field("b", ""), field("a", "")], notSorted),
            fields("\(list)-twice", "One name twice.", [field("a", "x"), field("a", "y")], notSorted),
            fields("\(list)-unsorted-by-bytes", "U+FF61 stands before U+10000 in bytes, behind it in UTF-16.",
                [field("\u{10000}", ""), field("\u{FF61}", "")], notSorted),
            fields("\(list)-65", "", (10..<75).map { field("f\($0)", "") }, tooMany),
            fields("\(list)-name-empty", "", [field("", "x")], tooShort, "field.name"),
            fields("\(list)-name-65", "", [field(ValidCases.text(65), "x")], tooLong, "field.name"),
            fields("\(list)-name-utf8", "", [b16([0xFF]) + long("")], notUTF8, "field.name"),
            fields("\(list)-value-utf8", "", [text("a") + b32([0xED, 0xA0, 0x80])], notUTF8, "field.value"),
        ]
    }

    static func presented(_ shape: Shape) -> [Vector] {
        [
            shape.with("key-empty", field: "key", b16([]), tooShort), shape.with("key-513", field: "key", b16(run(513)), tooLong),
            shape.with("address-3", field: "address", [3, 1, 2, 3], unknownValue),
            shape.with("address-5", field: "address", [5] + run(5, 1), unknownValue),
            shape.with("address-17", field: "address", [17] + run(17, 1), tooLong),
            shape.with("model-256", field: "model", text(ValidCases.text(256)), tooLong),
        ] + shape.badTexts("model")
    }

    static let beyondUnits = u64(500_000_000_000_001)

    static let accountRequests: [Vector] = {
        var all: [Vector] = []
        all += recordCreate.cuts + nouns(recordCreate) + fields(recordCreate)
        all.append(recordCreate.with("value-524289", field: "field.value", b32(run(524_289)), tooLong))
        all.append(recordCreate.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += recordList.cuts + nouns(recordList) + fields(recordList, "filter")
        all.append(recordList.with("after-601", field: "after", text(ValidCases.text(601)), tooLong))
        all.append(recordList.with("limit-0", field: "limit", u16(0), unknownValue))
        all.append(recordList.with("limit-1001", field: "limit", u16(1_001), unknownValue))
        all += recordShow.cuts + nouns(recordShow) + ids(recordShow)
        all += recordUpdate.cuts + nouns(recordUpdate) + ids(recordUpdate) + fields(recordUpdate)
        all.append(recordUpdate.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += recordDelete.cuts + nouns(recordDelete) + ids(recordDelete)
        all.append(recordDelete.vector("without-ids", "ids: \(tooShort)", u32(0) + text("user") + u16(0)))
        all.append(recordDelete.vector("10001-ids", "ids: \(tooMany)", u32(0) + text("user") + u16(10_001) + times(10_001) { _ in text("a") }))
        all += reveal.cuts + ids(reveal)
        all += usage.cuts + ids(usage)
        all.append(usage.with("limit-1001", field: "limit", u16(1_001), unknownValue))
        all += verify.cuts + presented(verify)
        all.append(verify.with("cost-above-the-largest-quota", field: "cost", beyondUnits, unknownValue))
        all += reserve.cuts + presented(reserve)
        all.append(reserve.with("amount-above-the-largest-quota", field: "amount", beyondUnits, unknownValue))
        all.append(reserve.with("request-id-empty", field: "request_id", text(""), tooShort))
        all.append(reserve.with("request-id-129", field: "request_id", text(ValidCases.text(129)), tooLong))
        all.append(reserve.with("lifetime-999", field: "lifetime", u32(999), unknownValue))
        all.append(reserve.with("lifetime-86400001", field: "lifetime", u32(86_400_001), unknownValue))
        all += settle.cuts
        all.append(settle.with("request-id-empty", field: "request_id", text(""), tooShort))
        all.append(settle.with("request-id-129", field: "request_id", text(ValidCases.text(129)), tooLong))
        all.append(settle.with("amount-above-the-largest-quota", field: "amount", beyondUnits, unknownValue))
        all.append(settle.with("model-256", field: "model", text(ValidCases.text(256)), tooLong))
        all.append(settle.with("input-tokens-negative", "-1 read as an unsigned number.", field: "input_tokens", run(8, 0xFF), unknownValue))
        all.append(settle.with("output-tokens-above-the-limit", field: "output_tokens", beyondUnits, unknownValue))
        all += release.cuts
        all.append(release.with("request-id-empty", field: "request_id", text(""), tooShort))
        all += release.badTexts("request_id")
        all += accountImport.cuts
        all.append(accountImport.with("source-empty", field: "source", text(""), tooShort))
        all.append(accountImport.with("source-33", field: "source", text(ValidCases.text(33)), tooLong))
        all.append(accountImport.with("dry-run-2", field: "dry_run", u8(2), notBoolean))
        all += rowChunk.cuts + nouns(rowChunk) + fields(rowChunk)
        all.append(rowChunk.vector("empty", "A chunk has at least one row.", "rows: \(tooShort)", u16(0)))
        all.append(rowChunk.vector("1001-rows", "rows: \(tooMany)", u16(1_001) + times(1_001) { _ in emptyRow }))
        all.append(rowChunk.with("origin-129", field: "origin", text(ValidCases.text(129)), tooLong))
        all.append(rowChunk.with("17-secrets", field: "secrets", u16(17) + times(16) { text("s\(10 + $0)") + b32([]) }, tooMany))
        all.append(rowChunk.with("secrets-unsorted", field: "secrets", u16(2) + text("z") + b32([]), notSorted))
        all.append(rowChunk.with("secrets-twice", field: "secrets", u16(2) + text("key") + b32([]), notSorted))
        all.append(rowChunk.with("secret-name-empty", field: "secret.name", text(""), tooShort))
        all.append(rowChunk.with("secret-name-33", field: "secret.name", text(ValidCases.text(33)), tooLong))
        all.append(rowChunk.with("secret-65537", field: "secret.value", b32(run(65_537)), tooLong))
        all += rowFinish.cuts
        return all
    }()

    // Answers

    static func answered(_ operation: Operation, _ fields: [Field]) -> Shape {
        server("\(operation)-response", .response, operation, "\(operation) response", [("error", ok)] + fields)
    }

    static let recordAnswer = answered(.recordShow, record + [("secret", b32([1, 2]))])
    static let recordsAnswer = answered(.recordList, [("records", u16(1))] + record + [("next", text("ada")), ("total", u64(2))])
    static let recordsDeleted = answered(.recordDelete, [("count", u32(1))])
    static let revealed = answered(.reveal, [("secret", b32([1, 2]))])
    static let usageAnswer = answered(.usage, record + [
        ("lines", u16(1)), ("time", u64(1)), ("amount", u64(2)), ("request_id", text("r")), ("model", text("gpt")), ("input_tokens", u64(1)),
        ("output_tokens", u64(1)),
    ])
    static let verdictAnswer = answered(.verify, verdict)
    // `expires` and `amount` stand twice in the protocol, not in one table here.
    static let reserveAnswer = answered(.reserve, verdict + [("amount", u64(10)), ("expires", u64(9)), ("repeated", u8(0))])
    static let settleAnswer = answered(.settle, [
        ("charged", u64(1)), ("shortfall", u64(0)), ("remaining", u64(5)), ("unlimited", u8(0)), ("repeated", u8(0)),
    ])
    static let rowsEnd = server("accountImport-end", .end, .accountImport, "accountImport end", [
        ("error", ok), ("revision", u64(1)), ("effects", b32([0, 3])), ("notes", u16(1)), ("note.row", u32(1)), ("note.text", text("no")),
        ("more_notes", u32(0)),
    ])

    static let accountAnswers: [Vector] = {
        var all: [Vector] = []
        all += recordAnswer.cuts + nouns(recordAnswer) + ids(recordAnswer) + fields(recordAnswer)
        all.append(recordAnswer.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += recordsAnswer.cuts + fields(recordsAnswer)
        all.append(recordsAnswer.vector("1001-records", "records: \(tooMany)", ok + u16(1_001) + run(1_001 * 16, 0)))
        all.append(recordsAnswer.with("next-601", field: "next", text(ValidCases.text(601)), tooLong))
        all += recordsDeleted.cuts
        all += revealed.cuts
        all.append(revealed.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += usageAnswer.cuts
        all.append(usageAnswer.vector("1001-lines", "lines: \(tooMany)",
            ok + record.flatMap(\.bytes) + u16(1_001) + run(1_001 * 36, 0)))
        all.append(usageAnswer.with("request-id-129", field: "request_id", text(ValidCases.text(129)), tooLong))
        all.append(usageAnswer.with("model-256", field: "model", text(ValidCases.text(256)), tooLong))
        all += verdictAnswer.cuts
        all.append(verdictAnswer.with("scope-2", field: "scope", u8(2), unknownValue))
        all.append(verdictAnswer.with("unlimited-2", field: "unlimited", u8(2), notBoolean))
        all.append(verdictAnswer.with("tenant-256", field: "tenant", text(ValidCases.text(256)), tooLong))
        all.append(verdictAnswer.with("owner-256", field: "owner", text(ValidCases.text(256)), tooLong))
        all.append(verdictAnswer.with("name-1025", field: "name", text(ValidCases.text(1_025)), tooLong))
        all.append(verdictAnswer.with("group-256", field: "group", text(ValidCases.text(256)), tooLong))
        all += verdictAnswer.badTexts("owner")
        all += reserveAnswer.cuts
        all.append(reserveAnswer.with("repeated-2", field: "repeated", u8(2), notBoolean))
        all += settleAnswer.cuts
        all.append(settleAnswer.with("unlimited-2", field: "unlimited", u8(2), notBoolean))
        all.append(settleAnswer.with("repeated-2", field: "repeated", u8(2), notBoolean))
        all += rowsEnd.cuts
        all.append(rowsEnd.with("effect-4", field: "effects", b32([0, 4]), unknownValue))
        all.append(rowsEnd.with("200001-effects", field: "effects", b32(run(200_001, 0)), tooLong))
        all.append(rowsEnd.with("2001-notes", field: "notes", u16(2_001) + run(2_001 * 6, 0), tooMany))
        all.append(rowsEnd.with("note-301", field: "note.text", text(ValidCases.text(301)), tooLong))
        return all
    }()
}
