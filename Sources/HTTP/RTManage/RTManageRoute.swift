/// What the door can do, one for each route (compat/rtmanage.md 1.2).
enum RTManageOperation: Sendable {
    case health, publicHealth, publicRefresh, publicToken
    case login, userInfo
    case list, create, update, delete, batchDelete, batchImport
    case refresh, batchRefresh, refreshUserInfo, refreshAccountInfo
    case getConfigs, saveConfigs, getProxies, getClientIDs

    var isPublic: Bool {
        switch self {
        case .publicHealth, .publicRefresh, .publicToken: true
        default: false
        }
    }

    /// Whether it changes nothing; most are asked by POST all the same.
    var isRead: Bool {
        switch self {
        case .health, .publicHealth, .publicToken, .userInfo, .list, .getConfigs, .getProxies, .getClientIDs: true
        default: false
        }
    }

    /// How the door itself fails here.
    var shape: RTManageFailure.Shape {
        switch self {
        case .login: .login
        case .health, .publicHealth: .health
        default: .envelope
        }
    }
}

/// Which operation a method and a path mean. Paths are compared raw, so `//`, `;list` and `%2e%2e` lead nowhere.
struct RTManageRouter: Sendable {
    enum Target: Sendable {
        /// - name: method and path, for the log.
        case operation(RTManageOperation, name: String)
        /// The path is right but for a slash at its end.
        case redirect(path: String, name: String)
        case unknown
    }

    /// HEAD's base path and that of the published document.
    static let adminBases = ["/internalweb/v1", "/api"]

    private static let admin: [(path: String, operation: RTManageOperation)] = [
        ("/auth/login", .login), ("/user/info", .userInfo),
        ("/rts/list", .list), ("/rts/create", .create), ("/rts/update", .update), ("/rts/delete", .delete),
        ("/rts/batch-delete", .batchDelete), ("/rts/batch-import", .batchImport), ("/rts/refresh", .refresh),
        ("/rts/batch-refresh", .batchRefresh), ("/rts/refresh-user-info", .refreshUserInfo),
        ("/rts/refresh-account-info", .refreshAccountInfo), ("/configs/get-system", .getConfigs),
        ("/configs/save-system", .saveConfigs), ("/configs/get-proxy-list", .getProxies), ("/configs/get-clientid-list", .getClientIDs),
    ]

    private let routes: [String: RTManageOperation]

    init(publicPrefix: String) {
        var routes: [String: RTManageOperation] = [
            "GET /health": .health, "GET \(publicPrefix)/health": .publicHealth, "POST \(publicPrefix)/refresh": .publicRefresh,
            "POST \(publicPrefix)/get-at": .publicToken,
        ]
        for base in Self.adminBases { for route in Self.admin { routes["POST \(base)\(route.path)"] = route.operation } }
        self.routes = routes
    }

    func find(_ method: String, _ path: String) -> Target {
        let name = "\(method) \(path)"
        if let operation = routes[name] { return .operation(operation, name: name) }
        guard path.hasSuffix("/") else { return .unknown }
        let stem = String(path.dropLast())
        guard routes["\(method) \(stem)"] != nil else { return .unknown }
        return .redirect(path: stem, name: "\(method) \(stem)")
    }

    /// What the door claims on an address that it shares. Of `/api` the paths one by one: other systems have theirs below it.
    static func claims(publicPrefix: String) -> [PathClaim] {
        [.tree("/internalweb"), .exact("/health"), .tree(publicPrefix), .everything] + admin.map { .exact("/api" + $0.path) }
    }
}
