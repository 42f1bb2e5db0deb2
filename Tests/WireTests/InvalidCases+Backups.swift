import CofferWire

/// Backups and restores: one flaw each.
extension InvalidCases {
    static let digest = [UInt8](0x80...0x9F)
    static let facts: [Field] = [
        ("created", u64(1)), ("bytes16", sixteen), ("bytes16", sixteen), ("revision", u64(5)), ("lines", u64(14)), ("bytes", u64(2_048)),
        ("digest", digest), ("counts", u16(1)), ("count.kind", text("secret")), ("count.things", u64(2)),
    ]

    // Requests

    static let backupCreate = request(.backupCreate, [("credit", u32(4))])
    static let restore = request(.restore, [
        ("mode", u8(1)), ("only", u16(1)), ("pattern", text("payments/*")), ("discard_newer", u8(0)), ("dry_run", u8(1)),
    ])
    static let restoreChunk = Shape(
        name: "restore-chunk", direction: .client, kind: .chunk, operation: .restore, message: "restore chunk", fields: [("data", b32([1, 2]))])
    static let restoreFinish = Shape(
        name: "restore-finish", direction: .client, kind: .end, operation: .restore, message: "restore finish", fields: [("count", u64(1))])

    static let backupRequests: [Vector] = {
        var all: [Vector] = []
        all += backupCreate.cuts + restore.cuts + restoreChunk.cuts + restoreFinish.cuts
        all.append(restore.with("mode-3", field: "mode", u8(3), unknownValue))
        all.append(restore.with("pattern-empty", field: "pattern", text(""), tooShort))
        all.append(restore.with("pattern-513", field: "pattern", text(ValidCases.text(513)), tooLong))
        all += restore.badTexts("pattern")
        all.append(restore.vector("101-patterns", "only: \(tooMany)", u32(0) + u8(0) + u16(101) + times(101) { _ in text("a") } + u16(0)))
        all.append(restore.with("discard-newer-2", field: "discard_newer", u8(2), notBoolean))
        all.append(restore.with("dry-run-2", field: "dry_run", u8(2), notBoolean))
        all.append(restoreChunk.with("data-empty", field: "data", b32([]), tooShort))
        all.append(restoreChunk.with("data-1048577", field: "data", b32(run(1_048_577)), tooLong))
        all += request(.backupList, []).cuts + request(.backupRun, []).cuts
        return all
    }()

    // Answers

    static let backupChunk = server("backupCreate-chunk", .chunk, .backupCreate, "backupCreate chunk", [
        ("done", u64(1)), ("total", u64(2)), ("data", b32([1, 2])),
    ])
    static let backupEnd = server("backupCreate-end", .end, .backupCreate, "backupCreate end", [("error", ok)] + facts)
    static let restoreEnd = server("restore-end", .end, .restore, "restore end", [("error", ok)] + facts + [
        ("bytes16", sixteen), ("revision", u64(6)), ("store_digest", digest), ("differences", u16(1)), ("difference.kind", text("secret")),
        ("added", u64(1)), ("changed", u64(2)), ("same", u64(3)), ("kept", u64(4)), ("removed", u64(5)), ("names", u16(1)),
        ("name.kind", text("secret")), ("name.tenant", u64(1)), ("name.name", b16([0x61])), ("name.effect", u8(0)),
    ])
    static let scheduledBackup: [Field] = [
        ("file", text("coffer.age")), ("created", u64(1)), ("revision", u64(5)), ("size", u64(9)), ("digest", digest), ("proof", u8(2)),
        ("proven", u64(3)),
    ]
    static let backupListAnswer = answered(.backupList, [
        ("folder", text("/b")), ("interval", u64(1)), ("next", u64(2)), ("last_taken", u64(3)), ("last_proven", u64(4)), ("overdue", u8(0)),
        ("running", u8(0)), ("last_error", text("")), ("backups", u16(1)),
    ] + scheduledBackup)
    static let backupRunAnswer = answered(.backupRun, scheduledBackup)

    static let backupAnswers: [Vector] = {
        var all: [Vector] = []
        all += backupChunk.cuts + backupEnd.cuts + restoreEnd.cuts + backupListAnswer.cuts + backupRunAnswer.cuts
        all.append(backupChunk.with("data-empty", field: "data", b32([]), tooShort))
        all.append(backupChunk.with("data-1048577", field: "data", b32(run(1_048_577)), tooLong))
        all += bad(backupEnd, name: "count.kind", most: 64) + bad(restoreEnd, name: "difference.kind", most: 64)
        all += bad(restoreEnd, name: "name.kind", most: 64)
        all.append(restoreEnd.with("name-601", field: "name.name", b16(run(601)), tooLong))
        all.append(restoreEnd.with("effect-4", field: "name.effect", u8(4), unknownValue))
        all.append(backupListAnswer.with("folder-4097", field: "folder", text(ValidCases.text(4_097)), tooLong))
        all.append(backupListAnswer.with("overdue-2", field: "overdue", u8(2), notBoolean))
        all.append(backupListAnswer.with("running-2", field: "running", u8(2), notBoolean))
        all.append(backupListAnswer.with("last-error-4097", field: "last_error", text(ValidCases.text(4_097)), tooLong))
        all += bad(backupRunAnswer, name: "file", most: 255)
        all.append(backupRunAnswer.with("proof-3", field: "proof", u8(3), unknownValue))
        return all
    }()
}
