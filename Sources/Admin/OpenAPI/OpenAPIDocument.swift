import CofferJSON

/// The OpenAPI 3.1 document of the routes, as `docs/openapi.json` has it and `/openapi.json` serves it.
enum OpenAPIDocument {
    static func make(_ routes: [AdminRoute], schemas: [(String, Schema)], version: String) -> JSONValue {
        .object([
            ("openapi", .string("3.1.0")),
            ("info", .object([
                ("title", .string("Coffer")), ("version", .string(version)),
                ("summary", .string("Tokens and secrets: the operator's HTTP API")),
                ("description", .string(about)),
                ("license", .object([("name", .string("MIT")), ("identifier", .string("MIT"))])),
            ])),
            ("servers", .array([.object([("url", .string("/"))])])),
            ("security", .array([.object([("token", .array([]))]), .object([("session", .array([])), ("csrf", .array([]))])])),
            ("paths", paths(routes)),
            ("components", .object([
                ("schemas", .object((schemas + [("Problem", problem)]).map { ($0.0, $0.1.json) })),
                ("securitySchemes", .object([
                    ("token", .object([("type", .string("http")), ("scheme", .string("bearer")), ("description", .string("a personal access token"))])),
                    ("session", .object([("type", .string("apiKey")), ("in", .string("cookie")), ("name", .string(AdminSessions.cookie))])),
                    ("csrf", .object([("type", .string("apiKey")), ("in", .string("header")), ("name", .string(AdminSessions.csrfHeader))])),
                ])),
                ("responses", .object([
                    ("Problem", .object([
                        ("description", .string("what was wrong (RFC 9457)")),
                        ("content", content("application/problem+json", .named("Problem"))),
                    ]))
                ])),
            ])),
        ])
    }

    private static let about =
        "Moments are Unix milliseconds; null: never, or unknown. Numbers above 2^53 - 1 are texts, and may be texts in requests. Requests are strict: "
        + "an unknown member, one that stands twice, and a wrong type are refused and named. What a caller may do is decided by policy, as on the socket."

    private static let problem = Schema.object([
        .init("type", .text, required: true), .init("title", .text, required: true), .init("status", .number, required: true),
        .init("code", .text, required: true, "for programs: not-found, conflict, ..."), .init("detail", .text, required: true, "for people"),
        .init("field", .text, "what was wrong"),
    ])

    private static func paths(_ routes: [AdminRoute]) -> JSONValue {
        var order: [String] = []
        var byPath: [String: [(String, JSONValue)]] = [:]
        for route in routes {
            if byPath[route.path] == nil { order.append(route.path) }
            byPath[route.path, default: []].append((route.method.lowercased(), operation(route)))
        }
        return .object(order.map { ($0, .object(byPath[$0] ?? [])) })
    }

    private static func operation(_ route: AdminRoute) -> JSONValue {
        var fields: [(String, JSONValue)] = [
            ("operationId", .string(route.operation)), ("tags", .strings([route.tag])), ("summary", .string(route.summary)),
        ]
        if route.access == .anybody { fields.append(("security", .array([]))) }
        let parameters = parameters(route)
        if !parameters.isEmpty { fields.append(("parameters", .array(parameters))) }
        if let body = route.body {
            fields.append(("requestBody", .object([("required", .bool(!body.isOptional)), ("content", content("application/json", body))])))
        }
        var success: [(String, JSONValue)] = [("description", .string(route.status == 201 ? "made" : "done"))]
        if let answer = route.answer { success.append(("content", content(route.answerType, answer))) }
        fields.append(("responses", .object([
            (String(route.status), .object(success)),
            ("4XX", .object([("$ref", .string("#/components/responses/Problem"))])),
            ("5XX", .object([("$ref", .string("#/components/responses/Problem"))])),
        ])))
        return .object(fields)
    }

    private static func parameters(_ route: AdminRoute) -> [JSONValue] {
        func parameter(_ name: String, _ place: String, _ schema: Schema, _ summary: String, required: Bool) -> JSONValue {
            var fields: [(String, JSONValue)] = [("name", .string(name)), ("in", .string(place)), ("required", .bool(required)), ("schema", schema.json)]
            if !summary.isEmpty { fields.append(("description", .string(summary))) }
            return .object(fields)
        }
        var list = route.parameters.map { parameter($0, "path", .text, "percent-encoded whole: / is %2F", required: true) }
        list += route.query.map { parameter($0.name, "query", $0.schema, $0.summary, required: false) }
        list += route.headers.map { parameter($0, "header", .text, "", required: false) }
        if !route.isRead, route.access != .anybody {
            list.append(parameter("Idempotency-Key", "header", .text, "1 to 255 characters: the same request again gets the same answer", required: false))
        }
        return list
    }

    private static func content(_ type: String, _ schema: Schema) -> JSONValue {
        .object([(type, .object([("schema", schema.json)]))])
    }
}
