import CofferStore

/// What somebody asks for: a live token of a credential or of a pool.
public struct TokenRequest: Sendable {
    public var tenant: TenantID
    /// The bytes of the credential's or the pool's name.
    public var name: [UInt8]
    public var isPool: Bool
    /// `access`, `share`, `session`, …
    public var kind: String
    /// Milliseconds that the token must live at least.
    public var minimumLeft: UInt64
    /// Only of a pool.
    public var lease: LeaseWish

    public init(
        tenant: TenantID, name: [UInt8], isPool: Bool = false, kind: String = "access", minimumLeft: UInt64 = 0,
        lease: LeaseWish = LeaseWish()
    ) {
        self.tenant = tenant
        self.name = name
        self.isPool = isPool
        self.kind = kind
        self.minimumLeft = minimumLeft
        self.lease = lease
    }
}

extension TokenRequest {
    /// Whether tokens of this kind are made to be handed out: whoever may have a token may have these. All others are part of a login.
    public static func isHandedOut(_ kind: String, ofPool isPool: Bool) -> Bool {
        kind == "access" || kind == "share" || (isPool && kind == Pool.ownKind)
    }
}

/// What the asker of a pool wishes of its lease.
public struct LeaseWish: Equatable, Sendable {
    /// Who asks with the same key gets the same member while that lives; 0 to 128 bytes, empty: any member.
    public var sticky: [UInt8] = []

    public init(sticky: [UInt8] = []) { self.sticky = sticky }
}

/// A token that lives, with what its asker needs to know.
public struct LiveToken: Sendable {
    public var value: SecretBuffer
    public var kind: String
    /// Unix milliseconds; 0: unknown.
    public var expires: UInt64
    /// Number of the credential that it is of; 0: it is a pool's own.
    public var credential: UInt64
    /// Name of the credential, or of the pool whose own it is.
    public var name: DocumentName
    /// The revision that wrote the token: what is compared to see whether it changed.
    public var revision: UInt64
    /// 16 bytes; empty without a pool.
    public var lease: [UInt8]

    public init(
        value: SecretBuffer, kind: String, expires: UInt64, credential: UInt64, name: DocumentName, revision: UInt64, lease: [UInt8] = []
    ) {
        self.value = value
        self.kind = kind
        self.expires = expires
        self.credential = credential
        self.name = name
        self.revision = revision
        self.lease = lease
    }
}
