import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore
import Logging
import Synchronization

/// TokensTool: the tokens and pools of a Pandora-style proxy, behind public paths and an administrator's page (compat/tokenstool.md).
///
/// A token is a credential of tenant `main` with the provider `pandora`, a pool one of Coffer's pools; the door keeps no truth of its own.
public final class TokensToolDoor: HTTPDoor {
    let credentials: Credentials
    let settings: TokensToolSettings
    let backoff: LoginBackoff
    /// Of the public paths: who knows their password says nothing about the administrator's.
    let publicBackoff = LoginBackoff()
    let logger: Logger
    let memory: TokensToolMemory
    let signing: LoginSigning
    let logins: LoginRegister
    let time: DoorTime
    /// What looks at a token or a pool before it writes.
    let turns = Turnstile()
    /// When the daily run is to be planned, Unix milliseconds; the largest number: it was, since the start.
    let plansAgain = Atomic<UInt64>(0)
    private let accounts: Accounts
    private let page: CompiledPage?
    private let cors: CrossOrigin

    /// - Parameter signingKey: 32 bytes that stay the same for one store (`Store.signingKey`); asked for each time, never kept.
    public init(
        accounts: Accounts, credentials: Credentials, settings: TokensToolSettings, backoff: LoginBackoff, logger: Logger,
        signingKey: @escaping @Sendable () throws(StoreError) -> SecretBuffer
    ) {
        self.accounts = accounts
        self.credentials = credentials
        self.settings = settings
        self.backoff = backoff
        self.logger = logger
        memory = TokensToolMemory(doors: accounts.doors)
        signing = LoginSigning(key: signingKey)
        time = DoorTime(zone: settings.timeZone)
        logins = LoginRegister(time: time)
        page = settings.web.isEmpty ? nil : CompiledPage(folder: settings.web)
        cors = CrossOrigin(
            origins: settings.origins, methods: "GET, HEAD, POST, PUT, OPTIONS", headers: "Authorization, Content-Type")
        credentials.schedules.register(RegenerateJob(door: self))
        credentials.sinks.register(TokensFile(door: self))
        credentials.sinks.register(ConfigFile(door: self))
        // While the store is locked the first request behind that does it.
        Task { [weak self] in await self?.planDailyRun() }
    }

    public let id = "tokenstool"
    public static func paths(_ settings: TokensToolSettings) -> [PathClaim] {
        TokensToolRoute.claims.map { claim in
            if case .exact(let path) = claim { .exact(settings.prefix + path) } else { claim }
        }
    }
    public var claims: [PathClaim] { Self.paths(settings) }

    public func route(method: String, path: String) -> HTTPRoute {
        guard let path = below(path), case .route(let route) = TokensToolRoute.find(method, path, isHead: false) else { return .unknown }
        return HTTPRoute("\(method) \(route.path)", isRead: method == "GET" && !route.isChangeByGet)
    }

    public func answer(_ call: HTTPCall) async -> HTTPReply {
        var reply = await respond(to: call)
        reply.headers += cors.headers(call)
        // Passwords and logins may stand in queries here.
        reply.headers.append(("Referrer-Policy", "no-referrer"))
        return reply
    }

    public func refusal(_ refusal: HTTPRefusal, method: String, path: String) -> HTTPReply {
        var reply: HTTPReply
        if refusal.isOutage {
            reply = TokensToolReply.json(200, TokensToolReply.failure(TokensToolMessage.unavailable), route: "refused")
        } else {
            reply = TokensToolReply.framework(refusal.status, path: path, wantsPage: false, now: settings.clock(), route: "refused")
        }
        if let seconds = refusal.retryAfterSeconds { reply.headers.append(("Retry-After", String(seconds))) }
        return reply
    }

    /// Browsers ask for it unbidden, whatever the prefix, and complain where it is not there.
    private static let icon = "/favicon.ico"

    // MARK: From a request to an answer

    private func respond(to call: HTTPCall) async -> HTTPReply {
        guard let path = below(call.path) else {
            return page != nil && call.path == Self.icon ? await respondOutside(call, Self.icon) : framework(404, call, route: "unknown")
        }
        switch TokensToolRoute.find(call.method, path, isHead: call.isHead) {
        case .route(let route): return await respond(to: call, route)
        case .wrongMethod(let allowed):
            let allow = (allowed.contains("GET") ? allowed + ["HEAD"] : allowed) + ["OPTIONS"]
            var reply = call.method == "OPTIONS" ? HTTPReply(status: 200, route: "OPTIONS") : framework(405, call, route: "wrong method")
            reply.headers.append(("Allow", allow.joined(separator: ", ")))
            return reply
        case .unknown: return await respondOutside(call, path)
        }
    }

    /// The path without the prefix that the configuration gives all paths.
    private func below(_ path: String) -> String? {
        guard !settings.prefix.isEmpty else { return path }
        guard path.hasPrefix(settings.prefix) else { return nil }
        let rest = path.dropFirst(settings.prefix.count)
        return rest.isEmpty || rest.hasPrefix("/") ? String(rest) : nil
    }

    private func respondOutside(_ call: HTTPCall, _ path: String) async -> HTTPReply {
        if TokensToolRoute.isBehindLogin(path) {
            guard !isLocked else { return render(.unavailable, call, route: "unknown") }
            do throws(TokensToolFailure) { _ = try await requireLogin(call) } catch { return render(error, call, route: "unknown") }
            return framework(404, call, route: "unknown")
        }
        guard call.method == "GET" else { return framework(404, call, route: "unknown") }
        if path.isEmpty { return HTTPReply(status: 302, headers: [("Location", settings.prefix + "/")], route: "page") }
        guard let page else {
            return path == "/" ? CompiledPage.absent : framework(404, call, route: "unknown")
        }
        let origins = isLocked ? [] : pageOrigins
        if let reply = await page.reply(path, connects: origins) { return reply }
        if path == Self.icon { return HTTPReply(status: 204, route: "page") }
        // A view of the page, as `/login`, that a browser is sent to.
        if wantsPage(call), CompiledPage.isView(path), let reply = await page.reply("/", connects: origins) { return reply }
        return framework(404, call, route: "page")
    }

    /// What the page itself calls elsewhere: the proxy's usage of a token (U14).
    private var pageOrigins: [String] {
        [memory.settings.pandoraOutURL].compactMap { CompiledPage.origin(of: $0) }
    }

    private func respond(to call: HTTPCall, _ route: TokensToolRoute) async -> HTTPReply {
        let name = "\(call.method) \(route.path)"
        var principal = ""
        var reply: HTTPReply
        do throws(TokensToolFailure) {
            guard !isLocked else { throw .unavailable }
            if plansAgain.load(ordering: .acquiring) != .max { await planDailyRun() }
            if route.access == .login { principal = try await requireLogin(call) }
            let data = try await perform(route, call, principal)
            reply = TokensToolReply.json(200, TokensToolReply.success(data), route: name)
        } catch {
            reply = render(error, call, route: name)
        }
        reply.principal = principal
        return reply
    }

    private var isLocked: Bool { accounts.isLocked || credentials.isLocked }

    /// Behind the handler, whatever it came to, the proxy is told to read its files again: not where it was not run at all.
    private func perform(_ route: TokensToolRoute, _ call: HTTPCall, _ principal: String) async throws(TokensToolFailure) -> JSONValue {
        do throws(TokensToolFailure) {
            let data = try await perform(route.operation, call, principal)
            if route.reloads { await reloadBehindChange() }
            return data
        } catch {
            if route.reloads, case .refused = error { await reloadBehindChange() }
            throw error
        }
    }

    private func perform(
        _ operation: TokensToolOperation, _ call: HTTPCall, _ principal: String
    ) async throws(TokensToolFailure) -> JSONValue {
        switch operation {
        case .sharedTokens: return try await publicList(call, TokenNames.share)
        case .accessTokens: return try await publicList(call, TokenNames.access)
        case .sharedToken: return try publicToken(call, TokenNames.share)
        case .accessToken: return try publicToken(call, TokenNames.access)
        case .poolToken: return try publicPool(call)
        case .login: return try await login(try json(call))
        case .checkLogin: return try await checkLogin(call)
        case .listLogins: return listLogins()
        case .listTokens: return try await listTokens(call)
        case .addToken: return try await addToken(object(call), principal)
        case .editToken: return try await editToken(object(call), principal)
        case .deleteToken: return try await deleteToken(deleted(call), principal)
        case .deleteTokens: return try await deleteTokens(list(call), principal)
        case .generateToken: return try await generateToken(object(call), principal)
        case .refreshToken: return try await refreshToken(object(call), principal)
        case .refreshTokens: return try await refreshTokens(list(call), principal)
        case .regenerateAll: return .string(try await regenerateAll(principal).text)
        case .listPools: return try await listPools(call)
        case .addPool: return try await addPool(object(call), principal)
        case .editPool: return try await editPool(object(call), principal)
        case .deletePool: return try await deletePool(object(call), principal)
        case .deletePools: return try await deletePools(list(call), principal)
        case .refreshPool: return try await refreshPool(object(call), principal)
        case .refreshPools: return try await refreshPools(list(call), principal)
        case .renewPool: return try await renewPool(object(call), principal)
        case .renewPools: return try await renewPools(list(call), principal)
        case .refreshAllPools: return .string(try await refreshAllPools(principal).text)
        case .verifyPool: return try await verifyPool(object(call), principal)
        case .verifyPools: return try await verifyPools(list(call), principal)
        case .verifyAllPools: return try await verifyAllPools(principal)
        case .listChannels: return try listChannels(call)
        case .addChannel: return try await addChannel(object(call), principal)
        case .editChannel: return try await editChannel(object(call), principal)
        case .deleteChannel: return try await deleteChannel(object(call), principal)
        case .showSettings: return showSettings()
        case .changeSettings: return try await changeSettings(object(call), principal)
        case .changeTask: return try await changeTask(object(call), principal)
        case .showQuota: return try await showQuota()
        // How often each model was asked for: nothing is relayed here, and the page goes through the list without a look.
        case .listUsage: return .array([])
        case .reloadUpstream: return try await reloadUpstream()
        case .startContainer: return try await startContainer()
        case .stopContainer: return try await stopContainer()
        case .restartContainer: return try await restartContainer()
        }
    }

    // MARK: Bodies

    /// The call, where its body is said to be JSON; the framework asks no further otherwise.
    private func json(_ call: HTTPCall) throws(TokensToolFailure) -> HTTPCall {
        let type = (call.header("Content-Type") ?? "").split(separator: ";").first.map { Blanks.trimmed($0).lowercased() } ?? ""
        guard type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json")) else {
            throw .framework(status: 415)
        }
        return call
    }

    private func object(_ call: HTTPCall) throws(TokensToolFailure) -> BodyFields { try BodyFields.object(json(call).body) }
    private func list(_ call: HTTPCall) throws(TokensToolFailure) -> [BodyFields] { try BodyFields.list(json(call).body) }

    /// Until v0.4.9.3 the name stood in the query, and there was no body.
    private func deleted(_ call: HTTPCall) throws(TokensToolFailure) -> BodyFields {
        guard call.body.isEmpty, let name = call.queryValue("name") else { return try object(call) }
        return try BodyFields(.object([("name", .string(name))]))
    }

    // MARK: Shapes

    private func render(_ failure: TokensToolFailure, _ call: HTTPCall, route: String) -> HTTPReply {
        switch failure {
        case .refused(let text): return TokensToolReply.json(200, TokensToolReply.failure(text), route: route)
        case .notLoggedIn:
            return HTTPReply(status: 200, body: TokensToolReply.notLoggedIn.encoded(), route: route)
        case .framework(let status): return framework(status, call, route: route)
        case .unavailable:
            var reply = TokensToolReply.json(200, TokensToolReply.failure(TokensToolMessage.unavailable), route: route)
            reply.headers.append(("Retry-After", String(TokensToolBounds.retryAfter)))
            return reply
        }
    }

    private func wantsPage(_ call: HTTPCall) -> Bool { call.header("Accept")?.contains("text/html") ?? false }

    private func framework(_ status: Int, _ call: HTTPCall, route: String) -> HTTPReply {
        TokensToolReply.framework(status, path: call.path, wantsPage: wantsPage(call), now: settings.clock(), route: route)
    }
}
