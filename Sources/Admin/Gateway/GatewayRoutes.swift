import CofferJSON

/// The routes of ``GatewayVerbs``.
enum GatewayRoutes {
    static var routes: [AdminRoute] {
        [
            route("verify", "Whether an API key may be used now", [.init("key", .text, required: true)] + circumstances + [.init("cost", .number)],
                answer: verdict, isRead: true) { try await $0.verify(&$1, $2) },
            route("reserve", "Sets units of an API key aside", [
                .init("key", .text, required: true), .init("amount", .number, required: true), .init("request_id", .text, required: true),
                .init("lifetime_ms", .number),
            ] + circumstances, answer: verdict) { try await $0.reserve(&$1, $2) },
            route("settle", "Charges what a reservation really cost", reservation + [
                .init("amount", .number, required: true), .init("model", .text), .init("input_tokens", .number), .init("output_tokens", .number),
            ], answer: settlement) { try await $0.settle(&$1, $2) },
            route("release", "Gives a reservation back", reservation, answer: settlement) { try await $0.release(&$1, $2) },
            route("token", "A live token of a credential or a pool", [
                .init("credential", .text), .init("pool", .text), .init("kind", .text), .init("min_left_ms", .number), .init("sticky", .text),
                .init("timeout_ms", .number), .init("tenant", .text),
            ], answer: .object([
                .init("token", .text, required: true), .init("kind", .text, required: true), .init("expires_at", .moment), .init("credential", .nullable(.text)),
                .init("revision", .number), .init("lease", .nullable(.text)),
            ]), isRead: true) { try await $0.token(&$1, $2) },
            route("report", "What was met with a token that a pool had given", [
                .init("lease", .text), .init("pool", .text), .init("credential", .text),
                .init("result", .word(["ok", "unauthorized", "payment-required", "limited", "server-error"])), .init("status", .number),
                .init("retry_after_ms", .number), .init("tenant", .text),
            ], answer: .object([.init("effect", .text, required: true), .init("state", .text, required: true), .init("until", .moment)])) {
                try $0.report(&$1, $2)
            },
        ]
    }

    private static let circumstances: [Schema.Member] = [.init("ip", .text), .init("model", .text)]
    private static let reservation: [Schema.Member] = [.init("number", .number, required: true), .init("request_id", .text, required: true)]
    private static let verdict = Schema.object([
        .init("valid", .flag, required: true), .init("reason", .text, required: true), .init("number", .number), .init("name", .text),
        .init("remaining", .number), .init("expires_at", .moment), .init("reservation", .object([])),
    ])
    private static let settlement = Schema.object([
        .init("number", .number, required: true), .init("charged", .number, required: true), .init("shortfall", .number), .init("unlimited", .flag),
        .init("remaining", .number), .init("repeated", .flag),
    ])

    private static func route(
        _ verb: String, _ summary: String, _ members: [Schema.Member], answer: Schema, isRead: Bool = false,
        _ run: @escaping @Sendable (GatewayVerbs, inout AdminBody, GatewayVerbs.Session) async throws -> JSONValue
    ) -> AdminRoute {
        AdminRoute("POST", "/v1/\(verb)", verb, tag: "gateway", summary, body: .object(members), answer: answer, isRead: isRead) { call in
            let caller = try call.requireCaller()
            let principal = AdminPrincipal(user: caller.user, token: caller.token)
            let session = GatewayVerbs.Session(principal: principal, rights: call.api.authority.rights(of: principal))
            return .json(try await run(call.api.gateway, &call.body, session))
        }
    }
}
