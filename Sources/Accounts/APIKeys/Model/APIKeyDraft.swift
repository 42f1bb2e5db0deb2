import CofferStore

/// A new API key.
public struct APIKeyDraft: Sendable {
    public var tenant: TenantID
    /// The user's number; 0: none.
    public var owner: UInt64
    public var form: APIKey.Form
    public var name: Label
    /// Unix seconds; -1 never.
    public var expires: Int64
    public var unlimited: Bool
    /// Quota units that are left, 0 to 500,000,000,000,000.
    public var quota: Int64
    /// Quota units that were spent before (import).
    public var used: Int64
    public var modelLimitsEnabled: Bool
    /// Trimmed and freed of doubles; at most 1,024 of 255 bytes.
    public var models: [String]
    public var addresses: AddressList
    public var group: String
    /// At most 64 of 255 bytes.
    public var tags: [String]
    public var windows: Windows
    public var crossGroupRetry: Bool
    public var autoGroups: [String]?
    public var dialogID: String?
    public var source: String?
    /// Import: the key itself, without `sk-` for form sk, whole for the others. `nil`: a random one.
    public var readable: SecretBuffer?
    /// Import: 32 characters of base64url.
    public var beta: SecretBuffer?
    public var status: APIKey.Status
    /// Unix milliseconds; `nil`: now.
    public var created: UInt64?
    /// `nil`: the next of the sequence for form sk, none for the others. Import brings one.
    public var newapiID: Int64?
    /// Most keys of this owner; `nil`: what ``AccountOptions/maxKeysPerUser`` says.
    public var limit: Int?

    // What only the import of another system's keys knows.

    /// Unix milliseconds; 0: never.
    var updated: UInt64 = 0
    /// Unix milliseconds of the last use; `nil`: never.
    var accessed: UInt64?
    /// Keys that others made may be shorter than ours.
    var isOfImport = false

    public init(
        tenant: TenantID = .main, owner: UInt64 = 0, form: APIKey.Form, name: Label = .empty, expires: Int64 = -1,
        unlimited: Bool = false, quota: Int64 = 0, used: Int64 = 0, modelLimitsEnabled: Bool = false, models: [String] = [],
        addresses: AddressList = .any, group: String = "", tags: [String] = [], windows: Windows = .none,
        crossGroupRetry: Bool = false, autoGroups: [String]? = nil, dialogID: String? = nil, source: String? = nil,
        readable: SecretBuffer? = nil, beta: SecretBuffer? = nil, status: APIKey.Status = .enabled, created: UInt64? = nil,
        newapiID: Int64? = nil, limit: Int? = nil
    ) {
        self.tenant = tenant
        self.owner = owner
        self.form = form
        self.name = name
        self.expires = expires
        self.unlimited = unlimited
        self.quota = quota
        self.used = used
        self.modelLimitsEnabled = modelLimitsEnabled
        self.models = models
        self.addresses = addresses
        self.group = group
        self.tags = tags
        self.windows = windows
        self.crossGroupRetry = crossGroupRetry
        self.autoGroups = autoGroups
        self.dialogID = dialogID
        self.source = source
        self.readable = readable
        self.beta = beta
        self.status = status
        self.created = created
        self.newapiID = newapiID
        self.limit = limit
    }
}

/// A change of an API key; `nil` keeps what is there.
public struct APIKeyChange: Sendable {
    public var name: Label?
    public var status: APIKey.Status?
    /// Unix seconds; -1 never.
    public var expires: Int64?
    public var unlimited: Bool?
    /// Sets what is left.
    public var quota: Int64?
    public var modelLimitsEnabled: Bool?
    public var models: [String]?
    public var addresses: AddressList?
    public var group: String?
    public var tags: [String]?
    public var windows: Windows?
    public var crossGroupRetry: Bool?
    /// `.some(nil)` takes them away.
    public var autoGroups: [String]??

    public init(
        name: Label? = nil, status: APIKey.Status? = nil, expires: Int64? = nil, unlimited: Bool? = nil, quota: Int64? = nil,
        modelLimitsEnabled: Bool? = nil, models: [String]? = nil, addresses: AddressList? = nil, group: String? = nil,
        tags: [String]? = nil, windows: Windows? = nil, crossGroupRetry: Bool? = nil, autoGroups: [String]?? = nil
    ) {
        self.name = name
        self.status = status
        self.expires = expires
        self.unlimited = unlimited
        self.quota = quota
        self.modelLimitsEnabled = modelLimitsEnabled
        self.models = models
        self.addresses = addresses
        self.group = group
        self.tags = tags
        self.windows = windows
        self.crossGroupRetry = crossGroupRetry
        self.autoGroups = autoGroups
    }
}
