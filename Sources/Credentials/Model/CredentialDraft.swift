import CofferStore

/// What a new credential is made of.
public struct CredentialDraft: Sendable {
    public var tenant: TenantID
    public var name: DocumentName
    public var provider: String
    public var email = ""
    public var clientID = ""
    public var tags: [String] = []
    public var memo = ""
    public var isEnabled = true
    public var parameters: [String: String] = [:]
    public var attributes: [String: String] = [:]
    /// Sealed fields: `username`, `password`, `client_secret`, `proxy`, and secret parameters of the provider.
    public var secrets: [String: SecretBuffer] = [:]
    /// Tokens by kind.
    public var tokens: [String: SecretBuffer] = [:]
    /// Unix milliseconds, by kind; absent: taken from the token where it is a JWT, else unknown.
    public var expiries: [String: UInt64] = [:]
    /// Numbers of an older system: the credential gets the next one, unless its attributes have one.
    public var numbering: CredentialNumbering?

    public init(tenant: TenantID, name: DocumentName, provider: String) {
        self.tenant = tenant
        self.name = name
        self.provider = provider
    }
}

/// What changes of a credential; what is absent stays.
public struct CredentialChange: Sendable {
    public var name: DocumentName?
    public var provider: String?
    public var email: String?
    public var clientID: String?
    public var tags: [String]?
    public var memo: String?
    public var isEnabled: Bool?
    /// Of each name its value; `nil`: taken away.
    public var parameters: [String: String?] = [:]
    public var attributes: [String: String?] = [:]
    public var secrets: [String: SecretBuffer?] = [:]
    /// A token or a login that a person gives ends `needs-person` and `dead`.
    public var tokens: [String: SecretBuffer?] = [:]
    public var expiries: [String: UInt64] = [:]
    /// Ends `needs-person`, `dead` and cooling without any other change.
    public var revives = false

    public init() {}

    var bringsLogin: Bool {
        revives || tokens.contains { $0.value != nil } || secrets.contains { $0.value != nil && $0.key != "proxy" }
    }
}
