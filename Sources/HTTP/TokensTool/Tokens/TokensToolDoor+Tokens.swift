import CofferCredentials
import CofferJSON
import CofferStore

// Finding and showing tokens (compat/tokenstool.md 1.3).
extension TokensToolDoor {
    /// In the order in which they were added.
    func allTokens() -> [Credential] { credentials.credentials.list(tenant: .main) { $0.isTokensToolToken } }

    /// Exact, byte for byte.
    func findToken(_ name: String) -> Credential? {
        let found = credentials.credentials.find(tenant: .main, name: Array(name.utf8))
        return found.flatMap { $0.isTokensToolToken ? $0 : nil }
    }

    func row(_ credential: Credential) throws(CredentialError) -> TokenRow {
        try TokenRow(credential, credentials.credentials, time: time, now: settings.clock())
    }

    func listTokens(_ call: HTTPCall) async throws(TokensToolFailure) -> JSONValue {
        guard let part = call.queryValue("name") else { throw .badRequest }
        // Those that an import has brought since find the proxy from here on.
        if allTokens().contains(where: { $0.parameters[TokenNames.base] == nil }) {
            await moveTokens(from: nil, to: memory.settings.upstreamBase, "tokenstool")
        }
        let wanted = allTokens().filter { $0.nameText.holds(part) }
        do throws(CredentialError) {
            var rows: [JSONValue] = []
            for credential in wanted { rows.append(try row(credential).json) }
            return .array(rows)
        } catch {
            throw .unavailable
        }
    }

    /// What the door asks the proxy for, by the settings as they are now.
    var calls: PandoraCalls {
        PandoraCalls(
            providers: credentials.providers, settings: memory.settings, licenseID: memory.secret(.licenseID)?.text ?? "")
    }

    /// Parameters that a token of this door needs where Coffer refreshes it.
    func parameters(_ settings: SystemSettings, isRefresh: Bool, showUserInfo: Bool) -> [String: String] {
        var parameters = [
            TokenNames.login: isRefresh ? "refresh" : "session", TokenNames.showUserinfo: showUserInfo ? "true" : "false",
        ]
        if let base = settings.upstreamBase { parameters[TokenNames.base] = base }
        return parameters
    }
}

extension String {
    /// Whether these bytes are in it; empty ones always are.
    func holds(_ part: String) -> Bool { part.utf8.isEmpty || utf8.firstRange(of: part.utf8) != nil }

    var secret: SecretBuffer { SecretBuffer(Array(utf8)) }
}
