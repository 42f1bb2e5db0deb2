import CofferAccounts
import CofferJSON
import CofferStore
import Logging
import Synchronization

/// RAGFlow's management of API tokens, with the logins that it needs (compat/ragflow.md).
///
/// A door translates: who may do what is the accounts' business.
public final class RAGFlowDoor: HTTPDoor {
    public let id = "ragflow"
    let accounts: Accounts
    let settings: RAGFlowSettings
    let backoff: LoginBackoff
    let logger: Logger
    let signingKey: @Sendable () throws(StoreError) -> SecretBuffer
    let announced = AnnouncedProviders()
    private let hasReportedMissingKey = Mutex(false)

    /// - Parameter signingKey: the key of login tokens, from the store; it stays the same for the store's life.
    public init(
        accounts: Accounts, settings: RAGFlowSettings, backoff: LoginBackoff, logger: Logger,
        signingKey: @escaping @Sendable () throws(StoreError) -> SecretBuffer
    ) {
        self.accounts = accounts
        self.settings = settings
        self.backoff = backoff
        self.logger = logger
        self.signingKey = signingKey
    }

    public var claims: [PathClaim] { Self.paths }
    public static var paths: [PathClaim] {
        [
            .tree("/v1/system"), .tree("/v1/user"), .tree("/v1/api"), .tree("/v1/llm"), .tree("/v1/tenant"), .tree("/api/v1"), .everything,
        ]
    }

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        var reply = call.method == "OPTIONS" ? Self.preflight(call) : await respond(call)
        reply.headers += [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "Authorization")]
        return reply
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        let code = refusal.isOutage ? RAGFlowCode.server : refusal.status
        let failure = RAGFlowFailure(
            status: refusal.status, code: code, message: refusal.message, retryAfter: refusal.retryAfterSeconds)
        var reply = RAGFlowEnvelope.reply(failure, route: "refused", principal: "")
        reply.headers += [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "Authorization")]
        return reply
    }

    private func respond(_ call: HTTPCall) async -> HTTPReply {
        switch RAGFlowPaths.all.find(call.method, call.path) {
        case .unknown: return RAGFlowEnvelope.reply(unknownPath(call.path), route: "unknown", principal: "")
        case .wrongMethod(let pattern):
            let failure = RAGFlowFailure(code: RAGFlowCode.exception, message: "<MethodNotAllowed '405: Method Not Allowed'>")
            return RAGFlowEnvelope.reply(failure, route: pattern, principal: "")
        case .target(let target):
            return await respond(call, target)
        }
    }

    public func route(method: String, path: String) -> HTTPRoute {
        guard case .target(let target) = RAGFlowPaths.all.find(method, path) else { return .unknown }
        return HTTPRoute("\(method) \(target.pattern)", isRead: method == "GET" && target.route != .logout)
    }

    private func respond(_ call: HTTPCall, _ target: RAGFlowTarget) async -> HTTPReply {
        let route = "\(call.method) \(target.pattern)"
        switch target.route {
        case .ping: return .text(200, "pong", route: route)
        case .health: return health(route: route)
        default: break
        }
        var principal = ""
        do throws(RAGFlowFailure) {
            let caller = try await caller(of: call, access: target.access)
            principal = caller?.principal ?? ""
            let answer = try await answer(target, call, caller)
            return RAGFlowEnvelope.reply(answer, route: route, principal: principal)
        } catch {
            var failure = error
            if failure.status == 401, settings.legacyStatus { failure.status = 200 }
            return RAGFlowEnvelope.reply(failure, route: route, principal: principal)
        }
    }

    /// The caller is there on every route that is not for anybody.
    private func answer(_ target: RAGFlowTarget, _ call: HTTPCall, _ caller: RAGFlowCaller?) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        switch target.route {
        case .login: return try await login(call)
        case .register: return try await register(call)
        case .bot: throw try await botFailure(call)
        case .loginChannels: return RAGFlowAnswer(data: .array([]))
        case .config: return configuration()
        case .version: return RAGFlowAnswer(data: .string(settings.version))
        case .ping, .health: throw .unauthorized
        default: break
        }
        guard let caller else { throw .unauthorized }
        switch target.route {
        case .listTokens: return try await listTokens(caller)
        case .createToken: return try await createToken(caller)
        case .deleteToken: return try await deleteToken(target.parameter, caller)
        case .createDialogToken: return try await createDialogToken(call, caller)
        case .listDialogTokens: return try await listDialogTokens(call, caller)
        case .removeDialogTokens: return try await removeDialogTokens(call, caller)
        case .logout: return try await logout(call, caller)
        case .userInfo: return RAGFlowAnswer(data: userData(caller.user))
        case .tenantInfo: return try tenantInfo(caller)
        case .setTenantInfo: return try setTenantInfo(caller)
        case .createTenant: return try await createTenant(caller)
        case .ownModels: return RAGFlowAnswer(data: .object([]))
        case .setModelKey, .addInstance, .setDefaultModel: return RAGFlowAnswer(data: .bool(true))
        case .models: return models(caller)
        case .providers: return models(caller)
        case .addProvider: return try addProvider(call, caller)
        case .defaultModel: return RAGFlowAnswer(data: .null)
        case .stats: return statistics()
        case .status: return status()
        case .oceanBase: return oceanBase()
        case .logLevels: return RAGFlowAnswer(data: .object([]))
        case .setLogLevel: throw logLevelFailure(call)
        case .login, .register, .bot, .loginChannels, .config, .version, .ping, .health: throw .unauthorized
        }
    }

    /// In the words of the generation whose path it is.
    private func unknownPath(_ path: String) -> RAGFlowFailure {
        if settings.profile == .document, path == "/v1" || path.hasPrefix("/v1/") {
            return RAGFlowFailure(code: RAGFlowCode.exception, message: "<NotFound '404: Not Found'>")
        }
        return Self.notFound(path)
    }

    static func notFound(_ path: String) -> RAGFlowFailure {
        RAGFlowFailure(status: 404, code: RAGFlowCode.notFound, message: "Not Found: \(path)", error: "Not Found")
    }

    private static func preflight(_ call: HTTPCall) -> HTTPReply {
        // A browser's wildcard does not cover Authorization: what was asked for is named.
        let asked = call.header("Access-Control-Request-Headers") ?? ""
        let isPlain = asked.utf8.count <= 1_024 && asked.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        return HTTPReply(
            status: 200,
            headers: [
                ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
                ("Access-Control-Allow-Headers", isPlain && !asked.isEmpty ? asked : "Authorization, Content-Type"),
                ("Access-Control-Max-Age", "86400"),
            ], route: "OPTIONS")
    }

    /// Says once what to configure.
    func reportMissingLoginKey() {
        let isFirst = hasReportedMissingKey.withLock { reported in
            defer { reported = true }
            return !reported
        }
        if isFirst { logger.warning("ragflow: logins need the RSA private key of the clients' key pair: set http.ragflow.login_key") }
    }
}
