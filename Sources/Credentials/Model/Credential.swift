import CofferStore

/// One identity at an upstream provider. Holds no secret: those lie sealed in records of their own (decisions 6) and are read when they
/// are needed.
public struct Credential: Equatable, Sendable {
    /// Given once, never again.
    public let number: UInt64
    public let tenant: TenantID
    /// Unique among the credentials of its tenant that are not deleted.
    public var name: DocumentName
    /// Name of the provider that says how its tokens are kept alive.
    public var provider: String
    /// 0 to 254 bytes.
    public var email: String
    /// OAuth client; empty: the provider's own. 0 to 1,024 bytes.
    public var clientID: String
    public var tags: [String]
    /// 0 to 1,024 bytes.
    public var memo: String
    /// A disabled one is neither handed out nor refreshed by itself.
    public var isEnabled: Bool
    /// Parameters of the provider that are no secrets, such as `token_url`.
    public var parameters: [String: String]
    /// What doors for older systems keep with it: `tokenstool.shared`.
    public var attributes: [String: String]
    /// The sealed fields that are set: `password`, `client_secret`, `proxy`, … Ascending.
    public var secretNames: [String]
    /// The proxy without its user and password; empty: none.
    public var proxyHint: String
    /// Unix milliseconds.
    public var created: UInt64
    public var updated: UInt64
    /// Unix milliseconds; 0: it is there. A deleted one can be brought back until it is swept.
    public var deleted: UInt64
    /// The revision that changed its settings last.
    public var revision: UInt64
    public var state: CredentialState
    /// The tokens that are there, by kind, ascending.
    public var tokens: [TokenFact]

    public init(
        number: UInt64, tenant: TenantID, name: DocumentName, provider: String, email: String = "", clientID: String = "",
        tags: [String] = [], memo: String = "", isEnabled: Bool = true, parameters: [String: String] = [:],
        attributes: [String: String] = [:], secretNames: [String] = [], proxyHint: String = "", created: UInt64, updated: UInt64,
        deleted: UInt64 = 0, revision: UInt64 = 0, state: CredentialState = CredentialState(), tokens: [TokenFact] = []
    ) {
        self.number = number
        self.tenant = tenant
        self.name = name
        self.provider = provider
        self.email = email
        self.clientID = clientID
        self.tags = tags
        self.memo = memo
        self.isEnabled = isEnabled
        self.parameters = parameters
        self.attributes = attributes
        self.secretNames = secretNames
        self.proxyHint = proxyHint
        self.created = created
        self.updated = updated
        self.deleted = deleted
        self.revision = revision
        self.state = state
        self.tokens = tokens
    }

    /// Attributes without what an import remembers of a token: it is nobody's to see, not even as a fingerprint.
    public var shownAttributes: [String: String] { attributes.filter { $0.key != TokenHolders.attribute } }

    public func fact(_ kind: String) -> TokenFact? { tokens.first { $0.kind == kind } }

    /// The names of all values that a provider's step could use.
    public var available: Set<String> {
        var names = Set(secretNames)
        names.formUnion(tokens.map(\.kind))
        names.formUnion(parameters.keys)
        if !email.isEmpty { names.insert("email") }
        if !clientID.isEmpty { names.insert("client_id") }
        names.insert("name")
        return names
    }
}

/// What is known of a token without opening it.
public struct TokenFact: Equatable, Sendable {
    /// `access`, `refresh`, `session`, `share`, … as its provider calls it.
    public var kind: String
    /// Unix milliseconds; 0: unknown.
    public var expires: UInt64
    /// When it was got, Unix milliseconds.
    public var obtained: UInt64

    public init(kind: String, expires: UInt64, obtained: UInt64) {
        self.kind = kind
        self.expires = expires
        self.obtained = obtained
    }

    /// Whether it lives for at least `left` milliseconds more. One whose expiry is unknown is taken to live.
    public func isLive(at now: UInt64, left: UInt64 = 0) -> Bool {
        guard expires != 0 else { return true }
        return expires > now && expires - now > left
    }

    /// Whether it is time to get the next one.
    /// - Parameter lead: seconds before the expiry; of a token that lives less than four times as long, a quarter of its life, so that a
    ///   short-lived one is not got anew at each request.
    public func isDue(at now: UInt64, lead: UInt32) -> Bool { !isLive(at: now, left: leadTime(lead)) }

    /// That lead in milliseconds.
    public func leadTime(_ lead: UInt32) -> UInt64 {
        let life = expires > obtained ? expires - obtained : 0
        return min(UInt64(lead) * 1_000, life / 4)
    }
}
