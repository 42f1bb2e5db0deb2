import CofferAccounts
import CofferStore

/// Who asks for something of their own.
struct NewAPICaller: Sendable {
    let user: User
    /// Whether a cookie says so, which a page of another site could make a browser send.
    let isByCookie: Bool

    /// As a selector, for the log and the store.
    var principal: String { "login:\(user.name.description)" }
}

extension NewAPIDoor {
    /// The user behind a request (compat/newapi.md 1.1): the session cookie where it is valid, else `Authorization`.
    func caller(_ request: NewAPIRequest) async throws(NewAPIFailure) -> NewAPICaller {
        let caller = try await credentials(request)
        try checkUserHeader(request.call, caller.user)
        guard caller.user.isEnabled else {
            throw NewAPIFailure(.userDisabled, status: settings.legacyStatus ? 200 : 401, code: "AUTH_USER_DISABLED")
        }
        // Making an access token changes something although it is a GET.
        if caller.isByCookie, request.call.method != "GET" || request.route.operation == .makeAccessToken {
            try checkSite(request.call)
        }
        return caller
    }

    private func credentials(_ request: NewAPIRequest) async throws(NewAPIFailure) -> NewAPICaller {
        if let session = request.call.cookies[NewAPICookies.session],
            let found = accounts.tokens.authenticate(Array(session.utf8), kinds: [.newapiSession])
        {
            return NewAPICaller(user: found.user, isByCookie: true)
        }
        guard let token = request.call.bearer, !token.isEmpty else {
            throw NewAPIFailure(.noCredentials, status: 401, code: "AUTH_UNAUTHORIZED")
        }
        if token.utf8.filter({ $0 == UInt8(ascii: ".") }).count == 2 {
            return NewAPICaller(user: try await dashboardUser(token).user, isByCookie: false)
        }
        guard let found = accounts.tokens.authenticate(Array(token.utf8), kinds: [.newapiAccess]) else { throw unknownCredential }
        return NewAPICaller(user: found.user, isByCookie: false)
    }

    var unknownCredential: NewAPIFailure {
        NewAPIFailure(.unknownCredential, status: settings.legacyStatus ? 200 : 401, code: "AUTH_UNAUTHORIZED")
    }

    /// The user and the session of a login token.
    func dashboardUser(_ text: String) async throws(NewAPIFailure) -> (user: User, session: AccessToken) {
        let token: DashboardToken?
        do throws(StoreError) { token = try await signing.verified(text) } catch { throw NewAPIFailure(AccountError(error)) }
        guard let token else { throw unknownCredential }
        guard token.exp > Int64(clock() / 1_000) else { throw NewAPIFailure(.sessionExpired, status: 401, code: "AUTH_TOKEN_EXPIRED") }
        guard let session = try session(token.sid), String(session.user.newapiID) == token.sub else {
            throw NewAPIFailure(.sessionRevoked, status: 401, code: "AUTH_SESSION_REVOKED")
        }
        return (session.user, session.token)
    }

    /// The session of this id, while it lasts.
    func session(_ sid: String) throws(NewAPIFailure) -> (token: AccessToken, user: User)? {
        let token: SecretBuffer
        do throws(StoreError) { token = try signing.sessionToken(sid) } catch { throw NewAPIFailure(AccountError(error)) }
        return withExtendedLifetime(token) { accounts.tokens.authenticate(token.bytes, kinds: [.newapiSession]) }
    }

    private func checkUserHeader(_ call: HTTPCall, _ user: User) throws(NewAPIFailure) {
        guard let header = call.header("new-api-user"), !header.isEmpty else {
            if settings.requireNewApiUser { throw NewAPIFailure(.userHeaderMissing, status: 401) }
            return
        }
        guard let number = Int64(header) else { throw NewAPIFailure(.userHeaderFormat, status: 401) }
        guard number == user.newapiID else { throw NewAPIFailure(.userHeaderMismatch, status: 401) }
    }

    /// Refuses what a browser says comes from a page of another site. Programs say nothing of the kind.
    func checkSite(_ call: HTTPCall) throws(NewAPIFailure) {
        let crossSite = NewAPIFailure(.crossSite, status: 403)
        if let site = call.header("sec-fetch-site") {
            guard site == "same-origin" || site == "none" else { throw crossSite }
            return
        }
        guard let origin = call.header("origin") else { return }
        let scheme = call.isSecure ? "https" : "http"
        let own = [call.header("host").map { "\(scheme)://\($0)" }, Self.origin(of: serverAddress)].compactMap { $0?.lowercased() }
        guard own.contains(origin.lowercased()) else { throw crossSite }
    }

    /// Scheme, host and port of an address, without what stands behind them.
    private static func origin(of address: String) -> String? {
        let parts = address.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, !parts[2].isEmpty else { return nil }
        return "\(parts[0])//\(parts[2])"
    }
}

extension HTTPCall {
    /// What stands in `Authorization`: the bare value, or what follows `Bearer` in any case. Another scheme stays in front of its value.
    var bearer: String? {
        guard let header = header("authorization") else { return nil }
        let value = Blanks.trimmed(header[...])
        guard value.utf8.count > 7, value.prefix(7).lowercased() == "bearer " else { return String(value) }
        return String(Blanks.trimmed(value.dropFirst(7)))
    }
}

/// The cookies of a login.
enum NewAPICookies {
    static let session = "session"
    static let refresh = "new_api_refresh"
    private static let refreshPath = "/api/user/auth"

    /// - Parameter seconds: how long the browser keeps them.
    static func headers(session: String, refresh: String, seconds: Int, isSecure: Bool) -> [(name: String, value: String)] {
        let secure = isSecure ? "; Secure" : ""
        return [
            ("Set-Cookie", "\(Self.session)=\(session); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(secure)"),
            ("Set-Cookie", "\(Self.refresh)=\(refresh); Path=\(refreshPath); Max-Age=\(seconds); HttpOnly; SameSite=Strict\(secure)"),
        ]
    }

    /// Takes both away.
    static func removal(isSecure: Bool) -> [(name: String, value: String)] {
        headers(session: "", refresh: "", seconds: 0, isSecure: isSecure)
    }
}
