import CofferStore

/// The rules that apply to some principals, one segment trie for each noun, action and tenant. Immutable; asking
/// allocates nothing and takes no lock.
public final class PrincipalClass: Sendable {
    /// root and the daemon's own uid: everything is allowed.
    public let isAdministrator: Bool
    /// A rule about executables matched: the sender of each message must be the opener (formats.md 14).
    public let checksSender: Bool
    private let rules: CompiledRules

    /// A class to which nothing is allowed.
    convenience init() { self.init(rules: [], isAdministrator: false, checksSender: false) }

    init(rules: [ResolvedRule], isAdministrator: Bool, checksSender: Bool) {
        self.isAdministrator = isAdministrator
        self.checksSender = checksSender
        self.rules = CompiledRules(rules)
    }

    /// Whether the action is allowed on anything at all.
    public func allowsAny(_ noun: Noun, _ action: Action) -> Bool { isAdministrator || rules.mentions(noun, action) }

    /// - Parameter name: a checked name; empty for nouns that have none.
    public func allows(_ noun: Noun, _ action: Action, tenant: TenantID, name: UnsafeRawBufferPointer) -> Bool {
        isAdministrator || rules.allows(noun, action, tenant: tenant, name: name)
    }
}
