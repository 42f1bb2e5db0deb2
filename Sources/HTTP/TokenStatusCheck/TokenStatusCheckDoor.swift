import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import Logging
import Synchronization

/// TokenStatusCheck: which tokens of a queue live, and what DeepSeek's own pages say (compat/tokenstatuscheck.md).
///
/// Verdicts come from the provider descriptions; tokens from files in the original's format, or from credentials.
public final class TokenStatusCheckDoor: HTTPDoor {
    let accounts: Accounts
    let credentials: Credentials
    let settings: TokenStatusCheckSettings
    let logger: Logger
    let files: TokenFiles
    let sessions = OfficialSessions()
    /// One check of a provider at a time: whoever comes meanwhile gets its result.
    let checks = SharedWork<TokenStatusCheckProvider, Result<TokenStatusReport, TokenStatusCheckFailure>>()
    let lists = SharedWork<Int, Result<[String], TokenStatusCheckFailure>>()
    let results = Mutex<[TokenStatusCheckProvider: (report: TokenStatusReport, time: UInt64)]>([:])
    /// Unix milliseconds.
    let clock: @Sendable () -> UInt64

    public init(
        accounts: Accounts, credentials: Credentials, settings: TokenStatusCheckSettings, logger: Logger,
        clock: @escaping @Sendable () -> UInt64 = { Store.systemClock() }
    ) {
        self.accounts = accounts
        self.credentials = credentials
        self.settings = settings
        self.logger = logger
        self.clock = clock
        files = TokenFiles(folder: settings.data, logger: logger)
    }

    public let id = TokenStatusCheckDoor.name
    public static let name = "tokenstatuscheck"
    /// The field of the door that has the callers' secret.
    public static let secretField = "user_authorization"
    static let principal = "door:\(name)"
    public static var paths: [PathClaim] { TokenStatusCheckRoute.claims }
    public var claims: [PathClaim] { Self.paths }

    public func route(method: String, path: String) -> HTTPRoute {
        guard let route = TokenStatusCheckRoute.find(path), method == route.method else { return .unknown }
        return HTTPRoute(route.name, isRead: method == "GET")
    }

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        guard let route = TokenStatusCheckRoute.find(call.path) else { return TokenStatusCheckFailure(404, "not_found").reply(route: "unknown") }
        do throws(TokenStatusCheckFailure) {
            guard call.method == route.method, !call.isHead else {
                throw TokenStatusCheckFailure(405, "method_not_allowed", header: ("Allow", route.method))
            }
            guard !credentials.isLocked, !accounts.isLocked else { throw .unavailable }
            return try await respond(to: call, route)
        } catch {
            return error.reply(route: route.name)
        }
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        let code = refusal.isOutage ? TokenStatusCheckFailure.unavailable.code : refusal.message
        return TokenStatusCheckFailure(refusal.status, code, retryAfter: refusal.retryAfterSeconds).reply(route: "refused")
    }

    private func respond(to call: HTTPCall, _ route: TokenStatusCheckRoute) async throws(TokenStatusCheckFailure) -> HTTPReply {
        let secret = try await secret()
        let bearer = Self.bearer(call)
        let isOurs = bearer.map { secret.isEqual(to: $0) } ?? false
        switch route {
        case .single:
            guard let bearer else { throw .unauthorized }
            // It would go to a third party.
            guard !isOurs else { throw TokenStatusCheckFailure(400, "wrong_token_kind") }
            return try await single(bearer, route)
        case .list:
            guard isOurs else { throw .unauthorized }
            return Self.reply(.strings(try await list()), route)
        case .check(let name):
            guard isOurs else { throw .unauthorized }
            guard let provider = TokenStatusCheckProvider(rawValue: name) else { throw TokenStatusCheckFailure(404, "unknown_provider") }
            let (report, age) = try await check(provider)
            var reply = Self.reply(report.body, route)
            if let age { reply.headers.append(("Age", String(age))) }
            return reply
        }
    }

    static func reply(_ body: JSONValue, _ route: TokenStatusCheckRoute, status: Int = 200) -> HTTPReply {
        .json(status, body.encoded(), route: route.name, principal: principal)
    }

    // MARK: Who

    /// The callers' secret: the store's, else that of the original's variable, which the store then takes over.
    private func secret() async throws(TokenStatusCheckFailure) -> SecretBuffer {
        let doors = accounts.doors
        if let stored = await DiskWork.run({ doors.value(Self.name, Self.secretField) }) { return stored }
        guard !accounts.isLocked else { throw .unavailable }
        guard let legacy = settings.legacyAuthorization else {
            throw TokenStatusCheckFailure(503, "user_authorization_not_set", retryAfter: TokenStatusCheckBounds.retryAfter)
        }
        do throws(AccountError) {
            try await doors.set(Self.name, Self.secretField, legacy, allowSample: false, by: Self.principal)
            logger.notice("UserAuthorization of the environment lies in the store now; the variable is no longer needed")
        } catch {
            logger.warning("UserAuthorization of the environment could not be stored", metadata: ["error": "\(error.code.rawValue)"])
        }
        return legacy
    }

    /// What stands behind `Bearer`, a word in any case; `nil` for anything else.
    private static func bearer(_ call: HTTPCall) -> String? {
        guard let header = call.header("authorization") else { return nil }
        let value = Blanks.trimmed(header[...])
        guard value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " else { return nil }
        let token = String(Blanks.trimmed(value.dropFirst(7)))
        return token.isEmpty || token.utf8.count > TokenStatusCheckBounds.token ? nil : token
    }
}
