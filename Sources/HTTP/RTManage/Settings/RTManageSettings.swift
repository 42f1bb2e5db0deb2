/// How the RT-manage door behaves (compat/rtmanage.md; decisions 14 and 18). Reading them from a file is the daemon's; the login, the API
/// secret and what the settings page saves lie in the store (`coffer door set rtmanage …`).
public struct RTManageSettings: Sendable {
    /// Where the public API lies; begins with a slash and does not end with one.
    public var publicPrefix = "/public-api"
    /// Hours that a login lasts, 1 to 87,600.
    public var jwtExpireHours = 240
    /// Whether the API secret as a bearer is an administrator, as the original has it.
    public var apiSecretIsAdmin = false
    /// Origins whose pages may read the answers; `*`: all of them, without credentials.
    public var cors: [String] = []
    /// OAuth client of rows that name none: that of the iOS app, which is public.
    public var clientID = "app_WXrF1LSkiTtfYqiL6XtjygvX"
    /// Whether refreshing many also asks for user and account info. What asks for it by name gets it in any case.
    public var infoOnBatch = false

    public init() {}

    /// Why this cannot be the public prefix; `nil`: it can.
    public static func objection(toPrefix prefix: String) -> String? {
        guard prefix.hasPrefix("/"), prefix.utf8.count > 1, !prefix.hasSuffix("/") else { return "must begin with '/', and not end with it" }
        let isPlain = prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#%;\\\"<>".utf8.contains($0) }
        guard isPlain, !prefix.contains("//") else { return "must be a plain path such as /public-api" }
        let taken = ["/internalweb", "/health"]
        guard !taken.contains(where: { prefix == $0 || prefix.hasPrefix($0 + "/") }) else {
            return "must not be one of the door's own paths \(taken.joined(separator: ", "))"
        }
        return nil
    }
}

/// Bounds of the door that no setting moves.
enum RTManageBounds {
    /// Rows of one page; the original has no bound.
    static let page: Int64 = 10_000
    /// Ids and tokens of one batch.
    static let batch = 10_000
    /// Bytes of all that the settings page saves; what a field of a door may have.
    static let configs = 65_536
    /// Days between two passes of the schedule.
    static let interval = 1...365
    static let standardInterval = 2
    /// Bytes of `refresh_result`, as an attribute of a credential may have.
    static let result = 4_096
    /// Bytes of `user_info` and `account_info`, as a sealed field may have.
    static let info = 65_536
    /// Seconds after which to come back while the store is locked.
    static let retryAfter = 5
}
