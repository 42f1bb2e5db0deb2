import CofferAccounts
import CofferJSON
import CofferStore
import Logging

/// The management API of new-api's tokens and what its keys ask about themselves (compat/newapi.md).
///
/// It translates and decides nothing: whose a token is, and what a key may, the accounts say.
public final class NewAPIDoor: HTTPDoor {
    let accounts: Accounts
    let settings: NewAPISettings
    let rules: NewAPIRules
    let backoff: LoginBackoff
    let logger: Logger
    let version: String
    let signing: DashboardSigning
    let limits = NewAPIRateLimits()
    /// Unix milliseconds.
    let clock: @Sendable () -> UInt64
    /// Unix milliseconds at which this door was made.
    let started: UInt64

    /// - Parameters:
    ///   - signingKey: 32 bytes that stay the same for one store (`Store.signingKey`); asked for each time, never kept.
    ///   - clock: Unix milliseconds.
    public init(
        accounts: Accounts, settings: NewAPISettings, backoff: LoginBackoff, logger: Logger, version: String,
        signingKey: @escaping @Sendable () throws(StoreError) -> SecretBuffer,
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }
    ) {
        self.accounts = accounts
        self.settings = settings
        rules = NewAPIRules(profile: settings.profile)
        self.backoff = backoff
        self.logger = logger
        self.version = version
        signing = DashboardSigning(key: signingKey)
        self.clock = clock
        started = clock()
    }

    public let id = "newapi"
    public let requestIDHeader: String? = "X-Oneapi-Request-Id"
    public static var paths: [PathClaim] { NewAPIRoute.claims }
    public var claims: [PathClaim] { Self.paths }

    public func route(method: String, path: String) -> HTTPRoute {
        guard let route = NewAPIRoute.find(method, path) else { return .unknown }
        return HTTPRoute(route.name, isRead: route.operation.isRead)
    }

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        var reply = await respond(to: call)
        if let requestIDHeader { reply.headers.append((requestIDHeader, call.requestID)) }
        reply.headers.append(("X-New-Api-Version", version))
        return reply
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        let message = refusal.isOutage ? NewAPIMessage.unavailable.text(.chinese, settings.profile) : refusal.message
        let body = NewAPIRoute.isGateway(path) ? Self.gatewayError(message, code: "") : Self.failure(message, code: "")
        var reply = HTTPReply.json(refusal.status, body.encoded(), route: "refused")
        if let seconds = refusal.retryAfterSeconds { reply.headers.append(("Retry-After", String(seconds))) }
        reply.headers.append(("X-New-Api-Version", version))
        return reply
    }

    private func respond(to call: HTTPCall) async -> HTTPReply {
        guard let route = NewAPIRoute.find(call.method, call.path) else { return notFound(call) }
        if call.isHead, route.operation.isChangeByGet { return notFound(call) }
        let request = NewAPIRequest(call, route)
        // Kept apart from the outcome: who asked stands in the log also where nothing came of it.
        var principal = ""
        var reply: HTTPReply
        do throws(NewAPIFailure) {
            let answer = try await perform(request, principal: &principal)
            reply = answer.body.isNull
                ? HTTPReply(status: 204, route: route.name) : .json(200, answer.body.encoded(), route: route.name)
            reply.headers += answer.headers
        } catch {
            reply = render(error, request)
        }
        reply.principal = principal
        if route.operation.isOpenToPages { reply.headers.append(("Access-Control-Allow-Origin", "*")) }
        return reply
    }

    private func perform(_ request: NewAPIRequest, principal: inout String) async throws(NewAPIFailure) -> NewAPIAnswer {
        let operation = request.route.operation
        if operation == .preflight { return Self.preflight }
        guard !accounts.isLocked else { throw operation.isGateway ? NewAPIFailure.unavailable.atGateway : lockedFailure(operation) }
        switch operation {
        case .preflight: return Self.preflight
        case .status: return showStatus()
        case .login: return try await login(request, principal: &principal)
        case .logout: return try await logout(request, principal: &principal)
        case .refresh: return try await refresh(request, principal: &principal)
        case .showUsage: return try showUsage(request)
        case .showLog: return try await showLog(request)
        case .showSubscription, .showBilling, .listGatewayModels: return try await performAtGateway(request)
        default: break
        }
        let caller = try await caller(request)
        principal = caller.principal
        switch operation {
        case .makeAccessToken: return try await makeAccessToken(request, caller)
        case .showSelf: return .data(selfObject(caller.user))
        case .listGroups: return listGroups()
        case .listModels: return .data(.strings(settings.models))
        case .listTokens: return try await listTokens(request, caller)
        case .searchTokens: return try await searchTokens(request, caller)
        case .listAutoGroups: return listAutoGroups()
        case .showToken: return try await showToken(request, caller)
        case .createToken: return try await createToken(request, caller)
        case .updateToken: return try await updateToken(request, caller)
        case .deleteToken: return try await deleteToken(request, caller)
        case .deleteTokens: return try await deleteTokens(request, caller)
        case .revealToken: return try await revealToken(request, caller)
        case .revealTokens: return try await revealTokens(request, caller)
        default: throw NewAPIFailure(.failed)
        }
    }

    /// The document has words of its own for a list and a search that cannot be made.
    private func lockedFailure(_ operation: NewAPIOperation) -> NewAPIFailure {
        var failure = NewAPIFailure.unavailable
        if settings.profile == .document, operation == .listTokens { failure.message = .listFailed }
        if settings.profile == .document, operation == .searchTokens { failure.message = .searchFailed }
        return failure
    }

    // MARK: Shapes

    private func render(_ failure: NewAPIFailure, _ request: NewAPIRequest) -> HTTPReply {
        let text = failure.message.text(request.language, settings.profile)
        var reply =
            switch failure.shape {
            case .empty: HTTPReply(status: failure.status, route: request.route.name)
            case .envelope: HTTPReply.json(failure.status, Self.failure(text, code: failure.code).encoded(), route: request.route.name)
            case .gateway:
                HTTPReply.json(
                    failure.status, Self.gatewayError("\(text) (request id: \(request.call.requestID))", code: failure.code).encoded(),
                    route: request.route.name)
            }
        if let seconds = failure.retryAfter { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }

    private func notFound(_ call: HTTPCall) -> HTTPReply {
        let error = JSONValue.object([
            ("message", .string("Invalid URL (\(call.isHead ? "HEAD" : call.method) \(call.path))")), ("type", .string("invalid_request_error")),
            ("param", .string("")), ("code", .string("")),
        ])
        return .json(404, JSONValue.object([("error", error)]).encoded(), route: "unknown")
    }

    private static func failure(_ text: String, code: String) -> JSONValue {
        let code: [(String, JSONValue)] = code.isEmpty ? [] : [("code", .string(code))]
        return .object([("success", .bool(false))] + code + [("message", .string(text))])
    }

    private static func gatewayError(_ text: String, code: String) -> JSONValue {
        .object([("error", .object([("message", .string(text)), ("type", .string("new_api_error")), ("code", .string(code))]))])
    }

    private static let preflight = NewAPIAnswer(
        body: .null,
        headers: [
            ("Access-Control-Allow-Methods", "GET, OPTIONS"), ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
            ("Access-Control-Max-Age", "600"),
        ])
}

extension NewAPIOperation {
    /// Whether pages of other origins may read the answer: these routes know no cookie.
    var isOpenToPages: Bool { self == .showUsage || self == .showLog || self == .preflight }

    /// GET requests that change something: a HEAD must not.
    var isChangeByGet: Bool { self == .makeAccessToken || self == .logout }

    /// Whether it changes nothing.
    var isRead: Bool {
        switch self {
        case .login, .logout, .refresh, .makeAccessToken, .createToken, .updateToken, .deleteToken, .deleteTokens: false
        default: true
        }
    }

    var isGateway: Bool { self == .showSubscription || self == .showBilling || self == .listGatewayModels }
}
