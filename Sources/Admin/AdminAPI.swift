import CofferAccounts
import CofferClient
import CofferCredentials
import CofferHTTP
import CofferJSON
import CofferStore
import Logging

/// Coffer's own HTTP API and the operator's page (docs/admin-api.md). What a caller may do is decided by policy, behind the same services
/// as on the socket; this door finds out who calls, and speaks JSON.
public final class AdminAPI: HTTPDoor {
    public let id = "admin"
    public static let paths: [PathClaim] = [.tree("/v1"), .tree("/page"), .exact("/"), .exact("/openapi.json"), .tree("/docs")]
    public var claims: [PathClaim] { Self.paths }

    /// What the page shows of the configuration.
    public struct Facts: Sendable {
        public struct Door: Sendable {
            public var id: String
            /// `HOST:PORT`.
            public var listen: String
            public var isTLS: Bool

            public init(id: String, listen: String, isTLS: Bool) {
                self.id = id
                self.listen = listen
                self.isTLS = isTLS
            }
        }

        public var version: String
        public var doors: [Door]

        public init(version: String, doors: [Door]) {
            self.version = version
            self.doors = doors
        }
    }

    let accounts: Accounts
    let gateway: GatewayVerbs
    let authority: any AdminAuthority
    let clients: AdminClients
    let sessions: AdminSessions
    let health: any HealthSource
    let backups: any BackupVerifying
    let history: ActivityHistory
    let events = EventPlaces()
    let facts: Facts
    private let idempotency = IdempotencyTable()
    private let table: RouteTable
    private let page: StaticPages

    public init(
        accounts: Accounts, credentials: Credentials, authority: any AdminAuthority, gate: any AdminGate, backoff: LoginBackoff,
        health: any HealthSource, backups: any BackupVerifying, activity: any ActivitySource, facts: Facts, logger: Logger
    ) {
        self.accounts = accounts
        gateway = GatewayVerbs(accounts: accounts, credentials: credentials)
        self.authority = authority
        clients = AdminClients(gate: gate)
        sessions = AdminSessions(accounts: accounts, backoff: backoff, logger: logger)
        self.health = health
        self.backups = backups
        history = ActivityHistory(source: activity)
        self.facts = facts
        table = RouteTable(Self.routes)
        page = StaticPages(openAPI: Self.openAPI(version: facts.version))
    }

    var now: UInt64 { Store.systemClock() }

    // MARK: Routes

    static var routes: [AdminRoute] {
        var routes = SessionRoutes.routes + GatewayRoutes.routes + SecretRoutes.routes + [CredentialImportRoute.route]
        for collection in RecordCollection.all { routes += ActRoutes.batchRoutes(collection) + RecordRoutes.routes(collection) + ActRoutes.routes(collection) }
        return routes + APIKeyRoutes.routes + PolicyRoutes.routes + StatusRoutes.routes + [OverviewRoute.route] + BackupRoutes.routes
            + AuditRoutes.routes + [EventRoute.route, TunnelRoute.route]
    }

    /// The OpenAPI document of this version.
    public static func openAPI(version: String) -> JSONValue {
        let schemas = RecordCollection.all.map { ($0.title, $0.schema) } + [
            ("Secret", SecretJSON.schema), ("Session", SessionRoutes.schema), ("Change", .object([.init("revision", .number, required: true)])),
        ]
        return OpenAPIDocument.make(routes, schemas: schemas, version: version)
    }

    public func route(method: String, path: String) -> HTTPRoute {
        switch table.match(method, path) {
        case .route(let route, _): HTTPRoute(route.name, isRead: route.isRead)
        default: page.has(path) ? HTTPRoute("GET page", isRead: true, isPublished: true) : .unknown
        }
    }

    // MARK: Answering

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        if let reply = page.answer(call) { return reply }
        let name = route(method: call.method, path: call.path).name
        var principal = ""
        do {
            let (route, parameters): (AdminRoute, [String: [UInt8]])
            do throws(AdminFailure) { (route, parameters) = try find(call) } catch {
                // Which paths there are is nobody's business who is not known.
                _ = try caller(call, .caller)
                throw error
            }
            let caller = try caller(call, route.access)
            principal = caller?.selector ?? ""
            let reply = try await answer(call, route, parameters, caller)
            return finished(reply, name, principal)
        } catch {
            return AdminFailure(any: error).reply(route: name, principal: principal)
        }
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        let code = switch refusal {
        case .bodyTooLarge: "too-large"
        case .timeOut: "timed-out"
        case .badHost: "bad-host"
        case .tooManyAttempts: "too-many-attempts"
        case .draining: "draining"
        case .auditDown: "audit-unavailable"
        case .unreadable: "malformed"
        }
        return AdminFailure(
            status: refusal.status, code: code, message: refusal.message, retryAfterSeconds: refusal.retryAfterSeconds
        ).reply(route: "refused", principal: "")
    }

    private func find(_ call: HTTPCall) throws(AdminFailure) -> (AdminRoute, [String: [UInt8]]) {
        switch table.match(call.method, call.path) {
        case .route(let route, let parameters): return (route, parameters)
        case .methods(let methods):
            throw AdminFailure(
                status: 405, code: "method-not-allowed", message: "this path takes \(methods.joined(separator: ", "))", allow: methods.joined(separator: ", "))
        case .nothing: throw .notFound("there is no such path")
        case .unreadable: throw .invalid("path", "is no percent-encoding")
        }
    }

    /// Who calls; a token goes before a cookie.
    private func caller(_ call: HTTPCall, _ access: AdminRoute.Access) throws(AdminFailure) -> AdminCaller? {
        guard !accounts.isLocked else { throw .locked }
        let caller: AdminCaller
        if let header = call.header("Authorization") {
            let words = header.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 512,
                let found = accounts.tokens.authenticate(Array(words[1].utf8), kinds: [.personal]), found.user.isEnabled
            else { throw .unauthorized }
            caller = AdminCaller(user: found.user, token: found.token, address: call.client, stepUpUntil: UInt64.max)
        } else if access == .anybody {
            return nil
        } else if let session = sessions.caller(call) {
            caller = session
            if call.method != "GET" { try sessions.requireOwnPage(call, session) }
        } else {
            throw .unauthorized
        }
        guard access != .stepUp || caller.stepUpUntil > now else {
            throw AdminFailure(status: 403, code: "step-up-required", message: "the password is asked for once more: POST /v1/session/step-up")
        }
        return caller
    }

    private func answer(
        _ call: HTTPCall, _ route: AdminRoute, _ parameters: [String: [UInt8]], _ caller: AdminCaller?
    ) async throws -> AdminReply {
        var request = try AdminCall(call, route, parameters, api: self, caller: caller)
        guard !route.isRead, let caller, let key = call.header("Idempotency-Key") else { return try await route.run(&request) }
        guard (1...255).contains(key.utf8.count) else { throw AdminFailure.invalid("Idempotency-Key", "must have 1 to 255 bytes") }
        switch idempotency.begin(key, caller: caller.selector, call) {
        case .known(var reply):
            reply.headers.append(("Idempotency-Replayed", "true"))
            return reply
        case .running: throw AdminFailure.conflict("the first request under this Idempotency-Key is still being carried out")
        case .other: throw AdminFailure.conflict("this Idempotency-Key was used for another request")
        case .new: break
        }
        do {
            let reply = try await route.run(&request)
            idempotency.end(key, caller: caller.selector, reply)
            return reply
        } catch {
            idempotency.end(key, caller: caller.selector, nil)
            throw error
        }
    }

    private func finished(_ reply: AdminReply, _ route: String, _ principal: String) -> HTTPReply {
        var headers = reply.headers
        var body = reply.bytes ?? []
        if let json = reply.json {
            body = json.encoded()
            headers.append(("Content-Type", "application/json"))
        }
        var answer = HTTPReply(status: reply.status, headers: headers, body: body, route: route, principal: principal)
        answer.stream = reply.stream
        answer.tunnel = reply.tunnel
        return answer
    }
}
