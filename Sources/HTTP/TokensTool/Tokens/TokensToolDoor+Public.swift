import CofferCredentials
import CofferJSON
import CofferStore

// The paths whose password stands in the query (compat/tokenstool.md 1.1). They change nothing and dial nothing.
extension TokensToolDoor {
    /// The tokens of one kind, in the order in which they were added.
    func publicList(_ call: HTTPCall, _ kind: String) async throws(TokensToolFailure) -> JSONValue {
        try requirePassword(call, memory.settings)
        var texts: [String] = []
        for credential in allTokens() {
            if let text = try value(kind, of: credential) {
                texts.append(text)
            } else if settings.profile == .current {
                texts.append(credential.tokensToolPlaceholder)
            }
        }
        return .strings(texts)
    }

    func publicToken(_ call: HTTPCall, _ kind: String) throws(TokensToolFailure) -> JSONValue {
        let name = try publicName(call)
        guard let credential = findToken(name) else { throw .refused(TokensToolMessage.noSuchToken) }
        if let text = try value(kind, of: credential) { return .string(text) }
        if settings.profile == .current { return .string(credential.tokensToolPlaceholder) }
        throw .refused(kind == TokenNames.share ? TokensToolMessage.noShareToken : TokensToolMessage.noAccessToken)
    }

    func publicPool(_ call: HTTPCall) throws(TokensToolFailure) -> JSONValue {
        let name = try publicName(call)
        guard let pool = credentials.pools.find(tenant: .main, name: Array(name.utf8)) else { throw .refused(TokensToolMessage.noPoolToken) }
        let token: String?
        do throws(CredentialError) { token = try ownToken(pool) } catch {
            throw TokensToolFailure(error, TokensToolMessage.poolTokenFailed)
        }
        guard let token, token.contains("pk") else { throw .refused(TokensToolMessage.noPoolToken) }
        return .string(token)
    }

    /// All that is needed must be there before anything is said of the password.
    private func publicName(_ call: HTTPCall) throws(TokensToolFailure) -> String {
        guard let name = call.queryValue("tokenName") else { throw .badRequest }
        try requirePassword(call, memory.settings)
        return name
    }

    private func value(_ kind: String, of credential: Credential) throws(TokensToolFailure) -> String? {
        guard credential.isForAPI, credential.fact(kind) != nil else { return nil }
        do throws(CredentialError) { return try credentials.credentials.token(credential.number, kind: kind)?.text } catch {
            throw .unavailable
        }
    }
}
