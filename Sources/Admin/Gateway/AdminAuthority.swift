import CofferAccounts
import CofferStore

/// Who calls the admin API: a user, by one of their access tokens.
public struct AdminPrincipal: Sendable {
    public var user: User
    public var token: AccessToken

    public init(user: User, token: AccessToken) {
        self.user = user
        self.token = token
    }

    /// As policies and the audit spell it.
    public var selector: String { "login:\(user.name.description)" }
}

/// What the admin API asks before it does anything. Policy lives in the daemon; this door only knows the questions.
public enum AdminAction: Sendable {
    /// Of an API key.
    case verify, reserve, settle
    /// A live token of a credential, of a pool.
    case token, poolToken
    /// What came of a pool's token.
    case report
}

/// The rights of one principal at one moment.
public protocol AdminRights: Sendable {
    /// Whether the action is allowed on anything at all.
    func allowsAny(_ action: AdminAction) -> Bool
    /// - Parameter name: of the API key, credential or pool.
    func allows(_ action: AdminAction, tenant: TenantID, name: UnsafeRawBufferPointer) -> Bool
}

public protocol AdminAuthority: Sendable {
    func rights(of principal: AdminPrincipal) -> any AdminRights
}
