import CSodium
import CofferAccounts
import CofferHTTP
import CofferJSON
import CofferStore
import Logging
import Synchronization

/// Logins of the page: sessions behind a cookie, which lie in the store as access tokens do. A new password ends them.
final class AdminSessions: Sendable {
    static let cookie = "coffer_session"
    static let csrfHeader = "X-CSRF-Token"
    /// Milliseconds without a request after which a session is over, and its longest life.
    static let idle: UInt64 = 30 * 60_000
    static let longest: UInt64 = 12 * 3_600_000
    /// How long values may be shown behind a password.
    static let stepUp: UInt64 = 5 * 60_000

    private struct Standing {
        var lastSeen: UInt64
        var stepUpUntil: UInt64 = 0
    }

    private let accounts: Accounts
    private let backoff: LoginBackoff
    private let logger: Logger
    /// By the number of the session's token. A daemon that was started anew counts from then.
    private let standings = Mutex<[UInt64: Standing]>([:])

    init(accounts: Accounts, backoff: LoginBackoff, logger: Logger) {
        self.accounts = accounts
        self.backoff = backoff
        self.logger = logger
    }

    // MARK: Who

    /// - Parameter isActive: whether somebody did something; a page that only listens lets its session end.
    /// - Returns: `nil` where the cookie names no session that goes on.
    func caller(_ call: HTTPCall, isActive: Bool = true) -> AdminCaller? {
        guard let cookie = call.cookies[Self.cookie] else { return nil }
        let bytes = Array(cookie.utf8)
        guard let found = accounts.tokens.authenticate(bytes, kinds: [.adminSession]), found.user.isEnabled else { return nil }
        let now = Store.systemClock()
        let standing = standings.withLock { standings -> Standing? in
            var standing = standings[found.token.number] ?? Standing(lastSeen: now)
            guard now < standing.lastSeen + Self.idle else {
                standings[found.token.number] = nil
                return nil
            }
            if isActive { standing.lastSeen = max(now, standing.lastSeen) }
            standings[found.token.number] = standing
            return standing
        }
        guard let standing else {
            end(found.token, by: "login:\(found.user.name.description)")
            return nil
        }
        return AdminCaller(
            user: found.user, token: found.token, address: call.client, stepUpUntil: standing.stepUpUntil > now ? standing.stepUpUntil : 0,
            csrf: Self.csrf(bytes))
    }

    /// Whether a session that was found before still goes on; that somebody asks does not keep it alive.
    func goesOn(_ caller: AdminCaller) -> Bool {
        guard let token = accounts.tokens.find(caller.token.number), !token.isExpired(at: Store.systemClock()),
            let user = accounts.users.find(caller.user.number), user.isEnabled
        else { return false }
        guard caller.isSession else { return true }
        return standings.withLock { $0[caller.token.number].map { Store.systemClock() < $0.lastSeen + Self.idle } ?? true }
    }

    /// A request with a cookie that changes something must come from the page itself.
    /// - Throws: `csrf`.
    func requireOwnPage(_ call: HTTPCall, _ caller: AdminCaller) throws(AdminFailure) {
        let given = Array((call.header(Self.csrfHeader) ?? "").utf8)
        let expected = Array(caller.csrf.utf8)
        guard given.count == expected.count, sodium_memcmp(given, expected, expected.count) == 0 else {
            throw AdminFailure(
                status: 403, code: "csrf", message: "a change with a session needs its CSRF token in \(Self.csrfHeader); GET /v1/session has it")
        }
    }

    /// Whoever knows the cookie knows it, and nobody else: another site's page can send the cookie, but not read it.
    private static func csrf(_ cookie: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let text = Array("coffer admin csrf ".utf8) + cookie
        crypto_hash_sha256(&digest, text, UInt64(text.count))
        return Hexadecimal.text(digest.prefix(16))
    }

    // MARK: Coming and going

    /// - Returns: the session, and the cookie's value.
    func logIn(_ call: HTTPCall, name: String, password: String) async throws(AdminFailure) -> (caller: AdminCaller, cookie: String) {
        let user = try await checkedUser(call, accounts.users.find(name: Array(name.utf8)) ?? accounts.users.find(email: name), password)
        let secret = TokenService.random(prefix: "", characters: 43)
        let now = Store.systemClock()
        let token: AccessToken
        do throws(AccountError) {
            token = try await accounts.tokens.issue(
                secret, user: user.number, kind: .adminSession, name: .empty, expires: now + Self.longest, replacing: false,
                by: "login:\(user.name.description)")
        } catch { throw AdminFailure(error) }
        standings.withLock { standings in
            // Those of sessions that have ended in another way.
            if standings.count >= 10_000 { standings = standings.filter { now < $0.value.lastSeen + Self.idle } }
            standings[token.number] = Standing(lastSeen: now)
        }
        let bytes = withExtendedLifetime(secret) { Array(secret.bytes) }
        return (
            AdminCaller(user: user, token: token, address: call.client, stepUpUntil: 0, csrf: Self.csrf(bytes)),
            String(decoding: bytes, as: UTF8.self)
        )
    }

    /// The password once more: for some minutes values may be shown.
    func stepUp(_ call: HTTPCall, _ caller: AdminCaller, password: String) async throws(AdminFailure) -> AdminCaller {
        guard caller.isSession else { throw .invalid("password", "only a session can be stepped up; a personal access token needs no step-up") }
        _ = try await checkedUser(call, caller.user, password)
        let until = Store.systemClock() + Self.stepUp
        standings.withLock { $0[caller.token.number]?.stepUpUntil = until }
        var caller = caller
        caller.stepUpUntil = until
        return caller
    }

    func logOut(_ caller: AdminCaller) async throws(AdminFailure) {
        standings.withLock { $0[caller.token.number] = nil }
        do throws(AccountError) { try await accounts.tokens.revoke(caller.token.number, by: caller.selector) } catch {
            // Another logout was first.
            guard error.code == .notFound else { throw AdminFailure(error) }
        }
    }

    private func end(_ token: AccessToken, by selector: String) {
        let tokens = accounts.tokens
        Task { try? await tokens.revoke(token.number, by: selector) }
    }

    private func checkedUser(_ call: HTTPCall, _ user: User?, _ password: String) async throws(AdminFailure) -> User {
        let now = Store.systemClock()
        if let seconds = backoff.check(call.client, now: now) {
            throw AdminFailure(
                status: 429, code: "too-many-attempts", message: "too many failed logins from this address; try again in \(seconds) s",
                retryAfterSeconds: seconds)
        }
        do throws(AccountError) {
            let user = try await accounts.users.check(password: SecretBuffer(Array(password.utf8)), of: user)
            backoff.succeeded(call.client)
            return user
        } catch {
            guard [.loginFailed, .denied, .invalidArgument, .notFound].contains(error.code) else { throw AdminFailure(error) }
            backoff.failed(call.client, now: now)
            logger.notice("login failed", metadata: ["door": "admin", "client": "\(call.client)", "request": "\(call.requestID)"])
            throw AdminFailure(status: 401, code: "unauthorized", message: "the name or the password is wrong")
        }
    }
}
