/// What a step is for; callers look steps up by it.
public enum StepPurpose: String, Sendable, CaseIterable {
    /// Refresh token to access token (and perhaps the next refresh token).
    case refresh
    /// User name and password to a token.
    case login
    /// A session or other token to an access token.
    case exchange
    /// An access token to a share token.
    case share
    /// Takes a share token back.
    case unshare
    /// Makes or renews a pool's own token from share tokens.
    case pool
    /// Takes a pool's own token back.
    case unpool
    /// Whether a token lives.
    case check
    /// Facts about the user or the account.
    case info
    /// Usage or balance.
    case summary
    /// Asks the upstream to read its files again.
    case reload
    /// What is left of the upstream's licence.
    case quota
    case other

    /// Steps of these purposes make tokens, and may be part of a way to one.
    public var makesTokens: Bool {
        switch self {
        case .refresh, .login, .exchange, .share, .pool: true
        default: false
        }
    }
}
