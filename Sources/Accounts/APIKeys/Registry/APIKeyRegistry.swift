import CofferStore
import Synchronization

/// All API keys in memory, behind one lock that verify takes only for a key that it has not seen before.
///
/// It is what the store holds: only loading and the store's commits write it.
final class APIKeyRegistry: Sendable {
    struct Maps {
        var accounts: [UInt64: APIKeyAccount] = [:]
        /// By ``KeyDigest/slot``; the whole digest is compared with the entry's.
        var hashes: [UInt64: APIKeyLookup.Target] = [:]
        /// Ascending, so below.
        var numbers: [UInt64] = []
        var ofOwner: [UInt64: [UInt64]] = [:]
        var ofTenant: [TenantID: [UInt64]] = [:]
        var newapiIDs: [Int64: UInt64] = [:]
        var owners: [UInt64: KeyOwner] = [:]
        var clocks: [String: PeriodClock] = [:]
        /// Group names as verdicts carry them, one array for all keys of a group.
        var groups: [String: [UInt8]] = [:]
    }

    private static let lockCount = 64

    let lookup = APIKeyLookup()
    private let maps = Mutex(Maps())
    private let open = Atomic<Bool>(false)
    private let locks = (0..<lockCount).map { _ in ShardLock() }

    /// Whether the keys are there; false while the store is locked.
    @inline(__always)
    var isOpen: Bool { open.load(ordering: .acquiring) }

    func setOpen() { open.store(true, ordering: .releasing) }

    // MARK: Reading

    func account(_ number: UInt64) -> APIKeyAccount? { maps.withLock { $0.accounts[number] } }
    func account(newapiID: Int64) -> APIKeyAccount? {
        maps.withLock { maps in maps.newapiIDs[newapiID].flatMap { maps.accounts[$0] } }
    }
    func target(_ digest: KeyDigest) -> APIKeyLookup.Target? {
        guard let target = maps.withLock({ $0.hashes[digest.slot] }), let entry = target.account.current else { return nil }
        return (target.scope == .full ? entry.hash : entry.beta) == digest ? target : nil
    }
    /// Whether a new key cannot have this digest.
    func isTaken(_ digest: KeyDigest) -> Bool { maps.withLock { $0.hashes[digest.slot] != nil } }
    func owner(_ number: UInt64) -> KeyOwner? { maps.withLock { $0.owners[number] } }
    var accounts: [APIKeyAccount] { maps.withLock { Array($0.accounts.values) } }
    var count: Int { maps.withLock { $0.accounts.count } }

    func numbers(owner: UInt64) -> [UInt64] { maps.withLock { $0.ofOwner[owner] ?? [] } }
    func numbers(tenant: TenantID) -> [UInt64] { maps.withLock { $0.ofTenant[tenant] ?? [] } }

    /// The accounts that a list goes through, by number. The narrowest index is taken; the caller still looks at the rest.
    func accounts(owner: UInt64?, tenant: TenantID?) -> [APIKeyAccount] {
        maps.withLock { maps in
            let numbers = owner.map { maps.ofOwner[$0] ?? [] } ?? tenant.map { maps.ofTenant[$0] ?? [] } ?? maps.numbers
            return numbers.compactMap { maps.accounts[$0] }
        }
    }

    // MARK: What the store holds

    /// The owner's shared facts, made when they are first asked for.
    func sharedOwner(_ number: UInt64) -> KeyOwner {
        maps.withLock { maps in
            if let owner = maps.owners[number] { return owner }
            let owner = KeyOwner(number: number)
            maps.owners[number] = owner
            return owner
        }
    }

    func clock(timeZone: String) -> PeriodClock {
        if let known = maps.withLock({ $0.clocks[timeZone] }) { return known }
        let clock = PeriodClock(timeZone: timeZone)
        return maps.withLock { maps in
            if let known = maps.clocks[timeZone] { return known }
            maps.clocks[timeZone] = clock
            return clock
        }
    }

    func sharedGroup(_ group: String) -> [UInt8] {
        if group.isEmpty { return [] }
        return maps.withLock { maps in
            if let known = maps.groups[group] { return known }
            let bytes = Array(group.utf8)
            maps.groups[group] = bytes
            return bytes
        }
    }

    /// - Parameter budget: for a key that is new here; of a known one the budget follows its own changes.
    func put(_ entry: APIKeyEntry, budget: Budget?) {
        let number = entry.number
        let known = account(number)
        if let known {
            let before = known.current
            known.replace(entry)
            maps.withLock { Self.index(entry, known, replacing: before, in: &$0) }
        } else {
            let account = APIKeyAccount(
                number: number, lock: locks[Int(truncatingIfNeeded: number) & (Self.lockCount - 1)],
                budget: budget ?? Budget(unlimited: false, remaining: 0))
            account.entry = entry
            maps.withLock { maps in
                maps.accounts[number] = account
                Self.insert(number, into: &maps.numbers)
                Self.insert(number, into: &maps.ofOwner[entry.owner, default: []])
                Self.insert(number, into: &maps.ofTenant[entry.tenant, default: []])
                Self.index(entry, account, replacing: nil, in: &maps)
            }
        }
    }

    private static func index(_ entry: APIKeyEntry, _ account: APIKeyAccount, replacing old: APIKeyEntry?, in maps: inout Maps) {
        if let old {
            if old.hash != entry.hash { maps.hashes[old.hash.slot] = nil }
            if let beta = old.beta, beta != entry.beta { maps.hashes[beta.slot] = nil }
            if old.key.newapiID != entry.key.newapiID, maps.newapiIDs[old.key.newapiID] == account.number {
                maps.newapiIDs[old.key.newapiID] = nil
            }
        }
        maps.hashes[entry.hash.slot] = .init(account: account, scope: .full)
        if let beta = entry.beta { maps.hashes[beta.slot] = .init(account: account, scope: .embed) }
        if entry.key.newapiID != 0 { maps.newapiIDs[entry.key.newapiID] = account.number }
    }

    private static func insert(_ number: UInt64, into numbers: inout [UInt64]) {
        if let last = numbers.last, last >= number {
            let place = numbers.lowerBound(of: number)
            if numbers[place] != number { numbers.insert(number, at: place) }
        } else {
            numbers.append(number)
        }
    }

    /// When this returns no verify that begins finds the keys any more.
    func remove(_ removed: Set<UInt64>) {
        let gone = maps.withLock { maps in removed.compactMap { maps.accounts[$0] } }
        guard !gone.isEmpty else { return }
        let entries = gone.compactMap { account in account.current.map { (account, $0) } }
        for account in gone { lookup.remove(account.close()) }
        maps.withLock { maps in
            for (account, entry) in entries {
                maps.accounts[account.number] = nil
                maps.hashes[entry.hash.slot] = nil
                if let beta = entry.beta { maps.hashes[beta.slot] = nil }
                if maps.newapiIDs[entry.key.newapiID] == account.number { maps.newapiIDs[entry.key.newapiID] = nil }
            }
            maps.numbers.removeAll { removed.contains($0) }
            for owner in Set(entries.map(\.1.owner)) {
                maps.ofOwner[owner]?.removeAll { removed.contains($0) }
                if maps.ofOwner[owner]?.isEmpty == true { maps.ofOwner[owner] = nil }
            }
            for tenant in Set(entries.map(\.1.tenant)) {
                maps.ofTenant[tenant]?.removeAll { removed.contains($0) }
                if maps.ofTenant[tenant]?.isEmpty == true { maps.ofTenant[tenant] = nil }
            }
        }
    }

    /// The store was locked: nothing is known any more, and no verify that is under way finds an entry.
    func clear() {
        open.store(false, ordering: .releasing)
        let accounts = maps.withLock { maps in
            defer { maps = Maps() }
            return Array(maps.accounts.values)
        }
        for account in accounts { _ = account.close() }
        lookup.clear()
    }
}
