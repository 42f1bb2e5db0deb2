import CofferStore
import Synchronization

/// API keys that Coffer issues: making, changing, listing, and the verdicts on them (design.md 7).
///
/// Reads and verdicts come from memory, from any thread. Changes go through the change queue; what is spent through the store's commits.
public final class APIKeyService: Sendable {
    let context: AccountContext
    let registry = APIKeyRegistry()
    let reservations = ReservationTimes()
    let spending = SpendingList()
    /// The store's hash keys while it is unlocked.
    private let hashKeys = Mutex<TokenHasher?>(nil)
    /// Between a lock and the next unlocking.
    private let carried = Mutex<[UInt64: CarriedSpending]>([:])

    /// Whose name stands with what the daemon does by itself.
    static let principal = "daemon"

    init(context: AccountContext) { self.context = context }

    var hasher: TokenHasher? { hashKeys.withLock { $0 } }
    func set(hasher: TokenHasher?) { hashKeys.withLock { $0 = hasher } }
    func set(carried: [UInt64: CarriedSpending]) { self.carried.withLock { $0 = carried } }
    func takeCarried() -> [UInt64: CarriedSpending] {
        carried.withLock { carried in
            defer { carried = [:] }
            return carried
        }
    }

    /// - Throws: `locked`.
    func requireOpen() throws(AccountError) {
        try context.directory.requireReady()
        guard registry.isOpen else { throw .isLocked }
    }

    // MARK: Asking

    /// `nil`: there is no such key, or the store is locked.
    public func find(_ number: UInt64) -> APIKeyView? { registry.account(number)?.view(at: context.now) }

    /// By the number that new-api's doors show.
    public func find(newapiID: Int64) -> APIKeyView? { registry.account(newapiID: newapiID)?.view(at: context.now) }

    /// By the key itself, as clients send it; `nil`: unknown.
    public func find(readable: UnsafeRawBufferPointer) -> APIKeyView? { target(of: readable)?.account.view(at: context.now) }

    public var count: Int { registry.count }

    /// What these bytes open. Allocates nothing for what was found before.
    @inline(__always)
    func target(of presented: UnsafeRawBufferPointer) -> APIKeyLookup.Target? {
        guard let presented = PresentedKey(presented) else { return nil }
        if let target = find(presented.key, .full) { return target }
        return presented.beta.isEmpty ? nil : find(presented.beta, .embed)
    }

    @inline(__always)
    private func find(_ bytes: UnsafeRawBufferPointer, _ scope: Verdict.Scope) -> APIKeyLookup.Target? {
        guard !bytes.isEmpty else { return nil }
        let print = registry.lookup.print(bytes, scope: scope)
        return registry.lookup.find(print) ?? findByHash(bytes, scope, print)
    }

    private func findByHash(_ bytes: UnsafeRawBufferPointer, _ scope: Verdict.Scope, _ print: APIKeyLookup.Print) -> APIKeyLookup.Target? {
        guard let hasher else { return nil }
        for hash in hasher.hashes(bytes, scope == .full ? .apiKey : .beta) {
            guard let target = registry.target(KeyDigest(hash)), target.scope == scope else { continue }
            registry.lookup.enter(print, target)
            return target
        }
        return nil
    }

    // MARK: For tenants and users

    /// The keys that a user owns, ascending.
    func numbers(owner: UInt64) -> [UInt64] { registry.numbers(owner: owner) }
    /// The keys of a tenant, ascending.
    func numbers(tenant: TenantID) -> [UInt64] { registry.numbers(tenant: tenant) }

    /// What deletes these keys with everything that belongs to them. On the change queue; unknown numbers are skipped.
    func mutationsDeleting(_ numbers: [UInt64]) throws(AccountError) -> [Mutation] {
        var mutations: [Mutation] = []
        for number in numbers {
            guard let entry = registry.account(number)?.current, let name = try? DocumentName.number(number),
                let budget = try? DocumentName.budget(number)
            else { continue }
            mutations.append(.deleteDocument(.apiKeys, name, expected: .any))
            if entry.hasForm { mutations.append(.deleteDocument(.apiKeyForms, name, expected: .any)) }
            if let beta = try betaForm(entry) { mutations.append(.deleteDocument(.apiKeyForms, beta, expected: .any)) }
            mutations.append(.budget(.remove(budget)))
        }
        return mutations
    }

    /// What takes the readable forms of a tenant's keys away; they stay valid. On the change queue.
    func mutationsForgettingForms(tenant: TenantID) throws(AccountError) -> [Mutation] {
        var mutations: [Mutation] = []
        for number in numbers(tenant: tenant) {
            guard let entry = registry.account(number)?.current, entry.hasForm || entry.beta != nil,
                let name = try? DocumentName.number(number)
            else { continue }
            var record = entry.record
            if entry.hasForm {
                record.hasForm = false
                mutations.append(.deleteDocument(.apiKeyForms, name, expected: .any))
            }
            // A beta that cannot be shown again would keep its key from ever getting one that can.
            record.beta = nil
            if let beta = try betaForm(entry) { mutations.append(.deleteDocument(.apiKeyForms, beta, expected: .any)) }
            mutations.append(.putDocument(.apiKeys, name, record.encoded(), expected: .any))
        }
        return mutations
    }

    /// The document of a key's readable beta, where there is one: an imported beta has none where the tenant kept no readable forms then.
    private func betaForm(_ entry: APIKeyEntry) throws(AccountError) -> DocumentName? {
        guard entry.beta != nil else { return nil }
        let name = try DocumentName.beta(entry.number)
        return try context.document(.apiKeyForms, name) == nil ? nil : name
    }
}

extension DocumentName {
    /// A key's budget.
    static func budget(_ number: UInt64) throws(AccountError) -> DocumentName { try checked("k/\(number)") }
    /// A key's beta among the readable forms.
    static func beta(_ number: UInt64) throws(AccountError) -> DocumentName { try checked("\(number)/beta") }
}
