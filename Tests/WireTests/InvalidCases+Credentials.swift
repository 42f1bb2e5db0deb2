import CofferWire

/// Live tokens, reports, acts, watches of tokens and the import of credentials: one flaw each.
extension InvalidCases {
    static func b8(_ bytes: some Collection<UInt8>) -> [UInt8] { [UInt8(bytes.count)] + Array(bytes) }

    // Requests

    static let token = request(.token, [
        ("name", text("gpt")), ("pool", u8(1)), ("kind", text("access")), ("minimum_left", u32(60)), ("sticky", b8([1, 2])),
    ])
    static let report = request(.report, [("target", u8(0)), ("bytes16", sixteen), ("verdict", u8(3)), ("retry_after", u32(20_000))])
    static let memberReport = Shape(
        name: "report-member-request", direction: .client, kind: .request, operation: .report, message: "report request",
        fields: [
            ("deadline", u32(0)), ("target", u8(1)), ("pool", text("gpt")), ("credential", text("main")), ("verdict", u8(1)),
            ("retry_after", u32(0)),
        ])
    static let act = request(.credentialAct, [
        ("noun", text("credential")), ("id", text("main")), ("verb", text("step")), ("options", u16(1)), ("field.name", text("step")),
        ("field.value", long("info")), ("secret", b32([1, 2])),
    ])
    static let tokenWatch = request(.tokenWatch, [
        ("pool", u8(0)), ("exact", u8(0)), ("name", b16([0x61])), ("from", u8(1)), ("bytes16", sixteen), ("revision", u64(5)),
        ("credit", u32(1)),
    ])
    static let credentialImport = request(.credentialImport, [
        ("source", text("rtmanage")), ("dry_run", u8(0)), ("rows", u16(1)), ("origin", text("rt 1")), ("noun", text("credential")),
    ] + oneField + [("secrets", u16(1)), ("secret.name", text("refresh")), ("secret.value", b32([1, 2]))])

    static func bad(_ shape: Shape, name field: String, most: Int) -> [Vector] {
        [
            shape.with("\(field)-empty", field: field, text(""), tooShort),
            shape.with("\(field)-\(most + 1)", field: field, text(ValidCases.text(most + 1)), tooLong),
        ] + shape.badTexts(field)
    }

    static let credentialRequests: [Vector] = {
        var all: [Vector] = []
        all += token.cuts + bad(token, name: "name", most: 255) + bad(token, name: "kind", most: 64)
        all.append(token.with("pool-2", field: "pool", u8(2), notBoolean))
        all.append(token.with("sticky-129", field: "sticky", b8(run(129)), tooLong))
        all += report.cuts
        all.append(report.with("target-2", field: "target", u8(2), unknownValue))
        all.append(report.with("verdict-5", field: "verdict", u8(5), unknownValue))
        all += memberReport.cuts + bad(memberReport, name: "pool", most: 255) + bad(memberReport, name: "credential", most: 255)
        all += act.cuts + nouns(act) + ids(act) + bad(act, name: "verb", most: 32) + fields(act, "options")
        all.append(act.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += tokenWatch.cuts
        all.append(tokenWatch.with("pool-2", field: "pool", u8(2), notBoolean))
        all.append(tokenWatch.with("exact-2", field: "exact", u8(2), notBoolean))
        all.append(tokenWatch.with("name-256", field: "name", b16(run(256)), tooLong))
        all.append(tokenWatch.with("from-2", field: "from", u8(2), notBoolean))
        all += credentialImport.cuts + bad(credentialImport, name: "source", most: 32) + nouns(credentialImport) + fields(credentialImport)
        all.append(credentialImport.with("dry-run-2", field: "dry_run", u8(2), notBoolean))
        all.append(credentialImport.vector("without-rows", "rows: \(tooShort)", u32(0) + text("x") + u8(0) + u16(0)))
        all.append(credentialImport.vector("1001-rows", "rows: \(tooMany)", u32(0) + text("x") + u8(0) + u16(1_001) + times(1_001) { _ in emptyRow }))
        all.append(credentialImport.with("origin-129", field: "origin", text(ValidCases.text(129)), tooLong))
        return all
    }()

    // Answers

    static let tokenAnswer = answered(.token, [
        ("expires", u64(1)), ("revision", u64(2)), ("number", u64(7)), ("lease", b8(sixteen)), ("kind", text("access")), ("name", text("main")),
        ("value", b32([1, 2])),
    ])
    static let reportAnswer = answered(.report, [("effect", u8(0)), ("state", text("live")), ("until", u64(0))])
    static let actAnswer = answered(.credentialAct, record + [
        ("result", text("done")), ("details", u16(1)), ("field.name", text("renewed")), ("field.value", long("true")), ("secret", b32([1])),
    ])
    static let tokenEvent = server("token-watch-event", .event, .tokenWatch, "tokenWatch event", [
        ("event", u8(1)), ("revision", u64(5)), ("last", u8(1)), ("number", u64(7)), ("name", text("main")), ("state", text("fresh")),
        ("expires", u64(1)), ("token_revision", u64(5)),
    ])

    static let credentialAnswers: [Vector] = {
        var all: [Vector] = []
        all += tokenAnswer.cuts + bad(tokenAnswer, name: "kind", most: 64)
        all.append(tokenAnswer.with("lease-15", field: "lease", b8(run(15)), tooShort))
        all.append(tokenAnswer.with("lease-17", field: "lease", b8(run(17)), tooLong))
        all.append(tokenAnswer.with("name-256", field: "name", text(ValidCases.text(256)), tooLong))
        all.append(tokenAnswer.with("value-empty", field: "value", b32([]), tooShort))
        all.append(tokenAnswer.with("value-65537", field: "value", b32(run(65_537)), tooLong))
        all += reportAnswer.cuts + bad(reportAnswer, name: "state", most: 32)
        all.append(reportAnswer.with("effect-3", field: "effect", u8(3), unknownValue))
        all += actAnswer.cuts
        all.append(actAnswer.with("result-1025", field: "result", text(ValidCases.text(1_025)), tooLong))
        all.append(actAnswer.with("65-details", field: "details", u16(65), tooMany))
        all.append(actAnswer.with("secret-65537", field: "secret", b32(run(65_537)), tooLong))
        all += tokenEvent.cuts + bad(tokenEvent, name: "name", most: 255) + bad(tokenEvent, name: "state", most: 32)
        all.append(tokenEvent.with("event-3", field: "event", u8(3), unknownValue))
        all.append(tokenEvent.with("last-2", field: "last", u8(2), notBoolean))
        return all
    }()
}
