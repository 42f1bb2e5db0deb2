import CofferStore
import Synchronization

/// All rules in force; replaced as a whole. Immutable and shared between threads.
public final class PolicySnapshot: Sendable {
    /// In order of their names; within one policy rules count from 1.
    let policies: [StoredPolicy]
    /// The store revision of the newest policy in it.
    public let revision: UInt64
    let administrators: Set<UInt32>
    let files: any FileFacts

    /// Which rules make a class, by their place among all rules.
    private struct ClassKey: Hashable, Sendable {
        var isAdministrator: Bool
        var checksSender: Bool
        var rules: [UInt32]
    }

    /// Asked at accept and when a snapshot is new, never for a request. At most ``maximumClasses`` are kept.
    private let classes = Mutex<[ClassKey: PrincipalClass]>([:])
    /// Callers with ever new roles or groups must not fill the memory.
    private static let maximumClasses = 1024

    /// Nothing is allowed to anybody but administrators.
    public convenience init() { self.init(policies: [], revision: 0) }

    /// - Parameter administrators: root and the daemon's own uid; `(uid_t)-1` is taken out, it stands for "unknown".
    public init(
        policies: [StoredPolicy], revision: UInt64, administrators: Set<UInt32> = [0], files: any FileFacts = SystemFiles()
    ) {
        self.policies = policies.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        self.revision = revision
        self.administrators = administrators.subtracting([Principal.unknownID])
        self.files = files
    }

    /// The class of this principal: the rules whose `who` holds for it. Principals with the same rules share one class.
    /// Reads the file system where a rule names an executable.
    public func principalClass(for principal: Principal) -> PrincipalClass {
        if principal.administers || administrators.contains(principal.uid) {
            return shared(ClassKey(isAdministrator: true, checksSender: false, rules: []), rules: [])
        }
        var key = ClassKey(isAdministrator: false, checksSender: false, rules: [])
        var matching: [ResolvedRule] = []
        var index: UInt32 = 0
        for policy in policies {
            for rule in policy.rules {
                let verdict = WhoVerdict(rule.who, principal, files: files)
                if verdict.holds {
                    key.rules.append(index)
                    matching.append(rule)
                    if verdict.usesExecutable { key.checksSender = true }
                }
                index += 1
            }
        }
        return shared(key, rules: matching)
    }

    private func shared(_ key: ClassKey, rules: [ResolvedRule]) -> PrincipalClass {
        if let found = classes.withLock({ $0[key] }) { return found }
        // Compiled outside the lock; when two do so at once, the first to be done is everybody's.
        let new = PrincipalClass(rules: rules, isAdministrator: key.isAdministrator, checksSender: key.checksSender)
        return classes.withLock { classes in
            if let found = classes[key] { return found }
            if classes.count < Self.maximumClasses { classes[key] = new }
            return new
        }
    }
}
