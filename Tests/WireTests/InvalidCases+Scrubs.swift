import CofferWire

/// Scrubs: one flaw each.
extension InvalidCases {
    static let scrub = request(.scrub, [("act", u8(1))])
    static let scrubAnswer = answered(.scrub, [
        ("running", u8(0)), ("done", u64(7)), ("total", u64(8)), ("interval", u64(9)), ("last", u8(1)), ("began", u64(1)),
        ("finished", u64(2)), ("failure", text("")), ("bytes16", sixteen), ("revision", u64(6)), ("records", u64(7)), ("bytes", u64(70)),
        ("tables", u16(1)), ("table.name", text("values")), ("table.records", u64(7)), ("finding_count", u64(1)), ("findings", u16(1)),
        ("kind", u8(6)), ("table", text("values")), ("tenant", text("main")), ("name", b16([0x61])), ("version", u64(3)),
        ("message", text("gone")),
    ])

    static let scrubs: [Vector] = {
        // Where not even the first byte of the only finding is there, the list is what is cut, and not its item.
        var all = scrub.cuts + scrubAnswer.cuts.filter { !$0.name.hasSuffix("-kind") }
        all.append(scrub.with("act-3", field: "act", u8(3), unknownValue))
        all.append(scrubAnswer.with("running-2", field: "running", u8(2), notBoolean))
        all.append(scrubAnswer.with("last-2", field: "last", u8(2), notBoolean))
        all.append(scrubAnswer.with("failure-1025", field: "failure", text(ValidCases.text(1_025)), tooLong))
        all += bad(scrubAnswer, name: "table.name", most: 64) + bad(scrubAnswer, name: "table", most: 64)
        all.append(scrubAnswer.with("kind-0", field: "kind", u8(0), unknownValue))
        all.append(scrubAnswer.with("kind-10", field: "kind", u8(10), unknownValue))
        all.append(scrubAnswer.with("tenant-256", field: "tenant", text(ValidCases.text(256)), tooLong))
        all += scrubAnswer.badTexts("tenant")
        all.append(scrubAnswer.with("name-1025", field: "name", b16(run(1_025)), tooLong))
        all.append(scrubAnswer.with("message-1025", field: "message", text(ValidCases.text(1_025)), tooLong))
        all += scrubAnswer.badTexts("message")
        return all
    }()
}
