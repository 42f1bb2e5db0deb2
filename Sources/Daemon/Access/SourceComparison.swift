import CofferStore
import Synchronization

/// Compiles a stored policy's text once more and compares the rules.
///
/// Names of accounts, groups and tenants had numbers when the policy was applied, perhaps on another machine, and a tenant may have another
/// name by now. So the text is compiled with numbers of our own in their places, and one name must have had one number throughout.
struct SourceComparison {
    private var accounts: [UInt32: UInt32] = [:]
    private var groups: [UInt32: UInt32] = [:]
    private var tenants: [TenantID: TenantID] = [:]

    static func agrees(_ policy: StoredPolicy) -> Bool {
        let stand = StandIns(avoiding: policy.rules)
        guard
            case .success(let parsed) = PolicySource.parse(
                policy.source, directory: stand, machine: MachineFacts(hasSystemSlice: true, files: NoFiles()), tenant: { $0 == "main" ? TenantID.main : stand.tenant($0) }),
            parsed.count == 1, let compiled = parsed.first, compiled.name == policy.name, compiled.rules.count == policy.rules.count
        else { return false }
        var comparison = SourceComparison()
        return zip(compiled.rules, policy.rules).allSatisfy { comparison.agrees($0, $1, stand) }
    }

    private mutating func agrees(_ text: ResolvedRule, _ rule: ResolvedRule, _ stand: StandIns) -> Bool {
        guard text.noun == rule.noun, text.actions == rule.actions, text.names == rule.names, text.who.count == rule.who.count else { return false }
        if text.tenant == .main || rule.tenant == .main {
            guard text.tenant == rule.tenant else { return false }
        } else if tenants.updateValue(rule.tenant, forKey: text.tenant) ?? rule.tenant != rule.tenant {
            return false
        }
        for (left, right) in zip(text.who, rule.who) {
            guard left.count == right.count else { return false }
            for (selector, stored) in zip(left, right) where !agrees(selector, stored, stand) { return false }
        }
        return true
    }

    private mutating func agrees(_ selector: ResolvedSelector, _ stored: ResolvedSelector, _ stand: StandIns) -> Bool {
        switch (selector, stored) {
        case (.uid(let id), .uid(let number)) where stand.stands(id):
            return accounts.updateValue(number, forKey: id) ?? number == number
        case (.gid(let id), .gid(let number)) where stand.stands(id):
            return groups.updateValue(number, forKey: id) ?? number == number
        default: return selector == stored
        }
    }
}

/// What this machine has is no matter here, and nobody makes us look at a path of his choice.
private struct NoFiles: FileFacts {
    func executable(at path: String) -> Principal.Executable? { nil }
    func distrust(ofPath path: String) -> String? { nil }
}

/// Numbers that stand for names: none that one of the rules has.
private final class StandIns: AccountDirectory {
    private struct State {
        var numbers: [String: UInt32] = [:]
        var given: Set<UInt32> = []
        var tenants: [String: TenantID] = [:]
        // Nobody can write a number into the text that is going to stand for a name.
        var nextNumber = UInt32.random(in: (1 << 31)..<(UInt32.max - 1))
        var nextTenant = TenantID.random(in: (1 << 63)...(.max))
    }

    private let numbersOfRules: Set<UInt32>
    private let tenantsOfRules: Set<TenantID>
    private let state = Mutex(State())

    init(avoiding rules: [ResolvedRule]) {
        numbersOfRules = Set(rules.flatMap { $0.who.flatMap { $0 } }.compactMap { selector in
            switch selector {
            case .uid(let number), .gid(let number): number
            default: nil
            }
        })
        tenantsOfRules = Set(rules.map(\.tenant))
    }

    func account(named name: String) -> UInt32? { number("account:\(name)") }
    func group(named name: String) -> UInt32? { number("group:\(name)") }
    func groups(ofAccount uid: UInt32) -> AccountGroups? { nil }

    /// Whether this number is one of ours.
    func stands(_ number: UInt32) -> Bool { state.withLock { $0.given.contains(number) } }

    private func number(_ name: String) -> UInt32 {
        state.withLock { state in
            if let number = state.numbers[name] { return number }
            while numbersOfRules.contains(state.nextNumber) { state.nextNumber -= 1 }
            defer { state.nextNumber -= 1 }
            state.numbers[name] = state.nextNumber
            state.given.insert(state.nextNumber)
            return state.nextNumber
        }
    }

    func tenant(_ name: String) -> TenantID {
        state.withLock { state in
            if let tenant = state.tenants[name] { return tenant }
            while tenantsOfRules.contains(state.nextTenant) { state.nextTenant -= 1 }
            defer { state.nextTenant -= 1 }
            state.tenants[name] = state.nextTenant
            return state.nextTenant
        }
    }
}
