import CofferStore

// The vocabulary of access: what doors and services ask, and what answers them. (Skeleton: each type moves to a file of its own.)

/// What a rule can be about (decisions 2).
public enum Noun: String, Sendable, CaseIterable {
    case secret, policy, store, audit, backup
}

/// What may be done; each noun has its own actions.
public enum Action: String, Sendable, CaseIterable {
    // secret
    case get, info, list, put, activate, delete, destroy
    // policy: info, put, delete; store: info, unlock, slots, …
    case administer
}

/// Who is calling, as captured once at accept (formats.md 14). A fact that cannot be had is nil and matches no rule.
public struct Principal: Sendable {
    public var uid: UInt32
    public var gid: UInt32
    public var groups: [UInt32]
    public var pid: Int32
    public var unit: String?
    public var executable: String?
    /// As selectors, most specific last: `uid:1001`, `gid:100`, `group:100`, `unit:…`, `exe:…`, `door:socket`.
    public var selectors: [String] { [] }
}

/// Captures the peer of an accepted socket; owns the pidfd.
public final class PeerIdentity: @unchecked Sendable {
    public let principal: Principal
    init(principal: Principal) { self.principal = principal }
    public init(acceptedSocket fd: Int32) throws { principal = Principal(uid: 0, gid: 0, groups: [], pid: 0, unit: nil, executable: nil) }
}

/// All rules in force, compiled; replaced as a whole. Immutable and shared between threads.
public final class PolicySnapshot: @unchecked Sendable {
    public init() {}
    /// The store revision of the newest policy in it.
    public var revision: UInt64 { 0 }
    /// The class of this principal: the rules whose `who` matches it. Principals with the same rules share one class.
    public func principalClass(for principal: Principal) -> PrincipalClass { PrincipalClass() }
}

/// The rules that apply to some principals, one segment trie for each noun and action. Asking allocates nothing.
public final class PrincipalClass: @unchecked Sendable {
    init() {}
    /// root and the daemon's own uid.
    public var isAdministrator: Bool { false }
    /// A rule about executables could match: the sender of each message must be the opener (formats.md 14).
    public var checksSender: Bool { false }
    public func allows(_ noun: Noun, _ action: Action, tenant: TenantID, name: UnsafeRawBufferPointer) -> Bool { false }
}
