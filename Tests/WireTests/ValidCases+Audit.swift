import CofferWire

/// The audit log.
extension ValidCases {
    static let auditEntry = AuditEntry(
        sequence: 12, time: time, last: time + 640, count: 3, who: "uid:1001", uid: 1_001, pid: 4_242, door: "socket", address: "",
        selectors: ["uid:1001", "gid:1001", "unit:app.service"], noun: "secret", action: "get", result: 0, tenant: "main", name: name,
        version: 4, revision: 0, hasDigest: false, note: "")
    static let largestEntry = AuditEntry(
        sequence: .max, time: .max, last: .max, count: .max, who: text(255, "w"), uid: .max, pid: .max, door: text(255, "d"),
        address: text(255, "a"), selectors: Array(repeating: text(255, "s"), count: 32), noun: text(32, "n"), action: text(32, "a"),
        result: .max, tenant: text(255, "t"), name: Array(repeating: 0xFF, count: 1_024), version: .max, revision: .max, hasDigest: true,
        note: text(1_024, "m"))

    static let audits: [Vector] = [
        request("audit-search-request", "Everything, from the beginning.", .auditSearch, AuditSearchRequest()),
        request("audit-search-request-refused", "What one caller was refused in a day, the newest first.", .auditSearch,
            AuditSearchRequest(
                name: Array("payments/**".utf8), who: "uid:1001", noun: "secret", action: "get", result: .refused, since: time,
                until: time + 86_400_000, newestFirst: true, cursor: 900, limit: 1)),
        request("audit-search-request-value", "Changes that wrote this value.", .auditSearch, AuditSearchRequest(result: .done, value: value)),
        request("audit-search-request-limits", "Longest fields, largest value.", .auditSearch,
            AuditSearchRequest(
                name: Array(repeating: 0x2A, count: 1_024), who: text(255, "w"), noun: text(32, "n"), action: text(32, "a"),
                result: .error(.max), since: .max, until: .max, value: Array(repeating: 0x76, count: Limits.value), newestFirst: true,
                cursor: .max, limit: 1_000)),
        response("audit-search-response", "Three reads of one name within a second.", .auditSearch,
            AuditSearchResponse(entries: [auditEntry], cursor: 12, more: true)),
        response("audit-search-response-none", "Nothing yet in this piece; the search goes on.", .auditSearch,
            AuditSearchResponse(entries: [], cursor: 70_000, more: true)),
        response("audit-search-response-limits", "The largest record.", .auditSearch,
            AuditSearchResponse(entries: [largestEntry], cursor: .max, more: false)),
        request("audit-verify-request", "", .auditVerify, Empty()),
        response("audit-verify-response", "Whole.", .auditVerify,
            AuditVerifyResponse(files: 2, records: 900, first: 1, last: 900, findings: [])),
        response("audit-verify-response-findings", "A break that a repair acknowledged, and one that nobody has seen.", .auditVerify,
            AuditVerifyResponse(
                files: .max, records: .max, first: .max, last: .max,
                findings: [
                    .init(file: 0, record: 0, isKnown: true, message: "the log is gone"),
                    .init(file: .max, record: .max, isKnown: false, message: text(1_024, "m")),
                ])),
        request("audit-repair-request", "", .auditRepair, Empty()),
        response("audit-repair-response", "", .auditRepair, AuditRepairResponse(result: "nothing to repair: the log is written")),
        server("audit-repair-response-failure", "The disk is still full.", .response, .auditRepair,
            Answer<AuditRepairResponse>.failure(
                Failure(.auditUnavailable, "the audit log cannot be written", retry: .after(milliseconds: 1_000)))),
    ]
}
