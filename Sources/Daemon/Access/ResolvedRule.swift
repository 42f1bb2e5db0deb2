import CofferStore

/// One rule of a stored policy: who may do what with which names. Rules only allow (formats.md 13).
public struct ResolvedRule: Hashable, Sendable {
    /// Alternatives; of each, all selectors must hold.
    public var who: [[ResolvedSelector]]
    public var tenant: TenantID
    public var noun: Noun
    /// Sorted by code, each once.
    public var actions: [Action]
    /// Empty only for nouns that have no names: then the rule is about the one thing there is.
    public var names: [Glob]

    public init(who: [[ResolvedSelector]], tenant: TenantID, noun: Noun, actions: [Action], names: [Glob]) {
        self.who = who
        self.tenant = tenant
        self.noun = noun
        self.actions = Set(actions).sorted { $0.code < $1.code }
        self.names = names
    }

    /// Whether the rule is about this, whoever asks: for `explain`; requests ask ``PrincipalClass``.
    func covers(_ noun: Noun, _ action: Action, _ tenant: TenantID, _ name: [UInt8]) -> Bool {
        guard noun == self.noun, tenant == self.tenant, actions.contains(action) else { return false }
        return names.isEmpty ? name.isEmpty : names.contains { $0.matches(name) }
    }
}
