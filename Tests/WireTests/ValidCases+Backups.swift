import CofferWire

/// Backups and restores.
extension ValidCases {
    static let digest = [UInt8](0x80...0x9F)
    static let facts = BackupFacts(
        created: time, storeID: storeID, position: position, lines: 14, bytes: 2_048, digest: digest,
        counts: [.init(kind: "secret", things: 2), .init(kind: "value", things: 3), .init(kind: "user", things: 1)])
    static let largestFacts = BackupFacts(
        created: .max, storeID: storeID, position: position, lines: .max, bytes: .max, digest: digest,
        counts: (100..<356).map { .init(kind: "\($0)" + text(61, "k"), things: .max) })
    static let scheduled = ScheduledBackup(
        file: "coffer-20260101T000000Z-4711.age", created: time, revision: 4_711, size: 4_096, digest: digest, proof: .identity,
        proven: time + 900)

    static let backups: [Vector] = [
        request("backup-create-request", "Four chunks may come at once.", .backupCreate, BackupCreateRequest()),
        request("backup-create-request-limits", "", .backupCreate, BackupCreateRequest(credit: .max), deadline: .max),
        server("backup-create-chunk", "The beginning of the first line.", .chunk, .backupCreate,
            BackupChunk(done: 0, total: 6, data: Array("{\"coffer\":\"backup\",\"version\":1".utf8))),
        server("backup-create-chunk-largest", "", .chunk, .backupCreate,
            BackupChunk(done: .max, total: .max, data: Array(repeating: 0x7B, count: Limits.backupChunk))),
        client("backup-create-credit", "Two more.", .credit, .backupCreate, Credit(count: 2)),
        client("backup-create-cancel", "", .cancel, .backupCreate, Empty()),
        server("backup-create-end", "All of it was sent.", .end, .backupCreate, Answer<BackupFacts>.success(facts)),
        server("backup-create-end-largest", "Most kinds, longest names of them.", .end, .backupCreate,
            Answer<BackupFacts>.success(largestFacts)),
        server("backup-create-end-failure", "", .end, .backupCreate,
            Answer<BackupFacts>.failure(Failure(.failed, "the store's file grew too far while the backup was taken", retry: .now))),
        request("restore-request", "Into a store in which nobody has made anything.", .restore, RestoreRequest()),
        request("restore-request-only", "What would become of some secrets.", .restore,
            RestoreRequest(mode: .replace, only: ["payments/*", "mail/**"], discardNewer: true, dryRun: true)),
        request("restore-request-limits", "Most patterns, longest pattern.", .restore,
            RestoreRequest(mode: .merge, only: Array(repeating: text(512, "p"), count: 100))),
        server("restore-credit", "The server grants credit.", .credit, .restore, Credit(count: 4)),
        client("restore-chunk", "The beginning of the first line.", .chunk, .restore,
            RestoreChunk(data: Array("{\"coffer\":\"backup\",\"version\":1".utf8))),
        client("restore-chunk-largest", "", .chunk, .restore, RestoreChunk(data: Array(repeating: 0x7B, count: Limits.backupChunk))),
        client("restore-finish", "2,048 bytes were sent.", .end, .restore, ImportFinish(count: 2_048)),
        client("restore-cancel", "", .cancel, .restore, Empty()),
        server("restore-end", "One secret came back, one is gone.", .end, .restore,
            Answer<RestoreResponse>.success(RestoreResponse(
                backup: facts, position: Position(incarnation: nonce, revision: 4_711 + (1 << 32)), digest: digest,
                differences: [
                    .init(kind: "secret", added: 1, changed: 0, same: 1, kept: 0, removed: 1), .init(kind: "user", same: 1),
                ],
                names: [
                    .init(kind: "secret", tenant: 1, name: name, effect: .added),
                    .init(kind: "secret", tenant: 1, name: Array("mail/old".utf8), effect: .removed),
                ]))),
        server("restore-end-largest", "Most kinds, most names, longest names.", .end, .restore,
            Answer<RestoreResponse>.success(RestoreResponse(
                backup: largestFacts, position: position, digest: digest,
                differences: (100..<356).map {
                    .init(kind: "\($0)" + text(61, "k"), added: .max, changed: .max, same: .max, kept: .max, removed: .max)
                },
                names: (0..<1_000).map { number in
                    .init(kind: text(64, "k"), tenant: .max, name: Array(repeating: 0x6E, count: 600),
                        effect: RestoreEffect.allCases[number % 4])
                }))),
        server("restore-end-failure", "", .end, .restore,
            Answer<RestoreResponse>.failure(Failure(.damaged, "line 12: the trailer's digest is not that of the lines"))),
        request("backup-list-request", "", .backupList, Empty()),
        response("backup-list-response", "Two; the older one was never proven.", .backupList,
            BackupListResponse(
                folder: "/var/backups/coffer", interval: 86_400_000, next: time + 86_400_000, lastTaken: time, lastProven: time + 900,
                isOverdue: false, isRunning: false, lastError: "",
                backups: [
                    ScheduledBackup(
                        file: "coffer-20251231T000000Z-4000.age", created: time - 86_400_000, revision: 4_000, size: 4_000, digest: digest,
                        proof: .none, proven: 0),
                    scheduled,
                ])),
        response("backup-list-response-none", "No backups are scheduled.", .backupList,
            BackupListResponse(
                folder: "", interval: 0, next: 0, lastTaken: 0, lastProven: 0, isOverdue: false, isRunning: false, lastError: "", backups: [])),
        response("backup-list-response-limits", "Most backups, longest texts.", .backupList,
            BackupListResponse(
                folder: text(4_096, "/"), interval: .max, next: .max, lastTaken: .max, lastProven: .max, isOverdue: true, isRunning: true,
                lastError: text(4_096, "e"),
                backups: (0..<1_000).map { number in
                    ScheduledBackup(
                        file: text(255, "f"), created: .max, revision: .max, size: .max, digest: digest,
                        proof: ScheduledBackup.Proof.allCases[number % 3], proven: .max)
                })),
        request("backup-run-request", "Waits for a minute at most.", .backupRun, Empty(), deadline: 60_000),
        response("backup-run-response", "It was taken and proven.", .backupRun, scheduled),
        server("backup-run-response-failure", "", .response, .backupRun,
            Answer<ScheduledBackup>.failure(Failure(.storeFull, "the disk of the backups is full"))),
    ]
}
