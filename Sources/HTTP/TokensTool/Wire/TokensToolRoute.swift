/// What the door can do, one for each path (compat/tokenstool.md 1).
enum TokensToolOperation: Sendable {
    case sharedTokens, sharedToken, accessTokens, accessToken, poolToken
    case login, checkLogin, listLogins
    case listTokens, addToken, editToken, deleteToken, deleteTokens, generateToken, refreshToken, refreshTokens, regenerateAll
    case listPools, addPool, editPool, deletePool, deletePools, refreshPool, refreshPools, renewPool, renewPools, refreshAllPools
    case verifyPool, verifyPools, verifyAllPools
    case listChannels, addChannel, editChannel, deleteChannel
    case showSettings, changeSettings, changeTask, restartContainer, stopContainer, startContainer, reloadUpstream, showQuota
    case listUsage
}

/// Which operation a method and a path mean.
struct TokensToolRoute: Sendable {
    enum Finding: Sendable {
        case route(TokensToolRoute)
        /// The path is there, for these methods.
        case wrongMethod(allowed: [String])
        case unknown
    }

    /// Who may ask.
    enum Access: Sendable { case anybody, password, login }

    let operation: TokensToolOperation
    let path: String
    /// Of them the first is the documented one.
    let methods: [String]
    let access: Access
    /// Whether the proxy is told to read its files again behind it.
    let reloads: Bool
    /// A GET that changes something: a HEAD must not.
    let isChangeByGet: Bool

    /// Paths are compared raw and exactly, so `//`, `;login`, `%2e` and a slash at the end lead nowhere (compat/tokenstool.md W5).
    static func find(_ method: String, _ path: String, isHead: Bool) -> Finding {
        guard let route = table[path] else { return .unknown }
        guard route.methods.contains(method), !(isHead && route.isChangeByGet) else { return .wrongMethod(allowed: route.methods) }
        return .route(route)
    }

    /// What is under the administration's roof: there an unknown path, too, is told to nobody who is not logged in.
    static func isBehindLogin(_ path: String) -> Bool { path == "/api" || path.hasPrefix("/api/") }

    static let claims: [PathClaim] = table.keys.sorted().map { .exact($0) } + [.everything]

    private static let table: [String: TokensToolRoute] = {
        var table: [String: TokensToolRoute] = [:]
        func add(
            _ methods: String, _ path: String, _ operation: TokensToolOperation, _ access: Access = .login, reloads: Bool = false
        ) {
            let methods = methods.split(separator: " ").map { String($0) }
            table[path] = TokensToolRoute(
                operation: operation, path: path, methods: methods, access: access, reloads: reloads,
                isChangeByGet: methods.contains("GET") && methods.contains("POST"))
        }
        add("GET", "/shared_token", .sharedTokens, .password)
        add("GET", "/token/shared_token", .sharedToken, .password)
        add("GET", "/access_token", .accessTokens, .password)
        add("GET", "/token/access_token", .accessToken, .password)
        add("GET", "/token/pool_token", .poolToken, .password)
        // The document's own sample calls this one.
        add("GET", "/pool_token", .poolToken, .password)

        add("POST", "/api/login", .login, .anybody)
        add("POST", "/api/loginToken", .checkLogin, .anybody)
        add("GET", "/api/selectLogin", .listLogins)

        add("GET", "/api/selectToken", .listTokens)
        add("POST", "/api/addToken", .addToken, reloads: true)
        add("POST", "/api/requiredToken", .editToken, reloads: true)
        add("PUT", "/api/deleteToken", .deleteToken, reloads: true)
        add("PUT", "/api/deleteTokenList", .deleteTokens, reloads: true)
        add("POST", "/api/updateToken", .generateToken)
        add("POST", "/api/updateSessionToken", .refreshToken, reloads: true)
        add("POST", "/api/updateSessionTokenList", .refreshTokens, reloads: true)

        add("GET", "/api/selectPoolToken", .listPools)
        add("POST", "/api/addPoolToken", .addPool)
        add("POST", "/api/requirePoolToken", .editPool)
        add("POST", "/api/deletePoolToken", .deletePool)
        add("POST", "/api/deletePoolTokenList", .deletePools)
        add("POST", "/api/refreshSimplyPoolToken", .refreshPool)
        add("POST", "/api/refreshSimplyPoolTokenList", .refreshPools)
        add("POST", "/api/changePoolToken", .renewPool)
        add("POST", "/api/changePoolTokenList", .renewPools)
        add("POST", "/api/verifySimplyPoolToken", .verifyPool)
        add("POST", "/api/verifySimplyPoolTokenList", .verifyPools)

        add("GET", "/api/selectShareToken", .listChannels)
        add("POST", "/api/addShareToken", .addChannel)
        add("POST", "/api/requireShareToken", .editChannel)
        add("PUT", "/api/deleteShareToken", .deleteChannel)

        add("GET", "/api/selectSetting", .showSettings)
        add("POST", "/api/requireSetting", .changeSettings, reloads: true)
        add("POST", "/api/controllerTask", .changeTask)
        add("GET", "/api/getPandoraNext", .showQuota)
        add("GET", "/api/modelsUsage", .listUsage)

        // These change something although they are asked by GET; POST is ours (W15).
        add("GET POST", "/api/updateAllToken", .regenerateAll, reloads: true)
        add("GET POST", "/api/updateAllPoolToken", .refreshAllPools)
        add("GET POST", "/api/verifyAllPoolToken", .verifyAllPools)
        add("GET POST", "/api/restart", .restartContainer)
        add("GET POST", "/api/close", .stopContainer)
        add("GET POST", "/api/open", .startContainer)
        add("GET POST", "/api/reload", .reloadUpstream)
        return table
    }()
}
