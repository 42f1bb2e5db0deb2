import CofferAccounts
import CofferJSON
import CofferStore

extension RAGFlowDoor {
    /// More of an address than any user has is not repeated.
    private static let longestEmail = 320

    /// `POST /v1/user/login`, `/api/v1/auth/login`: the login token comes in the header `Authorization`.
    func login(_ call: HTTPCall) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        guard !accounts.isLocked else { throw .locked }
        guard let body = Self.body(call), body.object?.isEmpty == false else {
            throw RAGFlowFailure(code: RAGFlowCode.authentication, message: "Unauthorized!", data: .no)
        }
        try checkBackoff(call)
        let email = body["email"]?.string ?? ""
        guard let user = email.isEmpty ? nil : accounts.users.find(email: email) else {
            backoff.failed(call.client, now: settings.clock())
            let shown = email.prefix(Self.longestEmail)
            throw RAGFlowFailure(code: RAGFlowCode.authentication, message: "Email: \(shown) is not registered!", data: .no)
        }
        let password = try openPassword(body, call)
        let checked: User
        do throws(AccountError) {
            checked = try await accounts.users.check(password: password, of: user)
        } catch {
            throw loginFailure(error, call)
        }
        backoff.succeeded(call.client)
        return try await session(for: checked, message: "Welcome back!", isSecure: call.isSecure)
    }

    private func loginFailure(_ error: AccountError, _ call: HTTPCall) -> RAGFlowFailure {
        switch error.code {
        case .loginFailed:
            backoff.failed(call.client, now: settings.clock())
            return RAGFlowFailure(code: RAGFlowCode.authentication, message: "Email and password do not match!", data: .no)
        case .denied:
            return RAGFlowFailure(
                code: RAGFlowCode.forbidden, message: "This account has been disabled, please contact the administrator!", data: .no)
        default:
            return RAGFlowFailure(error)
        }
    }

    /// `POST /v1/user/register`, `/api/v1/users`: a user with a tenant of its own, logged in at once.
    func register(_ call: HTTPCall) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        guard settings.registration else {
            throw RAGFlowFailure(code: RAGFlowCode.operating, message: "User registration is disabled!", data: .no)
        }
        guard !accounts.isLocked else { throw .locked }
        let body = Self.body(call)
        let absent = ["nickname", "email", "password"].filter { body?[$0] == nil }
        guard let body, absent.isEmpty else { throw .missing(absent.isEmpty ? ["nickname", "email", "password"] : absent) }
        try checkBackoff(call)
        let email = body["email"]?.string ?? ""
        guard let name = Self.accountName(email) else {
            throw RAGFlowFailure(
                code: RAGFlowCode.operating, message: "Invalid email address: \(email.prefix(Self.longestEmail))!", data: .no)
        }
        guard let nickname = body["nickname"]?.string, let label = try? Label(nickname) else {
            throw RAGFlowFailure(code: RAGFlowCode.argument, message: "Invalid nickname!", data: .no)
        }
        guard accounts.users.find(email: email) == nil else { throw Self.taken(email) }
        let password = try openPassword(body, call)
        var user: User
        do throws(AccountError) {
            user = try await accounts.users.register(name: name, email: email, password: password, by: "door:\(id)")
        } catch {
            throw Self.registrationFailure(error, email)
        }
        // The user is there: without the nickname rather than not at all.
        let change = UserChange(displayName: label)
        if let named = try? await accounts.users.update(user.number, change, expected: nil, by: "door:\(id)") { user = named }
        return try await session(for: user, message: "\(nickname), welcome aboard!", isSecure: call.isSecure)
    }

    private static func registrationFailure(_ error: AccountError, _ email: String) -> RAGFlowFailure {
        switch (error.code, error.field) {
        case (.alreadyExists, _): taken(email)
        case (.invalidArgument, "email"), (.invalidArgument, "name"):
            RAGFlowFailure(code: RAGFlowCode.operating, message: "Invalid email address: \(email.prefix(longestEmail))!", data: .no)
        default: RAGFlowFailure(error)
        }
    }

    private static func taken(_ email: String) -> RAGFlowFailure {
        RAGFlowFailure(code: RAGFlowCode.operating, message: "Email: \(email) has already registered!", data: .no)
    }

    /// The address is the account's name too; the nickname need not be unique.
    private static func accountName(_ email: String) -> DocumentName? {
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), !parts[1].hasPrefix("."), !parts[1].hasSuffix(".")
        else { return nil }
        guard email.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "*") }) else { return nil }
        return try? DocumentName(email.utf8)
    }

    /// `GET /v1/user/logout`, `POST /api/v1/auth/logout`.
    func logout(_ call: HTTPCall, _ caller: RAGFlowCaller) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        do throws(AccountError) {
            _ = try await accounts.tokens.revoke(user: caller.user.number, kinds: [.ragflowLogin], by: caller.principal)
        } catch {
            throw RAGFlowFailure(error)
        }
        return RAGFlowAnswer(data: .bool(true), headers: [Self.cookieHeader("", seconds: 0, isSecure: call.isSecure)])
    }

    /// A new login, which ends the one before.
    private func session(for user: User, message: String, isSecure: Bool) async throws(RAGFlowFailure) -> RAGFlowAnswer {
        let codec = try tokenCodec()
        let now = settings.clock()
        let token = RAGFlowLoginToken.draw()
        do throws(AccountError) {
            _ = try await accounts.tokens.issue(
                token, user: user.number, kind: .ragflowLogin, name: .empty, expires: now + settings.sessionLifetime, replacing: true,
                by: "login:\(user.name.description)")
        } catch {
            throw RAGFlowFailure(error)
        }
        let text = codec.text(token, seconds: now / 1_000)
        var data = userData(user)
        if case .object(let fields) = data {
            data = .object(fields + [("access_token", .string(String(decoding: token.bytes, as: UTF8.self)))])
        }
        withExtendedLifetime(token) {}
        let cookie = Self.cookieHeader(text, seconds: settings.sessionLifetime / 1_000, isSecure: isSecure)
        return RAGFlowAnswer(data: data, message: message, headers: [("Authorization", text), cookie])
    }

    private static func cookieHeader(_ value: String, seconds: UInt64, isSecure: Bool) -> (name: String, value: String) {
        ("Set-Cookie", "\(cookie)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : ""))
    }

    /// Nothing of what went wrong inside is said, kept or logged; each failure counts as a guess.
    private func openPassword(_ body: JSONValue, _ call: HTTPCall) throws(RAGFlowFailure) -> SecretBuffer {
        let failure = RAGFlowFailure(code: RAGFlowCode.server, message: "Fail to crypt password", data: .no)
        guard let key = settings.loginKey else {
            reportMissingLoginKey()
            throw failure
        }
        guard let text = body["password"]?.string, let password = key.openPassword(text) else {
            backoff.failed(call.client, now: settings.clock())
            throw failure
        }
        return password
    }

    private func checkBackoff(_ call: HTTPCall) throws(RAGFlowFailure) {
        guard let seconds = backoff.check(call.client, now: settings.clock()) else { return }
        let refusal = HTTPRefusal.tooManyAttempts(retryAfterSeconds: seconds)
        throw RAGFlowFailure(status: refusal.status, code: refusal.status, message: refusal.message, retryAfter: seconds)
    }

    /// The body as JSON; `nil` where it is none. The type that the client gave it does not matter.
    static func body(_ call: HTTPCall) -> JSONValue? { try? JSONValue.parse(call.body) }
}
