import CofferWire

/// The audit log: one flaw each.
extension InvalidCases {
    static let auditSearch = request(.auditSearch, [
        ("name", b16([0x61])), ("who", text("uid:1")), ("noun", text("secret")), ("action", text("get")), ("result", u8(3)), ("code", u16(10)),
        ("since", u64(1)), ("until", u64(2)), ("newest_first", u8(1)), ("cursor", u64(3)), ("limit", u16(100)), ("with_value", u8(1)),
        ("value", b32([1, 2])),
    ])
    static let auditEntry: [Field] = [
        ("sequence", u64(1)), ("time", u64(2)), ("last", u64(3)), ("count", u32(1)), ("who", text("uid:1")), ("uid", u32(1)),
        ("pid", u32(2)), ("door", text("socket")), ("address", text("")), ("selectors", u16(1)), ("selector", text("uid:1")),
        ("noun", text("secret")), ("action", text("get")), ("result", u16(0)), ("tenant", text("main")), ("name", b16([0x61])),
        ("version", u64(1)), ("revision", u64(0)), ("has_digest", u8(0)), ("note", text("")),
    ]
    static let auditSearchAnswer = answered(
        .auditSearch, [("entries", u16(1))] + auditEntry + [("cursor", u64(1)), ("more", u8(0))])
    static let auditVerifyAnswer = answered(.auditVerify, [
        ("files", u32(1)), ("records", u64(2)), ("first", u64(1)), ("last", u64(2)), ("findings", u16(1)), ("file", u64(1)), ("record", u64(1)),
        ("is_known", u8(0)), ("message", text("cut")),
    ])
    static let auditRepairAnswer = answered(.auditRepair, [("result", text("done"))])

    static let auditCases: [Vector] = {
        var all: [Vector] = []
        all += auditSearch.cuts + request(.auditVerify, []).cuts + request(.auditRepair, []).cuts
        all.append(auditSearch.with("name-1025", field: "name", b16(run(1_025)), tooLong))
        all.append(auditSearch.with("who-256", field: "who", text(ValidCases.text(256)), tooLong))
        all.append(auditSearch.with("noun-33", field: "noun", text(ValidCases.text(33)), tooLong))
        all.append(auditSearch.with("action-33", field: "action", text(ValidCases.text(33)), tooLong))
        all.append(auditSearch.with("result-4", field: "result", u8(4), unknownValue))
        all.append(auditSearch.with("code-0", field: "code", u16(0), unknownValue))
        all.append(auditSearch.with("limit-0", field: "limit", u16(0), unknownValue))
        all.append(auditSearch.with("limit-1001", field: "limit", u16(1_001), unknownValue))
        all.append(auditSearch.with("newest-first-2", field: "newest_first", u8(2), notBoolean))
        all.append(auditSearch.with("with-value-2", field: "with_value", u8(2), notBoolean))
        all.append(auditSearch.with("value-1048577", field: "value", b32(run(1_048_577)), tooLong))
        all += auditSearch.badTexts("who")
        all += auditSearchAnswer.cuts + auditVerifyAnswer.cuts + auditRepairAnswer.cuts
        all += bad(auditSearchAnswer, name: "noun", most: 32) + bad(auditSearchAnswer, name: "action", most: 32)
        all.append(auditSearchAnswer.with("name-1025", field: "name", b16(run(1_025)), tooLong))
        all.append(auditSearchAnswer.with("selector-256", field: "selector", text(ValidCases.text(256)), tooLong))
        all.append(auditSearchAnswer.with("has-digest-2", field: "has_digest", u8(2), notBoolean))
        all.append(auditSearchAnswer.with("more-2", field: "more", u8(2), notBoolean))
        all.append(auditSearchAnswer.with("note-1025", field: "note", text(ValidCases.text(1_025)), tooLong))
        all.append(auditVerifyAnswer.with("is-known-2", field: "is_known", u8(2), notBoolean))
        all.append(auditVerifyAnswer.with("message-empty", field: "message", text(""), tooShort))
        all.append(auditVerifyAnswer.with("message-1025", field: "message", text(ValidCases.text(1_025)), tooLong))
        all.append(auditRepairAnswer.with("result-1025", field: "result", text(ValidCases.text(1_025)), tooLong))
        return all
    }()
}
