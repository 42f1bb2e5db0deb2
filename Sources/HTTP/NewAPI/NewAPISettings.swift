/// How the new-api door behaves (compat/newapi.md; decisions 10 and 11). Reading them from a file is the daemon's.
public struct NewAPISettings: Sendable {
    /// Which generation of the API is answered; requests of both are understood under both.
    public enum Profile: String, Sendable, CaseIterable {
        /// What the published document says, on the routes that it describes.
        case document
        /// The newest generation.
        case current
    }

    /// A group that tokens may be bound to, and what it makes of the price.
    public typealias Group = (name: String, ratio: Double, description: String)

    public var profile: Profile = .document
    /// Whether `New-Api-User` must be there, as the API's first generations want it. Where it is there it must be right in any case.
    public var requireNewApiUser = false
    /// Whether an unknown access token and a disabled user are answered with HTTP 200, as the first generations do.
    public var legacyStatus = false
    /// The models that `/v1/models` and `/api/user/models` list.
    public var models: [String] = []
    /// A group named `auto` makes that choice visible; it is never a member of itself.
    public var groups: [Group] = [(name: "default", ratio: 1, description: "default")]
    /// Quota units for one unit of money; 1 or more. A value in the store goes before it.
    public var quotaPerUnit: Int64 = 500_000
    /// As `/api/status` shows it. A value in the store goes before it.
    public var price = 7.3
    /// A value in the store goes before it.
    public var systemName = "Coffer"
    /// Where people reach this door, as `https://tokens.example.com`. A value in the store goes before it.
    public var serverAddress = ""
    /// Tokens of one user.
    public var maxTokens = 1_000
    /// Groups that one token may choose for `auto`.
    public var autoGroupsMax = 5
    /// Days that a login lasts, 1 to 3,650.
    public var sessionDays = 30
    /// Whether search, login and the routes that show keys are limited (compat/newapi.md 1.0).
    public var rateLimits = true

    public init() {}
}

/// What a generation of the API does differently (decisions 10).
struct NewAPIRules: Sendable {
    let profile: NewAPISettings.Profile

    var pageSize: Int { profile == .document ? 20 : 10 }
    /// Whether list, search, show and update have the whole key in them.
    var showsKeys: Bool { profile == .document }

    /// Names are measured in characters by the document and in bytes by the program.
    func isTooLong(name: String) -> Bool {
        profile == .document ? name.unicodeScalars.count > 30 : name.utf8.count > 50
    }
}

/// Bounds of the door that no setting moves.
enum NewAPIBounds {
    static let pageSize = 100
    /// Ids of one batch; the API itself has no bound.
    static let batch = 10_000
    static let reveals = 100
    /// Quota units (decisions 12).
    static let quota: Int64 = 500_000_000_000_000
    /// Units of money that a user without a wallet is shown.
    static let unlimitedWallet: Int64 = 100_000_000
    static let usageLines = 1_000
    static let sessionDays = 3_650
    /// Seconds after which to come back while the store is locked.
    static let retryAfter = 5
}
