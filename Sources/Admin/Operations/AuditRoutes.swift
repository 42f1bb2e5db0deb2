import CofferClient
import CofferJSON
import CofferWire

/// The audit log: who did what to which name, and what came of it.
enum AuditRoutes {
    static var routes: [AdminRoute] { [search, verify] }

    private static let tag = "audit"

    private static var search: AdminRoute {
        AdminRoute(
            "GET", "/v1/audit", "searchAudit", tag: tag, "Records that match, the newest first",
            query: [
                .init(name: "who", summary: "a selector: login:ci, uid:1001"), .init(name: "noun", summary: "secret, credential, …"),
                .init(name: "action", summary: "get, put, …"), .init(name: "name", summary: "a pattern as policies have it"),
                .init(name: "result", schema: .word(["done", "refused"]), summary: "absent: both"),
                .init(name: "since", schema: .number, summary: "Unix milliseconds"), .init(name: "until", schema: .number, summary: "Unix milliseconds"),
                .init(name: "order", schema: .word(["newest", "oldest"]), summary: "which come first; default newest"),
            ] + RecordRoutes.paging,
            answer: .page(.object([
                .init("sequence", .number, required: true), .init("time", .moment, required: true), .init("last", .moment), .init("count", .number),
                .init("who", .text, required: true), .init("door", .text), .init("address", .text), .init("selectors", .list(.text)),
                .init("noun", .text, required: true), .init("action", .text, required: true), .init("result", .text, required: true),
                .init("tenant", .text), .init("name", .text), .init("version", .nullable(.number)), .init("revision", .nullable(.number)),
                .init("note", .text),
            ]))
        ) { call in
            var request = AuditSearchRequest()
            request.who = try call.query("who", 0...255) ?? ""
            request.noun = try call.query("noun", 0...32) ?? ""
            request.action = try call.query("action", 0...32) ?? ""
            request.name = Array((try call.query("name", 0...1_024) ?? "").utf8)
            request.since = try call.queryNumber("since", 0...UInt64.max) ?? 0
            request.until = try call.queryNumber("until", 0...UInt64.max) ?? 0
            request.cursor = try call.queryNumber("after", 1...UInt64.max) ?? 0
            request.limit = UInt16(try call.limit())
            request.result = try result(call)
            request.newestFirst = try word(call, "order", ["newest", "oldest"]) != "oldest"
            let page = try await call.client().auditSearch(request)
            return .json(.object([
                ("items", .array(page.entries.map(json))), ("next", page.more ? .string(String(page.cursor)) : .null),
            ]))
        }
    }

    private static func result(_ call: AdminCall) throws(AdminFailure) -> AuditSearchRequest.Result {
        switch try word(call, "result", ["done", "refused"]) {
        case "done": .done
        case "refused": .refused
        default: .any
        }
    }

    private static func word(_ call: AdminCall, _ name: String, _ words: [String]) throws(AdminFailure) -> String? {
        guard let word = try call.query(name) else { return nil }
        guard words.contains(word) else { throw .invalid(name, "must be \(words.joined(separator: " or "))") }
        return word
    }

    private static func json(_ entry: AuditEntry) -> JSONValue {
        .object([
            ("sequence", .exact(entry.sequence)), ("time", .exact(entry.time)), ("last", .exact(entry.last)), ("count", .integer(Int64(entry.count))),
            ("who", .string(entry.who)), ("door", .string(entry.door)), ("address", .string(entry.address)), ("selectors", .strings(entry.selectors)),
            ("noun", .string(entry.noun)), ("action", .string(entry.action)),
            ("result", .string(ErrorCode(rawValue: entry.result).map { AdminFailure.word("\($0)") } ?? String(entry.result))),
            ("tenant", .string(entry.tenant)), SecretJSON.name(entry.name), ("version", entry.version == 0 ? .null : .exact(entry.version)),
            ("revision", entry.revision == 0 ? .null : .exact(entry.revision)), ("note", .string(entry.note)),
        ])
    }

    private static var verify: AdminRoute {
        AdminRoute(
            "POST", "/v1/audit/verify", "verifyAudit", tag: tag, "Whether the log is whole", body: .optional(.object([])),
            answer: .object([
                .init("good", .flag, required: true), .init("files", .number), .init("records", .number), .init("first", .number),
                .init("last", .number),
                .init("findings", .list(.object([
                    .init("file", .number), .init("record", .number), .init("known", .flag), .init("message", .text, required: true),
                ])), required: true),
            ]), isRead: true
        ) { call in
            try call.body.finish()
            let verdict = try await call.client().auditVerify(timeout: .zero)
            return .json(.object([
                ("good", .bool(verdict.findings.allSatisfy(\.isKnown))), ("files", .integer(Int64(verdict.files))),
                ("records", .exact(verdict.records)), ("first", .exact(verdict.first)), ("last", .exact(verdict.last)),
                ("findings", .array(verdict.findings.map {
                    .object([
                        ("file", .exact($0.file)), ("record", .exact($0.record)), ("known", .bool($0.isKnown)), ("message", .string($0.message)),
                    ])
                })),
            ]))
        }
    }
}
