import CofferClient
import CofferJSON

/// What only API keys have: a readable form, and usage.
enum APIKeyRoutes {
    static var routes: [AdminRoute] {
        [
            AdminRoute(
                "POST", "/v1/api-keys/{id}/reveal", "revealAPIKey", tag: "api-keys", "The key in its readable form, where it is kept",
                body: .optional(.object([])), answer: .object([.init("secret", .text, required: true)]), access: .stepUp
            ) { call in
                try call.body.finish()
                var reply = AdminReply.json(.object([RecordCodec.shown(try await call.client().reveal(apiKey: call.text("id")))]))
                reply.isSecret = true
                return reply
            },
            AdminRoute(
                "GET", "/v1/api-keys/{id}/usage", "getAPIKeyUsage", tag: "api-keys", "What it was used for, the newest first",
                query: [.init(name: "limit", schema: .number, summary: "1 to 1,000; default 100")],
                answer: .object([.init("record", .named("APIKey"), required: true), .init("items", .list(line), required: true)])
            ) { call in
                let usage = try await call.client().usage(apiKey: call.text("id"), limit: call.limit())
                let codec = RecordCodec(collection: RecordCollection.find("api-keys") ?? RecordCollection.all[0])
                return .json(.object([
                    ("record", codec.json(usage.record)),
                    ("items", .array(usage.lines.map { line in
                        .object([
                            ("time", .exact(line.time)), ("amount", .exact(line.amount)), ("request_id", .string(line.requestID)),
                            ("model", .string(line.model)), ("input_tokens", .exact(line.inputTokens)), ("output_tokens", .exact(line.outputTokens)),
                        ])
                    })),
                ]))
            },
        ]
    }

    private static let line = Schema.object([
        .init("time", .moment, required: true), .init("amount", .number, required: true, "quota units"), .init("request_id", .text),
        .init("model", .text), .init("input_tokens", .number), .init("output_tokens", .number),
    ])
}
