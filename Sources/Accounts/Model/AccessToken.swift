import CofferStore

/// What lets a user in without a password. The token itself is not kept, only its keyed hash.
public struct AccessToken: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// Of our own API.
        case personal = 1
        /// `GET /api/user/token`: one for each user.
        case newapiAccess = 2
        /// new-api's cookie.
        case newapiSession = 3
        case newapiRefresh = 4
        /// One for each user: the next login or logout ends it.
        case ragflowLogin = 5
        /// Cookie of our own page.
        case adminSession = 6
    }

    /// From 1, never reused.
    public var number: UInt64
    public var user: UInt64
    public var kind: Kind
    public var name: Label
    /// Unix milliseconds, so below.
    public var created: UInt64
    /// 0: never.
    public var expires: UInt64
    /// 0: not yet.
    public var lastUsed: UInt64

    public init(number: UInt64, user: UInt64, kind: Kind, name: Label, created: UInt64, expires: UInt64, lastUsed: UInt64 = 0) {
        self.number = number
        self.user = user
        self.kind = kind
        self.name = name
        self.created = created
        self.expires = expires
        self.lastUsed = lastUsed
    }

    public func isExpired(at now: UInt64) -> Bool { expires != 0 && expires <= now }
}

extension Set<AccessToken.Kind> {
    /// Those that a login made: a new password ends them.
    public static let sessions: Self = [.newapiSession, .newapiRefresh, .ragflowLogin, .adminSession]
}
