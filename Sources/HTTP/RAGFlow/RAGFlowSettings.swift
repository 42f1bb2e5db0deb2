import CofferStore

/// What the RAGFlow door is run with (compat/ragflow.md, decisions 10 and 13).
public struct RAGFlowSettings: Sendable {
    /// Which generation of RAGFlow answers.
    public enum Profile: String, Sendable, CaseIterable {
        /// By path: `/v1/…` as v0.17 to v0.21 did, `/api/v1/…` as v0.25 and later do.
        case document
        /// As the newest on every path.
        case current
    }

    /// What the published text and v0.17 to v0.21 have behind `ragflow-`: 192 bits.
    public static let shortToken = 32
    /// What v0.22 and later have: 256 bits.
    public static let longToken = 43

    public var profile: Profile = .document
    /// Failed authentication answers HTTP 200 with code 401 in the body, as all versions before v0.24.0 did; otherwise HTTP 401.
    public var legacyStatus = false
    /// Opens the passwords that clients send; `nil`: nobody can log in with one.
    public var loginKey: RAGFlowLoginKey?
    /// Whether strangers may make an account.
    public var registration = true
    /// How long a login lasts, 1 to 3,650 days.
    public var sessionDays = 30
    /// Lets an API key make, list and delete API keys: one that leaked then outlives its own deletion.
    public var apiKeysManageKeys = false
    /// Characters of a new API key behind `ragflow-`: ``shortToken`` or ``longToken``, nothing between.
    public var tokenLength = shortToken
    /// What `/system/version` says.
    public var version = ""
    /// Unix milliseconds.
    public var clock: @Sendable () -> UInt64 = { Store.systemClock() }

    public init() {}

    var hasLongTokens: Bool { tokenLength == Self.longToken }

    /// Milliseconds that a login lasts.
    var sessionLifetime: UInt64 { UInt64(min(max(sessionDays, 1), 3_650)) * 86_400_000 }
}
