/// How tokens of one kind of upstream are got, refreshed and checked: data, read from YAML (docs/providers.md).
public struct Provider: Sendable {
    /// 1 to 64 of `[a-z0-9-]`.
    public let name: String
    /// For people.
    public let title: String
    /// The YAML that it was read from.
    public let source: String
    public internal(set) var isBuiltIn: Bool
    public internal(set) var steps: [ProviderStep]
    public internal(set) var parameters: [ProviderParameter]
    /// Named URLs that configuration may replace (decisions 22).
    public internal(set) var bases: [String: String]
    /// Calls at once, 1 to 64. Whoever sends the calls keeps to it.
    public let concurrency: Int
    /// Milliseconds between the starts of two calls, at least; 0 to 600,000. Whoever sends the calls keeps to it.
    public let gap: UInt32
    /// Seconds before expiry at which a token is due, 0 to 604,800.
    public let lead: UInt32
    /// Seconds that an access token without `expires_in` and `exp` is taken to live; 0: unknown.
    public let defaultLifetime: UInt32
    /// Seconds that a session token is taken to live; 0: unknown.
    public let sessionLifetime: UInt32

    /// Tried after a step's own.
    let rules: [AnswerRule]
    let errors: ErrorPointers

    /// Names that templates may use as tokens.
    public static let tokenKinds: Set<String> = ["access", "refresh", "session", "share", "pool"]
    /// Names that templates may use of a credential: its login, and its own name (a pool's name in a pool's step).
    public static let loginFields: Set<String> = ["username", "password", "email", "name"]

    /// Reads a provider's file (docs/providers.md).
    /// - Parameter source: YAML of at most 256 KiB.
    /// - Throws: everything that is wrong with it, each with its line.
    public static func read(_ source: String) throws(ProviderErrors) -> Provider {
        try ProviderReader.read(source)
    }

    public func step(_ name: String) -> ProviderStep? { steps.first { $0.name == name } }

    /// In the order of the file.
    public func steps(_ purpose: StepPurpose) -> [ProviderStep] { steps.filter { $0.purpose == purpose } }

    public func parameter(_ name: String) -> ProviderParameter? { parameters.first { $0.name == name } }

    /// Whether a value of this name must not be shown.
    public func isSecret(_ name: String) -> Bool {
        Self.tokenKinds.contains(name) || name == "password" || parameter(name)?.isSecret == true
    }
}
