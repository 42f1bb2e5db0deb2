import CofferStore

/// What a user may do at the HTTP doors; the numbers are new-api's.
public enum Role: UInt8, Sendable, CaseIterable {
    case common = 1, admin = 10, root = 100

    public var word: String {
        switch self {
        case .common: "common"
        case .admin: "admin"
        case .root: "root"
        }
    }

    public init?(word: String) {
        guard let role = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = role
    }
}

/// Who may log in. Has no secret: the password's hash is a document of its own.
public struct User: Equatable, Sendable {
    /// From 1, never reused; inside only.
    public var number: UInt64
    /// Unique in the store, by bytes.
    public var name: DocumentName
    public var displayName: Label
    /// "" none; unique without regard to ASCII case.
    public var email: String
    public var role: Role
    public var isEnabled: Bool
    /// The one tenant that the user belongs to (decisions 3).
    public var home: TenantID
    /// new-api's; 1 to 255 bytes.
    public var group: String
    /// The number that new-api's doors show: a sequence of that API, never reused; 0 none.
    public var newapiID: Int64
    /// 32 hexadecimal digits, equal to the name of the home tenant; "" none.
    public var ragflowID: String
    /// There is no password that could be checked: the user must set one (decisions 23).
    public var mustSetPassword: Bool
    /// Unix milliseconds, so below.
    public var created: UInt64
    public var updated: UInt64
    /// The store's revision that last wrote it.
    public var revision: UInt64

    public init(
        number: UInt64, name: DocumentName, displayName: Label = .empty, email: String = "", role: Role = .common,
        isEnabled: Bool = true, home: TenantID = .main, group: String = "default", newapiID: Int64 = 0, ragflowID: String = "",
        mustSetPassword: Bool = false, created: UInt64, updated: UInt64, revision: UInt64 = 0
    ) {
        self.number = number
        self.name = name
        self.displayName = displayName
        self.email = email
        self.role = role
        self.isEnabled = isEnabled
        self.home = home
        self.group = group
        self.newapiID = newapiID
        self.ragflowID = ragflowID
        self.mustSetPassword = mustSetPassword
        self.created = created
        self.updated = updated
        self.revision = revision
    }
}
