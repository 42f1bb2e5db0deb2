/// What the door can do, one for each route.
enum NewAPIOperation: Sendable {
    case status
    case login, logout, refresh, makeAccessToken
    case showSelf, listGroups, listModels
    case listTokens, searchTokens, listAutoGroups, showToken
    case createToken, updateToken, deleteToken, deleteTokens, revealToken, revealTokens
    case showUsage, showLog, preflight
    case showSubscription, showBilling, listGatewayModels
}

/// Which operation a method and a path mean (compat/newapi.md 1).
struct NewAPIRoute: Sendable {
    let operation: NewAPIOperation
    /// Method and pattern, for the log.
    let name: String
    /// What stands for `:id`, as sent; "" where the route has none.
    let id: String

    /// Paths are compared raw, so `//`, `;login` and `%2e%2e` lead nowhere. One slash at the end makes no difference.
    /// - Returns: `nil` where there is no such route.
    static func find(_ method: String, _ path: String) -> NewAPIRoute? {
        var segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if segments.count > 2, segments.last?.isEmpty == true { segments.removeLast() }
        for entry in table where entry.method == method {
            if let id = entry.match(segments) {
                return NewAPIRoute(operation: entry.operation, name: entry.name, id: String(decoding: id, as: UTF8.self))
            }
        }
        return nil
    }

    /// Whether failures of the server at this path look like the gateway's.
    static func isGateway(_ path: String) -> Bool { path.hasPrefix("/v1/") || path.hasPrefix("/dashboard/") }

    static let claims: [PathClaim] = [
        .exact("/api/status"), .tree("/api/token"), .tree("/api/user"), .tree("/api/usage"), .tree("/api/log"),
        .tree("/v1/dashboard"), .tree("/dashboard"), .exact("/v1/models"), .everything,
    ]

    private struct Entry: Sendable {
        let method: String
        let segments: [[UInt8]]
        let operation: NewAPIOperation
        let name: String

        init(_ method: String, _ pattern: String, _ operation: NewAPIOperation) {
            self.method = method
            self.operation = operation
            segments = pattern.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
            name = method + " " + pattern
        }

        private static let placeholder = Array(":id".utf8)

        /// What stands for `:id`, empty without one; `nil` where the path is another.
        func match(_ path: [Substring.UTF8View]) -> [UInt8]? {
            guard path.count == segments.count else { return nil }
            var id: [UInt8] = []
            for (own, given) in zip(segments, path) {
                if own == Self.placeholder, !given.isEmpty {
                    id = Array(given)
                } else if !own.elementsEqual(given) {
                    return nil
                }
            }
            return id
        }
    }

    /// Fixed names stand before `:id`.
    private static let table: [Entry] = [
        Entry("GET", "/api/status", .status),
        Entry("POST", "/api/user/login", .login),
        Entry("GET", "/api/user/logout", .logout),
        Entry("POST", "/api/user/auth/refresh", .refresh),
        Entry("GET", "/api/user/token", .makeAccessToken),
        Entry("GET", "/api/user/self", .showSelf),
        Entry("GET", "/api/user/self/groups", .listGroups),
        Entry("GET", "/api/user/models", .listModels),
        Entry("GET", "/api/token", .listTokens),
        Entry("GET", "/api/token/search", .searchTokens),
        Entry("GET", "/api/token/auto-groups", .listAutoGroups),
        Entry("GET", "/api/token/:id", .showToken),
        Entry("POST", "/api/token", .createToken),
        Entry("PUT", "/api/token", .updateToken),
        Entry("DELETE", "/api/token/:id", .deleteToken),
        Entry("POST", "/api/token/batch", .deleteTokens),
        Entry("POST", "/api/token/batch/keys", .revealTokens),
        Entry("POST", "/api/token/:id/key", .revealToken),
        Entry("GET", "/api/usage/token", .showUsage),
        Entry("OPTIONS", "/api/usage/token", .preflight),
        Entry("GET", "/api/log/token", .showLog),
        Entry("OPTIONS", "/api/log/token", .preflight),
        Entry("GET", "/v1/dashboard/billing/subscription", .showSubscription),
        Entry("GET", "/dashboard/billing/subscription", .showSubscription),
        Entry("GET", "/v1/dashboard/billing/usage", .showBilling),
        Entry("GET", "/dashboard/billing/usage", .showBilling),
        Entry("GET", "/v1/models", .listGatewayModels),
    ]
}
