import Atomics
import CofferAccounts
import CofferStore
import CofferWire
import Dispatch
import Glibc
import Synchronization

/// The policies in force, and the changes to them.
///
/// They lie in the store. A change reaches every open connection before its commit is answered: the writer tells this service, which
/// replaces the snapshot and raises ``version``; loops compare that number before each batch of requests.
final class PolicyService: CommitListener {
    private let store: Store
    private let accounts: Accounts
    private let administrators: Set<UInt32>
    private let current: Mutex<PolicySnapshot>
    private let counter = ManagedAtomic<UInt64>(1)
    private let queue = DispatchQueue(label: "coffer.policies")
    /// Held while policies are read: on the writer's thread, where commits and locking are told, or by ``readAgain()``.
    private let turn = Mutex(())
    /// Used by whoever has the turn.
    private nonisolated(unsafe) var reader: StoreReader?
    private let failed = ManagedAtomic<Bool>(false)

    /// - Parameter accounts: told of commits before this service, so that rules find the tenants they name.
    init(store: Store, accounts: Accounts) {
        self.store = store
        self.accounts = accounts
        administrators = [0, geteuid()]
        current = Mutex(PolicySnapshot(policies: [], revision: 0, administrators: [0, geteuid()]))
    }

    /// Grows with each change of the policies; one atomic load.
    var version: UInt64 { counter.load(ordering: .acquiring) }
    var snapshot: PolicySnapshot { current.withLock { $0 } }

    func isAdministrator(_ uid: UInt32) -> Bool { administrators.contains(uid) }

    // MARK: Following the store

    func committed(_ changes: [Change]) {
        if changes.contains(where: { $0.table == .policies }) { return turn.withLock { _ in reload() } }
        // Connections look their tenant up again.
        if changes.contains(where: { $0.table == .tenants }) { counter.wrappingIncrement(ordering: .acquiringAndReleasing) }
    }

    func lockChanged(locked: Bool) {
        turn.withLock { _ in
            if locked {
                reader = nil
                failed.store(false, ordering: .relaxed)
                replace(PolicySnapshot(policies: [], revision: 0, administrators: administrators))
            } else {
                reload()
            }
        }
    }

    /// Whether the policies of an open store could not be read: until they are, nobody but administrators has rights.
    var hasFailed: Bool { failed.load(ordering: .relaxed) }

    /// Reads them again, and lets connections look their tenants up again. Blocks for the disk.
    func readAgain() { turn.withLock { _ in reload() } }

    /// A policy that cannot be read gives no rights; the others stay in force.
    private func reload() {
        var policies: [StoredPolicy] = []
        var newest: UInt64 = 0
        var hasFailed = false
        do throws(StoreError) {
            if reader == nil { reader = try store.makeReader(indexed: false) }
            guard let reader else { return }
            try reader.begin()
            defer { reader.end() }
            for document in try reader.documents(.policies) {
                newest = max(newest, document.revision)
                if let policy = try? StoredPolicy(decoding: Array(document.bytes.bytes)) { policies.append(policy) }
            }
        } catch {
            policies = []
            reader = nil
            hasFailed = error.code != .locked
        }
        failed.store(hasFailed, ordering: .relaxed)
        replace(PolicySnapshot(policies: policies, revision: newest, administrators: administrators))
    }

    private func replace(_ snapshot: PolicySnapshot) {
        current.withLock { $0 = snapshot }
        counter.wrappingIncrement(ordering: .acquiringAndReleasing)
    }

    /// Before the store closes: the reader must be gone.
    func stop() { turn.withLock { _ in reader = nil } }

    // MARK: Changing

    typealias Completion<T> = @Sendable (Result<T, Failure>) -> Void

    /// Replaces the policies that the source names, all or none. Parses on a queue of its own: neither a loop nor the list worker waits for it.
    func apply(_ caller: Caller, source: [UInt8], dryRun: Bool, completion: @escaping Completion<PolicyApplyResponse>) {
        // Who may put no policy at all is not told what is wrong with one.
        guard caller.rights.allowsAny(.policy, .put) else { return completion(.failure(.denied)) }
        queue.async { [self] in
            do throws(Failure) {
                let parsed = try parse(source)
                for policy in parsed { try caller.require(.policy, .put, policy.name) }
                var mutations: [Mutation] = []
                var report: [String] = []
                for policy in parsed {
                    let name = try Self.documentName(policy.name)
                    mutations.append(.putDocument(.policies, name, SecretBuffer(policy.stored.encode()), expected: .any))
                    let rules = policy.rules.count
                    report.append("policy '\(name.description)': \(rules) \(rules == 1 ? "rule" : "rules")")
                    report += policy.report.map { String("policy '\(name.description)': \($0)".prefix(2_000)) }
                }
                let lines = report
                store.submit(Batch(principal: caller.selector, dryRun: dryRun, mutations: mutations)) { result in
                    completion(result.map { PolicyApplyResponse(revision: $0.revision, report: lines) }.mapError { Failure($0) })
                }
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func parse(_ source: [UInt8]) throws(Failure) -> [ParsedPolicy] {
        switch PolicySource.parse(source, directory: SystemAccounts(), tenant: { [accounts] in accounts.tenants.find(name: Array($0.utf8))?.number }) {
        case .success(let policies): return policies
        case .failure(let errors):
            throw Failure(.invalidArgument, String(decoding: errors.description.utf8.prefix(Limits.message - 4), as: UTF8.self))
        }
    }

    func delete(_ caller: Caller, name: [UInt8], completion: @escaping Completion<ChangeResponse>) throws(Failure) {
        try caller.require(.policy, .delete, name)
        let checked = try Self.documentName(name)
        store.submit(Batch(principal: caller.selector, mutations: [.deleteDocument(.policies, checked, expected: .any)])) { result in
            completion(result.map { ChangeResponse(revision: $0.revision) }.mapError { error in
                let failure = Failure(error)
                return failure.code == .notFound && !caller.allows(.policy, .info, name) ? .denied : failure
            })
        }
    }

    // MARK: Asking

    func show(_ caller: Caller, name: [UInt8]) throws(Failure) -> PolicyShowResponse {
        try caller.require(.policy, .info, name)
        let checked = try Self.documentName(name)
        guard let policy = snapshot.policies.first(where: { $0.name == checked.bytes }) else {
            throw Failure(.notFound, "there is no policy '\(checked.description)'")
        }
        return PolicyShowResponse(revision: snapshot.revision, source: policy.source)
    }

    func list(_ caller: Caller) -> [String] {
        snapshot.policies.map(\.name).filter { caller.allows(.policy, .info, $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// - Parameter principal: the caller itself, for a question without selectors.
    func explain(_ caller: Caller, principal: Principal, _ request: ExplainRequest) throws(Failure) -> ExplainResponse {
        if !request.selectors.isEmpty { try caller.require(.policy, .info) }
        guard let noun = Noun(rawValue: request.noun) else {
            throw Failure(.invalidArgument, "unknown noun; it may be \(Noun.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard let action = noun.actions.first(where: { $0.rawValue == request.action }) else {
            throw Failure(.invalidArgument, "'\(noun.rawValue)' has no such action; it has \(noun.actions.map(\.rawValue).joined(separator: ", "))")
        }
        if noun == .secret {
            do throws(NameError) { _ = try Name(request.name) } catch { throw Failure(.invalidName, error.rawValue) }
        }
        guard let own = caller.tenant else { throw .denied }
        // As requests are judged: all but these nouns lie in no tenant, and rules about them name the one that every store has.
        let tenant = [.secret, .apikey, .user, .credential, .pool, .schedule, .sink].contains(noun) ? own : .main
        let explanation: Explanation
        if request.selectors.isEmpty {
            explanation = snapshot.explain(principal, noun, action, tenant: tenant, name: request.name)
        } else {
            do throws(SelectorError) {
                explanation = try snapshot.explain(selectors: request.selectors, noun, action, tenant: tenant, name: request.name)
            } catch {
                throw Failure(.invalidArgument, "\(error)")
            }
        }
        return ExplainResponse(
            allowed: explanation.allowed, policy: explanation.policy ?? "", rule: UInt32(explanation.rule ?? 0), notes: explanation.notes)
    }

    // MARK: Small questions

    private static func documentName(_ bytes: [UInt8]) throws(Failure) -> DocumentName {
        do throws(NameError) { return try DocumentName(bytes) } catch { throw Failure(.invalidName, error.rawValue) }
    }
}
