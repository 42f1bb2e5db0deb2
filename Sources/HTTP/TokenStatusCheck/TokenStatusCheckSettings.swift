import CofferStore

/// How the TokenStatusCheck door behaves (compat/tokenstatuscheck.md 3). Reading them from a file is the daemon's.
public struct TokenStatusCheckSettings: Sendable {
    /// Folder with the token files in the original's format, read at each call; empty: the credentials of the store are checked.
    public var data = ""
    /// Addresses of the token checks, by ``TokenStatusCheckProvider``.
    public var urls: [String: String] = [:]
    /// Minutes for which a result may be told again; 0: each call asks.
    public var cacheMinutes = 0
    /// Seconds between two accounts of the official list, at most; 0: none.
    public var accountGap = 3
    /// Seconds for one check of all tokens; what is not answered then is unknown.
    public var totalSeconds = 120
    /// What the original's environment variable says, taken over where the store has nothing (decisions 17).
    public var legacyAuthorization: SecretBuffer?

    public init() {}
}

/// Bounds of the door that no setting moves.
enum TokenStatusCheckBounds {
    /// Calls at once.
    static let atOnce = 4
    /// Bytes of one token file.
    static let file = 8 << 20
    /// Bytes of one token.
    static let token = 65_536
    /// Seconds after which to come back while the store is locked.
    static let retryAfter = 5
}
