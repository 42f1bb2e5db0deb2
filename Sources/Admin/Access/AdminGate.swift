import CofferClient

/// Who calls, as policies and the audit log are told: somebody whom this API has authenticated.
public struct AdminIdentity: Hashable, Sendable {
    /// The user's name.
    public var login: String
    /// `common`, `admin` or `root`.
    public var role: String
    /// A user of role root administers, as uid 0 does on the socket.
    public var administers: Bool
    /// The name of the personal access token; `nil`: a session, or a token without a name.
    public var token: String?
    /// The client's address, as text.
    public var address: String
    /// Name of the tenant that the calls are about.
    public var tenant: String
}

/// The way to the daemon's services: what a caller may do is decided behind it, exactly as on the socket.
public protocol AdminGate: Sendable {
    /// Connects somebody to the native protocol.
    /// - Returns: a connected stream socket that does not block; the caller's.
    func connect(as caller: AdminIdentity) throws(ClientError) -> Int32
}
