/// What RAGFlow's clients can ask for here.
enum RAGFlowRoute: String, Sendable {
    case listTokens, createToken, deleteToken
    case createDialogToken, listDialogTokens, removeDialogTokens, stats
    case login, register, logout, loginChannels, userInfo, tenantInfo, setTenantInfo, createTenant
    case version, config, status, ping, health, oceanBase, logLevels, setLogLevel
    case ownModels, setModelKey, models, providers, addProvider, addInstance, defaultModel, setDefaultModel
    case bot

    /// Who may ask.
    enum Access { case anybody, login, loginOrKey, manager }

    var access: Access {
        switch self {
        case .login, .register, .loginChannels, .config, .ping, .health, .bot: .anybody
        case .listTokens, .createToken, .deleteToken, .createDialogToken, .listDialogTokens, .removeDialogTokens: .manager
        case .logout, .setTenantInfo, .createTenant, .setModelKey, .addProvider, .addInstance, .setDefaultModel: .login
        case .version, .stats, .userInfo, .tenantInfo, .status, .oceanBase, .logLevels, .setLogLevel, .ownModels, .models, .providers,
            .defaultModel: .loginOrKey
        }
    }
}

/// Where a request goes.
struct RAGFlowTarget {
    var route: RAGFlowRoute
    var access: RAGFlowRoute.Access
    /// The path's pattern, for the log.
    var pattern: String
    /// What stands at `:` in the pattern, still percent-encoded.
    var parameter: String
}

/// The paths of all generations (compat/ragflow.md 0 and 1); each takes a slash at its end.
struct RAGFlowPaths: Sendable {
    enum Finding {
        case target(RAGFlowTarget)
        case wrongMethod(pattern: String)
        case unknown
    }

    private struct Entry: Sendable {
        let pattern: String
        /// Its parts; an empty one takes anything but nothing.
        let parts: [String]
        let methods: [String: RAGFlowRoute]
    }

    private let exact: [String: Entry]
    private let patterns: [Entry]

    static let all = RAGFlowPaths()

    private init() {
        var exact: [String: Entry] = [:]
        var patterns: [Entry] = []
        for (pattern, methods) in Self.table {
            let parts = pattern.split(separator: "/").map { $0.hasPrefix(":") ? "" : String($0) }
            let entry = Entry(pattern: pattern, parts: parts, methods: methods)
            if parts.contains("") { patterns.append(entry) } else { exact[pattern] = entry }
        }
        self.exact = exact
        self.patterns = patterns
    }

    func find(_ method: String, _ path: String) -> Finding {
        let path = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if let bot = Self.bot(path) { return .target(bot) }
        guard let (entry, parameter) = entry(path) else { return .unknown }
        guard let route = entry.methods[method] else { return .wrongMethod(pattern: entry.pattern) }
        // v0.25 and later tell everybody their version; before, one had to be logged in.
        let access = route == .version && entry.pattern.hasPrefix("/api/") ? .anybody : route.access
        return .target(RAGFlowTarget(route: route, access: access, pattern: entry.pattern, parameter: parameter))
    }

    private func entry(_ path: String) -> (Entry, parameter: String)? {
        if let entry = exact[path] { return (entry, "") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for entry in patterns where entry.parts.count == parts.count {
            var parameter = ""
            let matches = zip(entry.parts, parts).allSatisfy { own, part in
                if own.isEmpty { parameter = String(part) }
                return own.isEmpty ? !part.isEmpty : own.utf8.elementsEqual(part.utf8)
            }
            if matches { return (entry, parameter) }
        }
        return nil
    }

    /// The embedded bots do not exist here, but who presents a wrong beta is told so (compat/ragflow.md 4).
    private static func bot(_ path: String) -> RAGFlowTarget? {
        for kind in ["chatbots", "agentbots", "searchbots"] where path.hasPrefix("/api/v1/\(kind)/") {
            return RAGFlowTarget(route: .bot, access: .anybody, pattern: "/api/v1/\(kind)/…", parameter: "")
        }
        return nil
    }
}

extension RAGFlowPaths {
    private static let table: [(String, [String: RAGFlowRoute])] = [
        // API keys; "keys" is the Go server's word.
        ("/v1/system/token_list", ["GET": .listTokens]),
        ("/v1/system/new_token", ["POST": .createToken]),
        ("/v1/system/token/:token", ["DELETE": .deleteToken]),
        ("/v1/system/tokens", ["GET": .listTokens, "POST": .createToken]),
        ("/v1/system/tokens/:token", ["DELETE": .deleteToken]),
        ("/api/v1/system/tokens", ["GET": .listTokens, "POST": .createToken]),
        ("/api/v1/system/tokens/:token", ["DELETE": .deleteToken]),
        ("/api/v1/system/keys", ["GET": .listTokens, "POST": .createToken]),
        ("/api/v1/system/keys/:token", ["DELETE": .deleteToken]),
        // Those of a dialog, to v0.24.
        ("/v1/api/new_token", ["POST": .createDialogToken]),
        ("/v1/api/token_list", ["GET": .listDialogTokens]),
        ("/v1/api/rm", ["POST": .removeDialogTokens]),
        ("/v1/api/stats", ["GET": .stats]),
        ("/api/v1/system/stats", ["GET": .stats]),
        // Accounts.
        ("/v1/user/login", ["POST": .login]),
        ("/api/v1/auth/login", ["POST": .login]),
        ("/v1/user/login/channels", ["GET": .loginChannels]),
        ("/api/v1/auth/login/channels", ["GET": .loginChannels]),
        ("/v1/user/logout", ["GET": .logout, "POST": .logout]),
        ("/api/v1/auth/logout", ["GET": .logout, "POST": .logout]),
        ("/v1/user/register", ["POST": .register]),
        ("/api/v1/users", ["POST": .register]),
        ("/v1/user/info", ["GET": .userInfo]),
        ("/api/v1/users/me", ["GET": .userInfo]),
        ("/v1/user/tenant_info", ["GET": .tenantInfo]),
        ("/v1/user/set_tenant_info", ["POST": .setTenantInfo]),
        ("/api/v1/users/me/models", ["GET": .tenantInfo, "PATCH": .setTenantInfo]),
        ("/v1/tenant/create", ["POST": .createTenant]),
        ("/api/v1/tenants", ["POST": .createTenant]),
        // The server itself.
        ("/v1/system/version", ["GET": .version]),
        ("/api/v1/system/version", ["GET": .version]),
        ("/v1/system/config", ["GET": .config]),
        ("/api/v1/system/config", ["GET": .config]),
        ("/v1/system/status", ["GET": .status]),
        ("/api/v1/system/status", ["GET": .status]),
        ("/v1/system/ping", ["GET": .ping]),
        ("/api/v1/system/ping", ["GET": .ping]),
        ("/v1/system/healthz", ["GET": .health]),
        ("/api/v1/system/healthz", ["GET": .health]),
        ("/v1/system/oceanbase/status", ["GET": .oceanBase]),
        ("/api/v1/system/oceanbase/status", ["GET": .oceanBase]),
        ("/api/v1/system/config/log", ["GET": .logLevels, "PUT": .setLogLevel]),
        // Models, of which there are none.
        ("/v1/llm/my_llms", ["GET": .ownModels]),
        ("/v1/llm/set_api_key", ["POST": .setModelKey]),
        ("/api/v1/llm/my_llms", ["GET": .ownModels]),
        ("/api/v1/llm/set_api_key", ["POST": .setModelKey]),
        ("/api/v1/models", ["GET": .models]),
        ("/api/v1/models/default", ["GET": .defaultModel, "PATCH": .setDefaultModel]),
        ("/api/v1/providers", ["GET": .providers, "PUT": .addProvider]),
        ("/api/v1/providers/:name/instances", ["POST": .addInstance]),
    ]
}
