import CofferAccounts
import CofferStore

/// Who asks, once that is certain.
struct RAGFlowCaller: Sendable {
    enum Credential { case login, apiKey(UInt64) }

    var user: User
    var credential: Credential

    /// As a selector (formats.md 13), for the audit and the log.
    var principal: String { "login:\(user.name.description)" }
}

extension RAGFlowDoor {
    private static let longestCredential = 1_024

    /// - Returns: `nil` where anybody may ask.
    func caller(of call: HTTPCall, access: RAGFlowRoute.Access) async throws(RAGFlowFailure) -> RAGFlowCaller? {
        if access == .anybody { return nil }
        guard !accounts.isLocked else { throw .locked }
        let caller = try await authenticated(call)
        // With the same words as for no credential at all: that is what v0.17 to v0.22 answered to an API key here.
        if case .apiKey = caller.credential, access == .login || access == .manager && !settings.apiKeysManageKeys { throw .unauthorized }
        guard caller.user.isEnabled else { throw .unauthorized }
        return caller
    }

    /// Login token or API key, raw or behind any one word; without the header the cookie of a login.
    private func authenticated(_ call: HTTPCall) async throws(RAGFlowFailure) -> RAGFlowCaller {
        guard let header = call.header("Authorization"), !header.isEmpty else {
            guard let token = call.cookies[Self.cookie], Self.isSameSite(call) else { throw .unauthorized }
            guard let user = try loginUser(token) else { throw .unauthorized }
            return RAGFlowCaller(user: user, credential: .login)
        }
        let words = header.split { $0 == " " || $0 == "\t" }
        guard let word = words.last, words.count <= 2, word.utf8.count <= Self.longestCredential else { throw .unauthorized }
        let credential = String(word)
        if let user = try loginUser(credential) { return RAGFlowCaller(user: user, credential: .login) }
        if let (number, user) = await keyUser(credential, call) { return RAGFlowCaller(user: user, credential: .apiKey(number)) }
        throw .unauthorized
    }

    private func loginUser(_ text: String) throws(RAGFlowFailure) -> User? {
        let codec = try tokenCodec()
        let now = settings.clock()
        guard let digits = codec.digits(in: text, seconds: now / 1_000, lifetime: settings.sessionLifetime / 1_000) else { return nil }
        return accounts.tokens.authenticate(digits, kinds: [.ragflowLogin])?.user
    }

    func tokenCodec() throws(RAGFlowFailure) -> RAGFlowLoginToken {
        do throws(StoreError) {
            return RAGFlowLoginToken(signingKey: try signingKey())
        } catch {
            throw RAGFlowFailure(AccountError(error))
        }
    }

    /// A key is judged as it is everywhere: status, expiry, addresses, limits.
    private func keyUser(_ text: String, _ call: HTTPCall) async -> (UInt64, User)? {
        let bytes = Array(text.utf8)
        guard let view = bytes.withUnsafeBytes({ accounts.apiKeys.find(readable: $0) }), view.key.form == .ragflow else { return nil }
        let verdict = await accounts.apiKeys.verify(key: bytes, address: call.client, model: [], cost: 0) { _, _ in true }
        guard verdict.reason == .valid, verdict.scope == .full, let user = accounts.users.find(view.key.owner) else { return nil }
        return (view.key.number, user)
    }

    /// The answers of the embedded bots to a wrong beta (compat/ragflow.md 4). Behind a right one there is nothing here.
    func botFailure(_ call: HTTPCall) async throws(RAGFlowFailure) -> RAGFlowFailure {
        guard !accounts.isLocked else { throw .locked }
        let words = (call.header("Authorization") ?? "").split { $0 == " " || $0 == "\t" }
        guard words.count == 2 else {
            return RAGFlowFailure(code: RAGFlowCode.data, message: "Authorization is not valid!", data: .absent)
        }
        let invalid = RAGFlowFailure(code: RAGFlowCode.data, message: "Authentication error: API key is invalid!", data: .absent)
        guard words[1].utf8.count <= Self.longestCredential else { return invalid }
        let verdict = await accounts.apiKeys.verify(key: Array(words[1].utf8), address: call.client, model: [], cost: 0) { _, _ in true }
        guard verdict.reason == .valid, verdict.scope == .embed else { return invalid }
        return Self.notFound(call.path)
    }

    /// The tenant that the user owns, the first one: never one in which the user is only a member.
    func ownedTenant(_ caller: RAGFlowCaller) throws(RAGFlowFailure) -> Tenant {
        let membership = accounts.tenants.memberships(of: caller.user.number).first { $0.role == .owner }
        guard let membership, let tenant = accounts.tenants.find(membership.tenant) else { throw .tenantNotFound }
        return tenant
    }

    /// Not `session`, which is new-api's: cookies do not know ports.
    static let cookie = "ragflow_session"

    /// A page of another site may not ride on the cookie.
    private static func isSameSite(_ call: HTTPCall) -> Bool {
        if let site = call.header("Sec-Fetch-Site"), site != "same-origin", site != "none" { return false }
        guard let origin = call.header("Origin") else { return true }
        guard let host = call.header("Host"), !host.isEmpty else { return false }
        return origin == "http://" + host || origin == "https://" + host
    }
}
