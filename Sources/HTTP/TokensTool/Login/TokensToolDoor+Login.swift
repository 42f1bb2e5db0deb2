import CofferAccounts
import CofferJSON
import CofferStore
import Logging

// Logging in, and the password of the public paths (compat/tokenstool.md 1.1, 1.2 and 5).
extension TokensToolDoor {
    func login(_ call: HTTPCall) async throws(TokensToolFailure) -> JSONValue {
        let fields = try BodyFields.object(call.body)
        let name = try fields.text("loginUsername") ?? ""
        let password = SecretBuffer(Array((try fields.text("loginPassword") ?? "").utf8))
        let now = settings.clock()
        guard !logins.isBlocked(call.client, now: now) else { throw .refused(TokensToolMessage.blocked(call.client.description)) }
        // While somebody has to wait, nothing is compared, and the attempt counts all the same.
        let mustWait = backoff.check(call.client, now: now) != nil
        guard !mustWait, let known = memory.secret(.loginPassword), isLogin(name, password, known) else {
            if !mustWait { backoff.failed(call.client, now: now) }
            let left = logins.failed(call.client, now: now)
            logger.notice("login failed", metadata: ["door": "tokenstool", "client": "\(call.client)", "request": "\(call.requestID)"])
            throw .refused(TokensToolMessage.wrongLogin(left: left))
        }
        backoff.succeeded(call.client)
        logins.succeeded(call.client, now: now)
        let seconds = Int64(clamping: now / 1_000)
        let claims = LoginClaims(
            sub: name, iat: seconds, exp: seconds + Int64(settings.sessionLifetime / 1_000),
            jti: TokenService.random(prefix: "", characters: 22).text)
        do throws(StoreError) { return .string(try await signing.signed(claims, password: known)) } catch { throw .unavailable }
    }

    /// Both are compared whatever the first comes to.
    private func isLogin(_ name: String, _ password: SecretBuffer, _ known: SecretBuffer) -> Bool {
        let isName = SecretBuffer(Array(memory.loginUsername.utf8)).isEqual(to: name)
        let isPassword = withExtendedLifetime(password) { known.isEqual(to: password.bytes) }
        return isName && isPassword
    }

    /// `loginToken`: in the query as the page sends it, or where no log would keep it (W14). One that is no good is told so, not thrown at
    /// (quirk Q13).
    func checkLogin(_ call: HTTPCall) async throws(TokensToolFailure) -> JSONValue {
        guard let text = call.queryValue("token") ?? Self.bearer(call) else { throw .badRequest }
        guard try await principal(of: text) != nil else { throw .refused(TokensToolMessage.notLoggedIn) }
        return .string(TokensToolMessage.loggedIn)
    }

    /// - Throws: ``TokensToolFailure/notLoggedIn``.
    func requireLogin(_ call: HTTPCall) async throws(TokensToolFailure) -> String {
        guard let text = Self.bearer(call), let principal = try await principal(of: text) else { throw .notLoggedIn }
        return principal
    }

    private func principal(of text: String) async throws(TokensToolFailure) -> String? {
        guard let password = memory.secret(.loginPassword) else { return nil }
        do throws(StoreError) {
            let claims = try await signing.verified(text, name: memory.loginUsername, password: password, now: settings.clock())
            return claims.map { "tokenstool:\($0.sub)" }
        } catch {
            throw .unavailable
        }
    }

    /// What stands behind `Bearer `, spelled so.
    static func bearer(_ call: HTTPCall) -> String? {
        guard let value = call.header("Authorization"), value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst(7))
    }

    func listLogins() -> JSONValue {
        let now = settings.clock()
        return .array(logins.list(now: now).map { client, entry in
            .object([
                // The original asks a stranger where the address is; here nobody is asked (W7).
                ("ipAddress", .string(client.isLoopback ? "本机" : "未知")), ("requestIp", .string(client.description)),
                ("outRequestNumber", .integer(Int64(entry.failures))), ("inRequestNumber", .integer(Int64(entry.successes))),
                ("lastLoginTime", .string(time.text(entry.last))),
            ])
        })
    }

    // MARK: The public paths

    /// - Throws: `Not_Open` while the switch is off or no password is set (W2), `Not_Login` for a wrong one and for who must wait.
    func requirePassword(_ call: HTTPCall, _ settings: SystemSettings) throws(TokensToolFailure) {
        let inQuery = call.queryValue("password")
        guard let given = (self.settings.queryPassword ? inQuery : nil) ?? Self.bearer(call) else {
            if inQuery == nil { throw .badRequest }
            throw .refused(settings.isGetToken ? TokensToolMessage.wrongPassword : TokensToolMessage.notOpen)
        }
        guard settings.isGetToken, let known = memory.secret(.getTokenPassword) else { throw .refused(TokensToolMessage.notOpen) }
        let now = self.settings.clock()
        guard publicBackoff.check(call.client, now: now) == nil else { throw .refused(TokensToolMessage.wrongPassword) }
        guard known.isEqual(to: given) else {
            publicBackoff.failed(call.client, now: now)
            throw .refused(TokensToolMessage.wrongPassword)
        }
        publicBackoff.succeeded(call.client)
    }
}
