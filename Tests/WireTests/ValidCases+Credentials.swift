import CofferWire

/// Live tokens, reports, acts, watches of tokens and the import of credentials.
extension ValidCases {
    static let lease = Bytes16(Array(0x70...0x7F))!
    static let accessToken = Array("at-9f86d081".utf8)
    static let longestOther = text(255, "n")
    static let credentialRecord = Record(noun: "credential", id: "openai/main", revision: 4_730, fields: [
        RecordField("name", "openai/main"), RecordField("provider", "openai"), RecordField("state", "fresh"), RecordField("enabled", "true"),
    ])
    static let credentialRow = AccountRow(
        origin: "rt.csv 2", noun: "credential", fields: [RecordField("name", "openai/main"), RecordField("provider", "openai")],
        secrets: [.init("refresh", Array("rt-1".utf8))])
    static let present = TokenWatchEvent.Change(
        revision: 4_731, last: true, number: 7, name: "openai/main", state: "fresh", expires: time, tokenRevision: 4_731)

    static let tokens: [Vector] = [
        request("token-request", "An access token that lives for a minute more, within five seconds.", .token,
            TokenRequest(name: "openai/main", minimumLeft: 60), deadline: 5_000),
        request("token-request-pool", "Of a pool, from the member that this caller had before.", .token,
            TokenRequest(name: "gpt", isPool: true, sticky: Array("session 12".utf8))),
        request("token-request-limits", "Longest name, kind and sticky key.", .token,
            TokenRequest(name: longestOther, isPool: true, kind: text(64, "k"), minimumLeft: .max, sticky: Array(repeating: 0xFF, count: 128))),
        response("token-response", "Without a pool there is no lease.", .token,
            TokenResponse(expires: time, revision: 4_730, number: 7, kind: "access", name: "openai/main", value: accessToken)),
        response("token-response-lease", "Of a member of a pool.", .token,
            TokenResponse(
                expires: time, revision: 4_730, number: 7, lease: lease.bytes, kind: "access", name: "openai/main", value: accessToken)),
        response("token-response-own", "The pool's own token; nobody knows when it ends.", .token,
            TokenResponse(expires: 0, revision: 4_730, number: 0, lease: lease.bytes, kind: "pool", name: "", value: accessToken)),
        response("token-response-largest", "", .token,
            TokenResponse(
                expires: .max, revision: .max, number: .max, lease: lease.bytes, kind: text(64, "k"), name: longestOther,
                value: Array(repeating: 0x74, count: Limits.token))),
        server("token-response-no-live-member", "The first member may come back in 30 seconds.", .response, .token,
            Answer<TokenResponse>.failure(Failure(.noLiveMember, "no member lives", retry: .after(milliseconds: 30_000)))),
        request("report-request", "429, to be tried again in 20 seconds.", .report, ReportRequest(.lease(lease), .limited, retryAfter: 20_000)),
        request("report-request-member", "401, by the names.", .report,
            ReportRequest(.member(pool: "gpt", credential: "openai/main"), .unauthorized)),
        request("report-request-limits", "Longest names and wait.", .report,
            ReportRequest(.member(pool: longestOther, credential: longestOther), .serverError, retryAfter: .max)),
        request("report-request-ok", "", .report, ReportRequest(.lease(lease), .ok)),
        request("report-request-payment", "", .report, ReportRequest(.lease(.zero), .paymentRequired)),
        response("report-response", "", .report, ReportResponse(effect: .taken, state: "cooling", until: time)),
        response("report-response-repeated", "", .report, ReportResponse(effect: .repeated, state: "live", until: 0)),
        response("report-response-outdated", "Longest word.", .report,
            ReportResponse(effect: .outdated, state: text(32, "w"), until: .max)),
    ]

    static let acts: [Vector] = [
        request("credential-act-request", "A refresh that also gets a share token.", .credentialAct,
            CredentialActRequest(
                noun: "credential", id: "openai/main", verb: "refresh", options: [RecordField("kinds", "access\nshare")])),
        request("credential-act-request-secret", "A step with a value of this call alone.", .credentialAct,
            CredentialActRequest(
                noun: "credential", id: "pandora", verb: "step", options: [RecordField("step", "pool")],
                secret: Array("{\"share_tokens\":\"fk-1\"}".utf8))),
        request("credential-act-request-limits", "Longest noun, id, verb, most options, largest secret.", .credentialAct,
            CredentialActRequest(
                noun: text(32, "n"), id: longestID, verb: text(32, "v"), options: mostFields,
                secret: Array(repeating: 0x73, count: Limits.recordSecret))),
        response("credential-act-response", "", .credentialAct,
            CredentialActResponse(
                record: credentialRecord, result: "the tokens are new",
                details: [RecordField("dialled", "true"), RecordField("renewed", "true")])),
        response("credential-act-response-secret", "What was revealed.", .credentialAct,
            CredentialActResponse(record: credentialRecord, result: "", secret: accessToken)),
        response("credential-act-response-limits", "Longest sentence, most details, largest secret.", .credentialAct,
            CredentialActResponse(
                record: credentialRecord, result: text(1_024, "r"), details: mostFields,
                secret: Array(repeating: 0x73, count: Limits.recordSecret))),
        request("credential-import-request", "One credential with its refresh token.", .credentialImport,
            CredentialImportRequest(source: "rtmanage", rows: [credentialRow])),
        request("credential-import-request-most-rows", "1,000 rows; changes nothing.", .credentialImport,
            CredentialImportRequest(
                source: text(32, "s"), dryRun: true, rows: Array(repeating: AccountRow(noun: "credential", fields: []), count: 1_000))),
        response("credential-import-response", "", .credentialImport,
            AccountImportResponse(revision: 4_732, effects: [.created])),
        response("credential-import-response-refused", "", .credentialImport,
            AccountImportResponse(revision: 4_732, effects: [.refused, .unchanged], notes: [.init(row: 0, text: "provider: there is none")])),
    ]

    static let tokenWatches: [Vector] = [
        request("token-watch-request", "One credential.", .tokenWatch,
            TokenWatchRequest(exact: true, name: Array("openai/main".utf8))),
        request("token-watch-request-pools", "All pools, from a position on.", .tokenWatch,
            TokenWatchRequest(isPool: true, exact: false, name: [], from: position, credit: 0)),
        request("token-watch-request-limits", "A prefix of 255 bytes that is no text.", .tokenWatch,
            TokenWatchRequest(exact: false, name: Array(repeating: 0xFF, count: 255), credit: .max), deadline: 1_000),
        response("token-watch-response", "Where it starts.", .tokenWatch, position),
        server("token-watch-event", "A credential has a new token.", .event, .tokenWatch, TokenWatchEvent.change(present)),
        server("token-watch-event-gone", "There is none of this name any more.", .event, .tokenWatch,
            TokenWatchEvent.change(.init(
                revision: 4_732, last: false, number: 7, name: "openai/main", state: "gone", expires: 0, tokenRevision: 0))),
        server("token-watch-event-largest", "", .event, .tokenWatch,
            TokenWatchEvent.change(.init(
                revision: .max, last: true, number: .max, name: longestOther, state: text(32, "w"), expires: .max, tokenRevision: .max))),
        server("token-watch-event-resync", "", .event, .tokenWatch, TokenWatchEvent.resync(position)),
        client("token-watch-credit", "", .credit, .tokenWatch, Credit(count: 512)),
        client("token-watch-cancel", "", .cancel, .tokenWatch, Empty()),
        server("token-watch-end", "The end of a watch is always a failure.", .end, .tokenWatch, Failure(.locked, "the store is locked")),
    ]
}
