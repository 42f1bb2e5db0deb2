import CofferAccounts
import CofferJSON
import CofferStore
import Logging

// Logging in and out, and access tokens (compat/newapi.md 1.1).
extension NewAPIDoor {
    func login(_ request: NewAPIRequest, principal: inout String) async throws(NewAPIFailure) -> NewAPIAnswer {
        let call = request.call
        try limitCritical(call)
        // A page of another site must not log its visitor in as somebody else.
        try checkSite(call)
        let (name, password) = try loginFields(call)
        if let seconds = backoff.check(call.client, now: clock()) {
            throw NewAPIFailure(.tooManyAttempts(seconds: seconds), status: 429, retryAfter: seconds)
        }
        let user: User
        do throws(AccountError) {
            user = try await accounts.users.check(password: SecretBuffer(Array(password.utf8)), of: findUser(name))
        } catch {
            guard [.loginFailed, .denied, .invalidArgument, .notFound].contains(error.code) else { throw NewAPIFailure(error) }
            backoff.failed(call.client, now: clock())
            logger.notice("login failed", metadata: ["door": "newapi", "client": "\(call.client)", "request": "\(call.requestID)"])
            throw NewAPIFailure(.loginFailed)
        }
        backoff.succeeded(call.client)
        let caller = NewAPICaller(user: user, isByCookie: false)
        principal = caller.principal
        return try await startSession(caller, call)
    }

    private func loginFields(_ call: HTTPCall) throws(NewAPIFailure) -> (name: String, password: String) {
        do throws(NewAPIFailure) {
            let fields = try NewAPIFields(call.body, type: "LoginRequest")
            if let name = try fields.text("username"), let password = try fields.text("password"), !name.isEmpty, !password.isEmpty {
                return (name, password)
            }
        } catch {
            // The same answer for all that is no login, whatever the decoder says.
        }
        throw NewAPIFailure(.invalidParameters)
    }

    /// By name, else by e-mail address. Users without a number of this API are none of its users.
    private func findUser(_ name: String) -> User? {
        let user = accounts.users.find(name: Array(name.utf8)) ?? (name.contains("@") ? accounts.users.find(email: name) : nil)
        return user.flatMap { $0.newapiID == 0 ? nil : $0 }
    }

    private func startSession(_ caller: NewAPICaller, _ call: HTTPCall) async throws(NewAPIFailure) -> NewAPIAnswer {
        let seconds = min(max(settings.sessionDays, 1), NewAPIBounds.sessionDays) * 86_400
        let expires = clock() + UInt64(seconds) * 1_000
        let sid = TokenService.random(prefix: "", characters: 32).text
        let refresh = TokenService.random(prefix: sid + ".", characters: 43)
        do throws(AccountError) {
            let session: SecretBuffer
            do throws(StoreError) { session = try signing.sessionToken(sid) } catch { throw AccountError(error) }
            for (token, kind) in [(session, AccessToken.Kind.newapiSession), (refresh, .newapiRefresh)] {
                _ = try await accounts.tokens.issue(
                    token, user: caller.user.number, kind: kind, name: .empty, expires: expires, replacing: false, by: caller.principal)
            }
            var answer = try await sessionAnswer(caller.user, sid: sid, expires: expires)
            answer.headers = NewAPICookies.headers(session: session.text, refresh: refresh.text, seconds: seconds, isSecure: call.isSecure)
            return answer
        } catch {
            throw NewAPIFailure(error)
        }
    }

    /// Both forms of the reply in one: the early one has the user's fields on top, the newest the login token.
    private func sessionAnswer(_ user: User, sid: String, expires: UInt64) async throws(AccountError) -> NewAPIAnswer {
        let now = Int64(clock() / 1_000)
        let token = DashboardToken(sub: String(user.newapiID), sid: sid, iat: now, exp: now + DashboardToken.lifetime)
        let text: String
        do throws(StoreError) { text = try await signing.signed(token) } catch { throw AccountError(error) }
        return .data(.object(identity(user) + [
            ("access_token", .string(text)), ("token_type", .string("Bearer")), ("access_expires_at", .integer(token.exp)),
            ("session", .object([("sid", .string(sid)), ("expires_at", .integer(Int64(expires / 1_000)))])),
            ("user", selfObject(user)),
        ]))
    }

    /// Ends the session that the cookie or the login token names; without one there is nothing to end.
    func logout(_ request: NewAPIRequest, principal: inout String) async throws(NewAPIFailure) -> NewAPIAnswer {
        let call = request.call
        var sessions: [(token: AccessToken, user: User)] = []
        if let cookie = call.cookies[NewAPICookies.session] {
            try checkSite(call)
            accounts.tokens.authenticate(Array(cookie.utf8), kinds: [.newapiSession]).map { sessions.append($0) }
        }
        if let bearer = call.bearer, let found = try? await dashboardUser(bearer) { sessions.append((found.session, found.user)) }
        var ended: Set<UInt64> = []
        for (token, user) in sessions where ended.insert(token.number).inserted {
            principal = NewAPICaller(user: user, isByCookie: true).principal
            do throws(AccountError) { try await accounts.tokens.revoke(token.number, by: principal) } catch {
                // Another logout was first.
                guard error.code == .notFound else { throw NewAPIFailure(error) }
            }
        }
        var answer = NewAPIAnswer.done
        answer.headers = NewAPICookies.removal(isSecure: call.isSecure)
        return answer
    }

    /// A new login token for the session behind the refresh cookie.
    func refresh(_ request: NewAPIRequest, principal: inout String) async throws(NewAPIFailure) -> NewAPIAnswer {
        try checkSite(request.call)
        guard let cookie = request.call.cookies[NewAPICookies.refresh],
            let found = accounts.tokens.authenticate(Array(cookie.utf8), kinds: [.newapiRefresh]),
            let sid = cookie.split(separator: ".").first
        else { throw NewAPIFailure(.unknownCredential, status: 401, code: "AUTH_UNAUTHORIZED") }
        guard let session = try session(String(sid)), session.user.number == found.user.number else {
            throw NewAPIFailure(.sessionRevoked, status: 401, code: "AUTH_SESSION_REVOKED")
        }
        principal = NewAPICaller(user: found.user, isByCookie: true).principal
        guard found.user.isEnabled else { throw NewAPIFailure(.userDisabled, status: 401, code: "AUTH_USER_DISABLED") }
        do throws(AccountError) {
            return try await sessionAnswer(found.user, sid: String(sid), expires: session.token.expires)
        } catch {
            throw NewAPIFailure(error)
        }
    }

    /// A new access token; the one before dies. It has the user's whole power and never expires, as clients of this API expect.
    func makeAccessToken(_ request: NewAPIRequest, _ caller: NewAPICaller) async throws(NewAPIFailure) -> NewAPIAnswer {
        try limit(.accessToken(caller.user.number))
        let token = TokenService.random(prefix: "", characters: 32)
        do throws(AccountError) {
            _ = try await accounts.tokens.issue(
                token, user: caller.user.number, kind: .newapiAccess, name: .empty, expires: 0, replacing: true, by: caller.principal)
        } catch {
            throw NewAPIFailure(error)
        }
        return .data(.string(token.text))
    }
}

extension SecretBuffer {
    /// For an answer to the one whom the secret belongs to.
    var text: String { withExtendedLifetime(self) { String(decoding: bytes, as: UTF8.self) } }
}
