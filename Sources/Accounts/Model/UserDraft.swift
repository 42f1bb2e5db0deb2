import CofferStore

/// A user that does not exist yet.
public struct UserDraft: Sendable {
    public var name: DocumentName
    public var displayName: Label
    public var email: String
    public var role: Role
    public var isEnabled: Bool
    public var home: TenantID
    public var group: String
    /// `nil`: the next of the sequence; import brings one. 0: none.
    public var newapiID: Int64?
    public var ragflowID: String
    /// Unix milliseconds; `nil`: now.
    public var created: UInt64?

    public init(
        name: DocumentName, displayName: Label = .empty, email: String = "", role: Role = .common, isEnabled: Bool = true,
        home: TenantID = .main, group: String = "default", newapiID: Int64? = nil, ragflowID: String = "", created: UInt64? = nil
    ) {
        self.name = name
        self.displayName = displayName
        self.email = email
        self.role = role
        self.isEnabled = isEnabled
        self.home = home
        self.group = group
        self.newapiID = newapiID
        self.ragflowID = ragflowID
        self.created = created
    }
}

/// What changes of a user; `nil` keeps.
public struct UserChange: Equatable, Sendable {
    public var name: DocumentName?
    public var displayName: Label?
    public var email: String?
    public var role: Role?
    public var isEnabled: Bool?
    public var group: String?

    public init(
        name: DocumentName? = nil, displayName: Label? = nil, email: String? = nil, role: Role? = nil, isEnabled: Bool? = nil,
        group: String? = nil
    ) {
        self.name = name
        self.displayName = displayName
        self.email = email
        self.role = role
        self.isEnabled = isEnabled
        self.group = group
    }
}
