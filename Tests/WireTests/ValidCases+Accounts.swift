import CofferWire

/// Records, API keys and their import.
extension ValidCases {
    static let tenant = Record(noun: "tenant", id: "main", revision: 12, fields: [
        RecordField("name", "main"), RecordField("number", "1"), RecordField("reveal", "true"), RecordField("created", "\(time)"),
        RecordField("members", "0"), RecordField("apikeys", "2"),
    ])
    static let apiKeyRecord = Record(noun: "apikey", id: "7", revision: 4_720, fields: [
        RecordField("name", "ci runner"), RecordField("tenant", "main"), RecordField("status", "enabled"), RecordField("quota", "500000"),
    ])
    static let apiKey = Array("ck_4fQv9sT2".utf8)
    static let address: [UInt8] = [192, 0, 2, 7]
    static let address6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1]
    /// 64 fields with names of 64 bytes.
    static let mostFields = (10..<74).map { RecordField(text(62, "f") + "\($0)", "") }
    static let longestID = text(600, "i")
    static let verdict = VerifyResponse(
        .init(reason: .valid, remaining: 499_990, expires: 1_798_761_600, number: 7), tenant: "main", owner: "ada", name: "ci runner",
        group: "default")
    static let unknownKey = VerifyResponse(.init(reason: .unknownKey))

    static let records: [Vector] = [
        request("record-create-request", "An API key; fields in the order of their names.", .recordCreate,
            RecordCreateRequest(noun: "apikey", fields: [
                RecordField("name", "ci runner"), RecordField("tenant", "main"), RecordField("quota", "500000"),
            ])),
        request("record-create-request-secret", "A user with a password.", .recordCreate,
            RecordCreateRequest(noun: "user", fields: [RecordField("name", "ada")], secret: Array("correct horse".utf8))),
        request("record-create-request-limits", "Longest noun, most fields with longest names, largest secret.", .recordCreate,
            RecordCreateRequest(noun: text(32, "n"), fields: mostFields, secret: Array(repeating: 0x70, count: Limits.recordSecret))),
        request("record-create-request-unordered-in-unicode", "Fields are ordered by bytes: U+FF61 stands before U+10000.", .recordCreate,
            RecordCreateRequest(noun: "user", fields: [RecordField("\u{10000}", "b"), RecordField("\u{FF61}", "a")])),
        response("record-create-response", "With the key, shown this once.", .recordCreate, RecordResponse(record: apiKeyRecord, secret: apiKey)),
        request("record-list-request", "All tenants.", .recordList, RecordListRequest(noun: "tenant")),
        request("record-list-request-filter", "Goes on behind an id.", .recordList,
            RecordListRequest(noun: "apikey", filter: [RecordField("tenant", "main"), RecordField("owner", "")], after: "7", limit: 1_000)),
        request("record-list-request-limits", "Longest cursor, most filters.", .recordList,
            RecordListRequest(noun: "x", filter: mostFields, after: longestID, limit: 1)),
        response("record-list-response", "", .recordList,
            RecordListResponse(records: [tenant, Record(noun: "tenant", id: "web", revision: 1, fields: [])], next: "web", total: 3)),
        response("record-list-response-empty", "The end.", .recordList, RecordListResponse(records: [], next: "", total: 0)),
        response("record-list-response-most", "1,000 records.", .recordList,
            RecordListResponse(
                records: (1...1_000).map { Record(noun: "token", id: "\($0)", revision: .max, fields: []) }, next: longestID, total: .max)),
        request("record-show-request", "", .recordShow, RecordShowRequest(noun: "tenant", id: "main")),
        request("record-show-request-limits", "Longest noun and id.", .recordShow, RecordShowRequest(noun: text(32, "n"), id: longestID)),
        response("record-show-response", "The secret is empty.", .recordShow, RecordResponse(record: tenant)),
        response("record-show-response-limits", "A value of 524,288 bytes.", .recordShow,
            RecordResponse(record: Record(noun: "x", id: "y", revision: 0, fields: [
                RecordField("a", ""), RecordField("b", text(Limits.recordFieldValue, "v")),
            ]))),
        request("record-update-request", "Only where revision 4720 wrote it last.", .recordUpdate,
            RecordUpdateRequest(noun: "apikey", id: "7", fields: [RecordField("status", "disabled")], expected: 4_720)),
        request("record-update-request-secret", "A new value of a door, whatever was there.", .recordUpdate,
            RecordUpdateRequest(noun: "door", id: "newapi/price", fields: [], secret: Array("7.3".utf8))),
        response("record-update-response", "", .recordUpdate, RecordResponse(record: apiKeyRecord)),
        request("record-delete-request", "", .recordDelete, RecordDeleteRequest(noun: "apikey", ids: ["7", "12"])),
        request("record-delete-request-most", "10,000 ids.", .recordDelete,
            RecordDeleteRequest(noun: "apikey", ids: (1...10_000).map { "\($0)" })),
        response("record-delete-response", "One of the two was not there.", .recordDelete, RecordDeleteResponse(count: 1)),
    ]

    static let apiKeys: [Vector] = [
        request("reveal-request", "", .reveal, RevealRequest(id: "7")),
        response("reveal-response", "", .reveal, RevealResponse(secret: apiKey)),
        request("usage-request", "", .usage, UsageRequest(id: "7", limit: 1_000)),
        request("usage-request-no-lines", "Only the record.", .usage, UsageRequest(id: longestID, limit: 0)),
        response("usage-response", "The newest line first.", .usage,
            UsageResponse(record: apiKeyRecord, lines: [
                UsageLine(time: time, amount: 300, requestID: "r-1", model: "gpt-4o", inputTokens: 100, outputTokens: 200),
                UsageLine(time: 0, amount: .min, requestID: "", model: "", inputTokens: -1, outputTokens: .max),
            ])),
        response("usage-response-limits", "1,000 lines, longest texts.", .usage,
            UsageResponse(record: Record(noun: "apikey", id: "7", revision: 1, fields: []), lines: Array(
                repeating: UsageLine(
                    time: .max, amount: .max, requestID: text(128, "r"), model: text(255, "m"), inputTokens: .max, outputTokens: .min),
                count: 1_000))),
        request("verify-request", "From 192.0.2.7, for a model, at a cost of 10.", .verify,
            VerifyRequest(key: apiKey, address: address, model: "gpt-4o", cost: 10)),
        request("verify-request-smallest", "No address, no model, no cost; any byte is a key.", .verify, VerifyRequest(key: [0xFF]), deadline: 1_000),
        request("verify-request-limits", "Longest key and model, an IPv6 address, largest cost.", .verify,
            VerifyRequest(key: Array(repeating: 0x6B, count: 512), address: address6, model: text(255, "m"), cost: Limits.units)),
        response("verify-response", "", .verify, verdict),
        response("verify-response-unknown", "An unknown key: nothing else is said.", .verify, unknownKey),
        response("verify-response-refused", "Too many requests in this minute.", .verify,
            VerifyResponse(
                .init(reason: .requestsPerMinute, scope: .embed, unlimited: true, remaining: -12, expires: -1, retryAfter: 1_500, number: 8),
                tenant: "web", name: "")),
        response("verify-response-other", "A reason that is not in the table: a refusal.", .verify, VerifyResponse(.init(reason: .other(255), number: 8))),
        response("verify-response-limits", "Longest texts, largest numbers.", .verify,
            VerifyResponse(
                .init(reason: .inFlight, remaining: .max, expires: .min, retryAfter: .max, number: .max), tenant: text(255, "t"),
                owner: text(255, "o"), name: text(1_024, "n"), group: text(255, "g"))),
        request("reserve-request", "For a minute.", .reserve,
            ReserveRequest(key: apiKey, address: address, model: "gpt-4o", amount: 1_000, requestID: "r-1", lifetime: 60_000)),
        request("reserve-request-limits", "Longest id and lifetime.", .reserve,
            ReserveRequest(key: apiKey, amount: Limits.units, requestID: text(128, "r"), lifetime: 86_400_000)),
        request("reserve-request-shortest", "Nothing, for a second.", .reserve, ReserveRequest(key: apiKey, amount: 0, requestID: "r", lifetime: 1_000)),
        response("reserve-response", "", .reserve, ReserveResponse(verdict: verdict, amount: 1_000, expires: time + 60_000)),
        response("reserve-response-refused", "Nothing was reserved.", .reserve, ReserveResponse(verdict: unknownKey)),
        response("reserve-response-repeated", "", .reserve, ReserveResponse(verdict: verdict, amount: .max, expires: .max, repeated: true)),
        request("settle-request", "", .settle,
            SettleRequest(number: 7, requestID: "r-1", amount: 300, model: "gpt-4o", inputTokens: 100, outputTokens: 200)),
        request("settle-request-limits", "Largest numbers, longest texts.", .settle,
            SettleRequest(
                number: .max, requestID: text(128, "r"), amount: Limits.units, model: text(255, "m"), inputTokens: Limits.units,
                outputTokens: Limits.units)),
        response("settle-response", "", .settle, SettleResponse(charged: 300, remaining: 499_690)),
        response("settle-response-shortfall", "More was used than there was.", .settle, SettleResponse(charged: 1_000, shortfall: 200, remaining: 0)),
        request("release-request", "", .release, ReleaseRequest(number: 7, requestID: "r-1")),
        response("release-response", "Of an unlimited key, the second time.", .release,
            SettleResponse(charged: 0, remaining: .min, unlimited: true, repeated: true)),
    ]

    static let accountImport: [Vector] = [
        request("account-import-request", "", .accountImport, AccountImportRequest(source: "newapi")),
        request("account-import-request-dry-run", "Longest source.", .accountImport, AccountImportRequest(source: text(32, "s"), dryRun: true)),
        server("account-import-credit", "The server grants credit.", .credit, .accountImport, Credit(count: 4)),
        client("account-import-chunk", "A user with the hash of a password, and one of the keys that it owns.", .chunk, .accountImport,
            AccountImportChunk(rows: [
                AccountRow(origin: "users 1", noun: "user", fields: [RecordField("name", "ada"), RecordField("role", "common")],
                    secrets: [.init("password_hash", Array("$2a$10$x".utf8))]),
                AccountRow(origin: "tokens 12", noun: "apikey", fields: [RecordField("name", "ci runner"), RecordField("owner", "ada")],
                    secrets: [.init("key", apiKey), .init("beta", [])]),
            ])),
        client("account-import-chunk-most-rows", "1,000 rows.", .chunk, .accountImport,
            AccountImportChunk(rows: Array(repeating: AccountRow(noun: "user", fields: []), count: 1_000))),
        client("account-import-chunk-limits", "Longest origin, most fields, most secrets, largest secret.", .chunk, .accountImport,
            AccountImportChunk(rows: [
                AccountRow(origin: text(128, "o"), noun: text(32, "n"), fields: mostFields, secrets: (10..<26).map {
                    .init(text(30, "s") + "\($0)", Array(repeating: 0x73, count: $0 == 10 ? Limits.recordSecret : 0))
                })
            ])),
        client("account-import-finish", "All rows were sent.", .end, .accountImport, ImportFinish(count: 2)),
        client("account-import-cancel", "", .cancel, .accountImport, Empty()),
        server("account-import-end", "The second row was refused.", .end, .accountImport,
            Answer<AccountImportResponse>.success(AccountImportResponse(
                revision: 4_721, effects: [.created, .refused], notes: [.init(row: 1, text: "the key is there already")]))),
        server("account-import-end-largest", "200,000 rows, 2,000 notes.", .end, .accountImport,
            Answer<AccountImportResponse>.success(AccountImportResponse(
                revision: .max, effects: Array(repeating: .refused, count: Limits.importRows),
                notes: (0..<2_000).map { .init(row: $0, text: text(300, "n")) }, moreNotes: .max))),
        server("account-import-end-failure", "", .end, .accountImport,
            Answer<AccountImportResponse>.failure(Failure(.invalidArgument, "row 2, tokens 12: the field models is unknown"))),
    ]
}
