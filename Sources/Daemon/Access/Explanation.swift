import CofferStore

/// Why something is allowed or not, for people (`coffer explain`).
public struct Explanation: Hashable, Sendable {
    public var allowed: Bool
    /// The policy that decided; nil when none did: denied, or allowed to an administrator.
    public var policy: String?
    /// The deciding rule within it, from 1.
    public var rule: Int?
    /// Facts that are unknown here and other remarks, each once.
    public var notes: [String]

    public init(allowed: Bool, policy: String? = nil, rule: Int? = nil, notes: [String] = []) {
        self.allowed = allowed
        self.policy = policy
        self.rule = rule
        self.notes = notes
    }
}

extension PolicySnapshot {
    /// Judges like ``PrincipalClass/allows(_:_:tenant:name:)``, rule by rule, and says which one decided: the first.
    public func explain(
        _ principal: Principal, _ noun: Noun, _ action: Action, tenant: TenantID, name: [UInt8]
    ) -> Explanation {
        guard noun.actions.contains(action) else {
            let known = noun.actions.map(\.rawValue).joined(separator: ", ")
            return Explanation(allowed: false, notes: ["'\(noun.rawValue)' has no action '\(action.rawValue)'; it has \(known)"])
        }
        if administrators.contains(principal.uid) {
            return Explanation(allowed: true, notes: ["uid \(principal.uid) is an administrator: no rule is asked"])
        }
        var notes: [String] = []
        var covered = false
        for policy in policies {
            let policyName = String(decoding: policy.name, as: UTF8.self)
            for (index, rule) in policy.rules.enumerated() where rule.covers(noun, action, tenant, name) {
                covered = true
                let verdict = WhoVerdict(rule.who, principal, files: files)
                if verdict.holds { return Explanation(allowed: true, policy: policyName, rule: index + 1, notes: notes) }
                for reason in verdict.unknown {
                    let note = "\(reason) (policy \(policyName), rule \(index + 1))"
                    if !notes.contains(note) { notes.append(note) }
                }
            }
        }
        notes.append(covered ? "rules cover this, but none is for this caller" : "no rule covers this")
        return Explanation(allowed: false, notes: notes)
    }

    /// For `explain --as`: the caller is described by selectors.
    /// - Throws: ``SelectorError``.
    public func explain(
        selectors: [String], _ noun: Noun, _ action: Action, tenant: TenantID, name: [UInt8],
        directory: any AccountDirectory = SystemAccounts()
    ) throws(SelectorError) -> Explanation {
        let principal = try Principal(selectors: selectors, directory: directory, files: files)
        return explain(principal, noun, action, tenant: tenant, name: name)
    }
}
