import CofferAccounts
import CofferHTTP
import CofferJSON
import CofferStore

/// Logging in and out, and the second look at the password.
enum SessionRoutes {
    static var routes: [AdminRoute] {
        [
            AdminRoute(
                "POST", "/v1/session", "logIn", tag: tag, "Begins a session: a cookie, and the token that changes must bring along",
                body: .object([.init("login", .text, required: true), .init("password", .text, required: true)]), answer: .named("Session"),
                access: .anybody
            ) { call in
                let name = try call.body.text("login", 1...255)
                let password = try call.body.text("password", 1...1_024)
                try call.body.finish()
                try requireSameSite(call.http)
                let (caller, cookie) = try await call.api.sessions.logIn(call.http, name: name, password: password)
                var reply = AdminReply.json(json(caller, call))
                reply.headers.append(("Set-Cookie", header(cookie, seconds: AdminSessions.longest / 1_000, call.http)))
                reply.isSecret = true
                return reply
            },
            // Not a refusal where there is none: a page that is opened asks first.
            AdminRoute(
                "GET", "/v1/session", "getSession", tag: tag, "The session of the cookie; 204 where nobody is logged in", answer: .named("Session"),
                access: .anybody
            ) { call in
                guard let caller = call.api.sessions.caller(call.http) else { return .nothing }
                return .json(json(caller, call))
            },
            AdminRoute("DELETE", "/v1/session", "logOut", tag: tag, "Ends the session", status: 204) { call in
                try await call.api.sessions.logOut(try session(call))
                var reply = AdminReply.nothing
                reply.headers.append(("Set-Cookie", header("", seconds: 0, call.http)))
                return reply
            },
            AdminRoute(
                "POST", "/v1/session/step-up", "stepUp", tag: tag, "The password once more: for five minutes values may be shown",
                body: .object([.init("password", .text, required: true)]), answer: .named("Session")
            ) { call in
                let password = try call.body.text("password", 1...1_024)
                try call.body.finish()
                return .json(json(try await call.api.sessions.stepUp(call.http, try session(call), password: password), call))
            },
        ]
    }

    static let schema = Schema.object([
        .init("login", .text, required: true), .init("role", .text, required: true), .init("tenant", .text, required: true),
        .init("csrf", .text, required: true, "for X-CSRF-Token"), .init("expires_at", .moment, required: true),
        .init("idle_expires_at", .moment, required: true), .init("step_up_until", .moment, required: true),
    ])

    private static let tag = "session"

    private static func session(_ call: AdminCall) throws(AdminFailure) -> AdminCaller {
        let caller = try call.requireCaller()
        guard caller.isSession else { throw AdminFailure(status: 404, code: "not-found", message: "an access token is no session") }
        return caller
    }

    /// A page of another site must not log its visitor in as somebody else.
    private static func requireSameSite(_ call: HTTPCall) throws(AdminFailure) {
        switch call.header("Sec-Fetch-Site") {
        case nil, "same-origin", "none": return
        default: throw AdminFailure(status: 403, code: "csrf", message: "a login comes from this page only")
        }
    }

    private static func header(_ value: String, seconds: UInt64, _ call: HTTPCall) -> String {
        "\(AdminSessions.cookie)=\(value); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(seconds)" + (call.isSecure ? "; Secure" : "")
    }

    private static func json(_ caller: AdminCaller, _ call: AdminCall) -> JSONValue {
        let now = Store.systemClock()
        return .object([
            ("login", .string(caller.user.name.description)), ("role", .string(caller.user.role.word)),
            ("tenant", .string(call.api.accounts.tenants.find(caller.user.home)?.name.description ?? "")), ("csrf", .string(caller.csrf)),
            ("expires_at", .exact(caller.token.expires)), ("idle_expires_at", .exact(min(now + AdminSessions.idle, caller.token.expires))),
            ("step_up_until", SecretJSON.moment(caller.stepUpUntil)),
        ])
    }
}
