import CofferWire

/// Bad requests and answers about slots' secrets and keys.
extension InvalidCases {
    static let slotRotate = request(.slotRotate, [("id", u32(1)), ("kind", u8(1)), ("secret", b16(Array("abc".utf8)))])
    static let slotRehearse = request(.slotRehearse, [("id", u32(1)), ("kind", u8(2)), ("secret", b16(Array("abc".utf8)))])
    static let rekey = request(.rekey, [("act", u8(1))])
    static let rekeyRoot = request(.rekeyRoot, [
        ("dropped", u16(1)), ("dropped.id", u32(5)), ("kept", u16(1)), ("slot.id", u32(1)), ("slot.kind", u8(1)),
        ("slot.secret", b16(Array("abc".utf8))),
    ])

    static let keyRequests: [Vector] = {
        var all: [Vector] = []
        for shape in [slotRotate, slotRehearse] {
            all += shape.cuts
            all.append(shape.with("kind-0", field: "kind", u8(0), unknownValue))
            all.append(shape.with("kind-5", field: "kind", u8(5), unknownValue))
            all.append(shape.with("secret-1025", field: "secret", b16(run(1_025)), tooLong))
        }
        all.append(slotRehearse.with("secret-empty", field: "secret", b16([]), tooShort))
        all += rekey.cuts
        all.append(rekey.with("act-3", field: "act", u8(3), unknownValue))
        all += rekeyRoot.cuts
        all.append(rekeyRoot.with("dropped-65", field: "dropped", u16(65) + times(64) { u32($0) }, tooMany))
        all.append(rekeyRoot.with("kept-65", field: "kept", u16(65) + times(64) { u32($0) + u8(2) + b16([1]) }, tooMany))
        all.append(rekeyRoot.with("kind-0", field: "slot.kind", u8(0), unknownValue))
        all.append(rekeyRoot.with("secret-1025", field: "slot.secret", b16(run(1_025)), tooLong))
        return all
    }()

    // Answers

    static let rehearsed = answered(.slotRehearse, [("id", u32(1))])
    static let rekeyAnswer = answered(.rekey, [
        ("phase", u8(1)), ("done", u64(1)), ("total", u64(2)), ("resealed", u64(1)), ("started", u64(9)), ("note", text("n")), ("keys", u16(1)),
        ("key.id", u32(7)), ("key.state", u8(1)), ("key.suite", text("s")), ("key.created", u64(9)), ("key.seals", u64(3)),
        ("key.limit", u64(4)),
    ])
    static let rootAnswer = answered(.rekeyRoot, [("recovery_keys", u16(1)), ("id", u32(4)), ("recovery_key", text("ABCD"))])

    static let keyAnswers: [Vector] = {
        var all: [Vector] = []
        all += rehearsed.cuts
        all += rekeyAnswer.cuts + rekeyAnswer.badTexts("note") + rekeyAnswer.badTexts("key.suite")
        all.append(rekeyAnswer.with("phase-4", field: "phase", u8(4), unknownValue))
        all.append(rekeyAnswer.with("note-4097", field: "note", text(ValidCases.text(4_097)), tooLong))
        all.append(rekeyAnswer.with("state-0", field: "key.state", u8(0), unknownValue))
        all.append(rekeyAnswer.with("state-5", field: "key.state", u8(5), unknownValue))
        all.append(rekeyAnswer.with("suite-empty", field: "key.suite", text(""), tooShort))
        all.append(rekeyAnswer.with("suite-65", field: "key.suite", text(ValidCases.text(65)), tooLong))
        all.append(rekeyAnswer.with("keys-1001", field: "keys", u16(1_001) + run(1_001), tooMany))
        all += rootAnswer.cuts
        all.append(rootAnswer.with("keys-65", field: "recovery_keys", u16(65) + run(65), tooMany))
        all.append(rootAnswer.with("key-256", field: "recovery_key", text(ValidCases.text(256)), tooLong))
        return all
    }()
}
