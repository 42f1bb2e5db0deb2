import CofferClient
import CofferJSON

/// Policies, and which rule decides.
enum PolicyRoutes {
    static var routes: [AdminRoute] {
        [
            AdminRoute(
                "GET", "/v1/policies", "listPolicies", tag: tag, "Their names",
                answer: .page(.object([.init("name", .text, required: true)]))
            ) { call in
                let names = try await call.client().policyList()
                return .json(.object([
                    ("items", .array(names.map { .object([("name", .string($0))]) })), ("next", .null), ("total", .integer(Int64(names.count))),
                ]))
            },
            AdminRoute(
                "POST", "/v1/policies", "applyPolicies", tag: tag, "Replaces the policies that a source names", body: applySchema, answer: reportSchema
            ) { call in try await apply(&call, named: nil) },
            AdminRoute("GET", "/v1/policies/{name}", "getPolicy", tag: tag, "Its source", answer: policySchema) { call in
                let name = try call.text("name")
                let policy = try await call.client().policyShow(name)
                return AdminReply.json(.object([
                    ("name", .string(name)), ("source", .string(String(decoding: policy.source, as: UTF8.self))),
                    ("revision", .exact(policy.revision)),
                ])).tagged(max(policy.revision, 1))
            },
            AdminRoute(
                "PUT", "/v1/policies/{name}", "putPolicy", tag: tag, "Makes or replaces it", headers: ["If-Match"], body: applySchema,
                answer: reportSchema
            ) { call in
                let name = try call.text("name")
                if let expected = try call.ifMatch(), try await call.client().policyShow(name).revision != expected {
                    throw AdminFailure.changed("the policy was changed since")
                }
                return try await apply(&call, named: name)
            },
            AdminRoute("DELETE", "/v1/policies/{name}", "deletePolicy", tag: tag, "Deletes it", status: 204) { call in
                try await call.client().policyDelete(call.text("name"))
                return .nothing
            },
            explain,
        ]
    }

    private static let tag = "policies"
    private static let applySchema = Schema.object([
        .init("source", .text, required: true, "YAML, as docs/policies.md has it"), .init("dry_run", .flag, "check, and change nothing"),
    ])
    private static let policySchema = Schema.object([
        .init("name", .text, required: true), .init("source", .text, required: true), .init("revision", .number),
    ])
    private static let reportSchema = Schema.object([
        .init("revision", .number, required: true), .init("report", .list(.text), required: true, "what was done, or would be"),
    ])

    private static func apply(_ call: inout AdminCall, named name: String?) async throws -> AdminReply {
        let source = try call.body.text("source", 0...262_144)
        let dryRun = try call.body.flag("dry_run", default: false)
        try call.body.finish()
        if let name { try PolicySourceName.require(name, in: source) }
        let result = try await call.client().policyApply(Array(source.utf8), dryRun: dryRun)
        return .json(.object([("revision", .exact(result.revision)), ("report", .strings(result.report))]))
    }

    private static var explain: AdminRoute {
        AdminRoute(
            "POST", "/v1/explain", "explain", tag: tag, "Which rule would decide",
            body: .object([
                .init("who", .list(.text), "selectors: login:ci, uid:1001; none: the caller"), .init("noun", .text, required: true),
                .init("action", .text, required: true), .init("name", .text),
            ]),
            answer: .object([
                .init("allowed", .flag, required: true), .init("policy", .nullable(.text)), .init("rule", .nullable(.number)),
                .init("reasons", .list(.text), required: true),
            ]), isRead: true
        ) { call in
            let who = try call.body.texts("who", 0...64, each: 1...255)
            let noun = try call.body.text("noun", 1...64)
            let action = try call.body.text("action", 1...64)
            let name = try call.body.text("name", 0...1_024, default: "")
            try call.body.finish()
            let answer = try await call.client().explain(selectors: who, noun: noun, action: action, name: name)
            return .json(.object([
                ("allowed", .bool(answer.allowed)), ("policy", answer.policy.isEmpty ? .null : .string(answer.policy)),
                ("rule", answer.rule == 0 ? .null : .integer(Int64(answer.rule))), ("reasons", .strings(answer.notes)),
            ]))
        }
    }
}

/// A source that is put under a name must be that policy's alone.
enum PolicySourceName {
    static func require(_ name: String, in source: String) throws(AdminFailure) {
        let names = source.split(separator: "\n").compactMap { line -> Substring? in
            guard line.hasPrefix("policy:") else { return nil }
            var value = line.dropFirst("policy:".count)
            if let comment = value.firstRange(of: " #") { value = value[..<comment.lowerBound] }
            return Self.unquoted(value)
        }
        guard names.count == 1, names[0] == name else {
            throw .invalid("source", "must be one policy, and its line 'policy: …' must name '\(name.prefix(100))'")
        }
    }

    private static func unquoted(_ value: Substring) -> Substring {
        var value = value
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" || last == "\r" { value.removeLast() }
        guard value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote else { return value }
        return value.dropFirst().dropLast()
    }
}
