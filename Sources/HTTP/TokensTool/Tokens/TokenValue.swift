import CofferCredentials
import CofferStore

/// A token that was got, or tried, before it is stored: what goes into the credential together.
struct TokenValue: Sendable {
    var isForAPI: Bool
    var isRefresh: Bool
    /// The session or refresh token, or the value for the web alone; empty: that is the login itself.
    var token: String
    var tokenExpires: UInt64 = 0
    var access: PandoraCalls.Got?
    var share: PandoraCalls.Got?

    /// Of each token kind what becomes of it.
    var tokens: [String: SecretBuffer] {
        guard isForAPI else { return [:] }
        var tokens: [String: SecretBuffer] = [:]
        if !token.isEmpty { tokens[isRefresh ? TokenNames.refresh : TokenNames.session] = token.secret }
        if let access { tokens[TokenNames.access] = access.value }
        if let share { tokens[TokenNames.share] = share.value }
        return tokens
    }

    var expiries: [String: UInt64] {
        var expiries: [String: UInt64] = [:]
        if tokenExpires != 0 { expiries[isRefresh ? TokenNames.refresh : TokenNames.session] = tokenExpires }
        if let access, access.expires != 0 { expiries[TokenNames.access] = access.expires }
        if let share, share.expires != 0 { expiries[TokenNames.share] = share.expires }
        return expiries
    }

    /// The kinds that a credential of this door has, whether they are given now or taken away.
    static let kinds = [TokenNames.session, TokenNames.refresh, TokenNames.access, TokenNames.share]

    /// For a credential that is there: all kinds are set or taken away.
    var changes: [String: SecretBuffer?] {
        var changes: [String: SecretBuffer?] = [:]
        let tokens = tokens
        for kind in Self.kinds { changes.updateValue(tokens[kind], forKey: kind) }
        return changes
    }

    /// The value for the web that must be kept because it is not the login.
    func webToken(username: String, password: String) -> SecretBuffer? {
        isForAPI || token.isEmpty || token == username + "," + password ? nil : token.secret
    }
}

/// What of getting a token failed.
enum TokenStep: Error, Sendable { case login, exchange, share }

extension PandoraCalls {
    /// Gets what a token needs: logs in where it is not given, exchanges it and shares what came of that.
    /// - Parameters:
    ///   - login: where there is no token.
    ///   - exchanges: whether an access token is needed.
    ///   - sharing: whether it must be shared, too; otherwise it is tried.
    func get(
        _ token: String, login: (username: String, password: String)?, isRefresh: Bool, isForAPI: Bool, name: String, showUserInfo: Bool,
        exchanges: Bool, mustShare: Bool
    ) async throws(TokenStep) -> TokenValue {
        var value = TokenValue(isForAPI: isForAPI, isRefresh: isRefresh, token: token)
        if let login {
            guard !login.username.isEmpty, !login.password.isEmpty,
                let got = await self.login(username: login.username, password: login.password, isRefresh: isRefresh)
            else { throw .login }
            value.token = got.value.text
            value.tokenExpires = got.expires
        }
        guard exchanges else { return value }
        guard !value.token.isEmpty, let access = await exchange(value.token.secret, isRefresh: isRefresh) else { throw .exchange }
        value.access = access
        value.share = await share(name: name, access: access.value, showUserInfo: showUserInfo)
        if mustShare, value.share == nil { throw .share }
        return value
    }
}
