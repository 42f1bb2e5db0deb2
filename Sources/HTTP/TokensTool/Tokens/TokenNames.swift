import CofferCredentials
import CofferStore

/// What a TokensTool token is called within a credential. An import writes the same names.
///
/// Its session or refresh token is the token of that kind, its login the sealed fields `username` and `password`; `access_token` and
/// `share_token` are the tokens `access` and `share`. When it was got and whether it is dead, the credential knows itself.
public enum TokenNames {
    public static let provider = "pandora"
    /// Tokens by kind.
    static let session = "session"
    static let refresh = "refresh"
    static let access = "access"
    static let share = "share"
    /// Sealed fields: the login at the upstream, the password that the proxy asks for before it lets somebody at this token, and the
    /// value of a token that is only for the web (often `email,password`).
    static let username = "username"
    static let loginPassword = "password"
    public static let password = "tokenstool.password"
    public static let webToken = "tokenstool.token"
    /// Attributes, `true` or `false`; absent is false.
    public static let shared = "tokenstool.shared"
    public static let autoShared = "tokenstool.auto_shared"
    public static let showUserInfo = "tokenstool.show_user_info"
    public static let plus = "tokenstool.plus"
    public static let setPoolToken = "tokenstool.set_pool_token"
    public static let useRefreshToken = "tokenstool.use_refresh_token"
    /// `yyyy-MM-dd HH:mm:ss` as it was imported, or Unix milliseconds: when the value of a token for the web was given, and that of an
    /// imported one until it is got anew.
    public static let updateTime = "tokenstool.update_time"
    /// `false`: it was expired when it was imported; says nothing once it was got anew.
    static let checkSession = "tokenstool.check_session"
    /// `true` where a token was for the API before and is only for the web now.
    static let switchedOff = "tokenstool.switched_off"
    /// Parameters of the provider: where the proxy is, what a login gives, whether a share token shows the mail address.
    static let base = "base"
    static let login = "login"
    static let showUserinfo = "show_userinfo"
}

extension Credential {
    /// Whether TokensTool's clients see it.
    var isTokensToolToken: Bool { provider == TokenNames.provider }

    func flag(_ name: String) -> Bool { attributes[name] == "true" }

    /// For the API, not for the web alone. A credential that was made elsewhere is for the API where it has what that needs.
    var isForAPI: Bool {
        if let given = attributes[TokenNames.setPoolToken] { return given == "true" }
        return fact(TokenNames.session) != nil || fact(TokenNames.refresh) != nil
    }

    /// Whether its value is a refresh token.
    var usesRefreshToken: Bool {
        if let given = attributes[TokenNames.useRefreshToken] { return given == "true" }
        return fact(TokenNames.session) == nil && fact(TokenNames.refresh) != nil
    }

    /// The kind of the token behind the field `token`.
    var mainKind: String { usesRefreshToken ? TokenNames.refresh : TokenNames.session }

    /// What the page shows in yellow: the upstream said that it is over. A failure that is no verdict changes nothing (quirk Q14), nor does
    /// a login that was refused while its session lives.
    func isExpired(at now: UInt64) -> Bool {
        switch state.phase {
        case .dead: return true
        case .needsPerson: return !(fact(TokenNames.access)?.isLive(at: now) ?? false)
        default: return state.lastRefresh == 0 && attributes[TokenNames.checkSession] == "false"
        }
    }

    /// Listed by the proxy for everybody: not while it is expired.
    func isShared(at now: UInt64) -> Bool { flag(TokenNames.shared) && !isExpired(at: now) }
}
