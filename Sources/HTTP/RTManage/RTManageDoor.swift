import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import Logging

/// RT-manage: refresh tokens of OpenAI behind a public and an administrator's API (compat/rtmanage.md).
///
/// An RT is a credential of tenant `main` with the provider `openai`; the door keeps no truth of its own.
public final class RTManageDoor: HTTPDoor {
    let accounts: Accounts
    let credentials: Credentials
    let settings: RTManageSettings
    let backoff: LoginBackoff
    let logger: Logger
    let signing: RTManageSigning
    /// Unix milliseconds.
    let clock: @Sendable () -> UInt64
    let digests = TokenDigests()
    /// What looks whether something is there before it writes.
    let turns = Turnstile()
    private let router: RTManageRouter
    private let cors: CrossOrigin

    /// - Parameters:
    ///   - signingKey: 32 bytes that stay the same for one store (`Store.signingKey`); asked for each time, never kept.
    ///   - clock: Unix milliseconds.
    public init(
        accounts: Accounts, credentials: Credentials, settings: RTManageSettings, backoff: LoginBackoff, logger: Logger,
        signingKey: @escaping @Sendable () throws(StoreError) -> SecretBuffer,
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }
    ) {
        self.accounts = accounts
        self.credentials = credentials
        self.settings = settings
        self.backoff = backoff
        self.logger = logger
        self.clock = clock
        signing = RTManageSigning(key: signingKey)
        router = RTManageRouter(publicPrefix: settings.publicPrefix)
        cors = CrossOrigin(
            origins: settings.cors, methods: "POST, OPTIONS, GET, PUT, DELETE, PATCH",
            headers: "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, accept, origin, Cache-Control, "
                + "X-Requested-With, X-API-Secret")
    }

    public let id = "rtmanage"
    public static func paths(_ settings: RTManageSettings) -> [PathClaim] { RTManageRouter.claims(publicPrefix: settings.publicPrefix) }
    public var claims: [PathClaim] { Self.paths(settings) }

    public func route(method: String, path: String) -> HTTPRoute {
        guard case .operation(let operation, let name) = router.find(method, path) else { return .unknown }
        return HTTPRoute(name, isRead: operation.isRead)
    }

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        var reply = await respond(to: call)
        reply.headers += cors.headers(call)
        return reply
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        var failure = RTManageFailure(refusal.status, refusal.isOutage ? RTManageFailure.unavailable.message : refusal.message)
        failure.retryAfter = refusal.retryAfterSeconds
        if case .operation(let operation, _) = router.find(method, path) { failure.shape = operation.shape }
        return Self.reply(failure, route: "refused")
    }

    private func respond(to call: HTTPCall) async -> HTTPReply {
        if call.method == "OPTIONS" { return HTTPReply(status: 204, route: "OPTIONS") }
        switch router.find(call.method, call.path) {
        case .unknown: return Self.reply(.noSuchPath, route: "unknown")
        case .redirect(let path, let name):
            let query = call.query.isEmpty ? "" : "?" + call.query
            return HTTPReply(status: call.method == "GET" ? 301 : 307, headers: [("Location", path + query)], route: name)
        case .operation(let operation, let name):
            var principal = ""
            var reply: HTTPReply
            do throws(RTManageFailure) {
                let answer = try await perform(RTManageRequest(call: call, operation: operation), principal: &principal)
                reply = .json(200, answer.body.encoded(), route: name)
            } catch {
                var failure = error
                if operation == .login || failure.status == 503 { failure.shape = operation.shape }
                reply = Self.reply(failure, route: name)
            }
            reply.principal = principal
            return reply
        }
    }

    private func perform(_ request: RTManageRequest, principal: inout String) async throws(RTManageFailure) -> RTManageAnswer {
        guard !credentials.isLocked, !accounts.isLocked else { throw .unavailable }
        switch request.operation {
        case .health: return Self.healthy
        case .login: return try await login(request, principal: &principal)
        default: break
        }
        if request.operation.isPublic {
            try await checkAPISecret(request.call)
            principal = RTManageRequest.principal
            switch request.operation {
            case .publicRefresh: return try await publicRefresh(request)
            case .publicToken: return try await publicToken(request)
            default: return Self.healthy
            }
        }
        let caller = try await caller(request.call)
        principal = caller.principal
        switch request.operation {
        case .userInfo:
            return RTManageAnswer(.object([
                ("success", .bool(true)), ("msg", .string("获取成功")), ("username", .string(caller.username)),
            ]))
        case .list: return try await list(request, caller)
        case .create: return try await create(request, caller)
        case .update: return try await update(request, caller)
        case .delete: return try await delete(request, caller)
        case .batchDelete: return try await deleteMany(request, caller)
        case .batchImport: return try await importMany(request, caller)
        case .refresh: return try await refresh(request, caller)
        case .batchRefresh: return try await refreshMany(request, caller)
        case .refreshUserInfo: return try await refreshInfo(.user, request, caller)
        case .refreshAccountInfo: return try await refreshInfo(.account, request, caller)
        case .getConfigs: return try await showConfigs()
        case .saveConfigs: return try await saveConfigs(request, caller)
        case .getProxies: return try await listProxies()
        case .getClientIDs: return try await listClientIDs()
        case .health, .login, .publicHealth, .publicRefresh, .publicToken: throw .noSuchPath
        }
    }

    private static let healthy = RTManageAnswer(.object([("status", .string("ok")), ("message", .string("service is healthy"))]))

    private static func reply(_ failure: RTManageFailure, route: String) -> HTTPReply {
        var reply = HTTPReply.json(failure.status, failure.body.encoded(), route: route)
        if let seconds = failure.retryAfter { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }
}
