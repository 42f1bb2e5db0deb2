import CofferStore

/// An access token as memory keeps it.
struct StoredToken: Sendable {
    var token: AccessToken
    var hash: TokenHash
    /// What its document says of `lastUsed`; memory runs ahead of it.
    var writtenLastUsed: UInt64
}

/// The names of a membership's document and of its place in memory.
struct MembershipKey: Hashable, Sendable {
    var tenant: TenantID
    var user: UInt64
}

/// A field of a door.
struct DoorKey: Hashable, Sendable {
    var door: String
    var field: String
}

/// What memory keeps of a door's field: never a secret.
struct DoorState: Sendable {
    /// Unix milliseconds.
    var changed: UInt64
    /// `nil`: secret, read from the store when it is asked for.
    var value: [UInt8]?
}
