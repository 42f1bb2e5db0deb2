import CofferStore

// Memory follows the store. On the thread that has the reader's turn: a load, or the writer's thread behind a commit.
extension APIKeyService {
    /// Budgets of one batch.
    static let batchSize = 1_000

    /// Reads all keys and budgets. A key that cannot be read is not known: the others stay in force.
    func load(reader: StoreReader) throws(StoreError) {
        let carried = takeCarried()
        registry.clear()
        reservations.clear()
        spending.clear()
        set(hasher: try context.store.tokenHasher())
        var entries: [APIKeyEntry] = []
        try reader.forEachDocument(.apiKeys) { (_, bytes, revision) throws(StoreError) in
            if let record = try? APIKeyRecord(decoding: bytes, revision: revision) { entries.append(entry(record)) }
        }
        // The store gives them in the order of hashes; the registry's lists only grow at their end when they come by number.
        for entry in entries.sorted(by: { $0.number < $1.number }) { registry.put(entry, budget: nil) }
        entries = []
        var left: [DocumentName] = []
        try reader.forEachBudget { (name, budget) throws(StoreError) in
            switch BudgetOwner(name.bytes) {
            case .key(let number):
                registry.account(number)?.replace(budget)
                if budget.block > 0, carried[number]?.block != budget.block { left.append(name) }
            case .user(let number): registry.sharedOwner(number).set(wallet: budget)
            case nil: break
            }
        }
        for (number, carried) in carried { resume(number, carried) }
        for reservation in try reader.openReservations() {
            guard case .key(let number)? = BudgetOwner(reservation.budget.bytes) else { continue }
            reservations.add(number, reservation.requestID, expires: reservation.expires)
        }
        forfeit(left)
        registry.setOpen()
    }

    /// Blocks that nobody holds any more: of a daemon that died (formats.md 11). Submitted before any verify can ask for a new one.
    private func forfeit(_ names: [DocumentName]) {
        for start in stride(from: 0, to: names.count, by: Self.batchSize) {
            let part = names[start..<min(start + Self.batchSize, names.count)]
            submit(part.map { .budget(.forfeitBlock(budget: $0)) }) { _ in }
        }
    }

    func submit(
        _ mutations: [Mutation], by principal: String = principal, completion: @escaping @Sendable (Result<Receipt, StoreError>) -> Void
    ) {
        context.store.submit(Batch(principal: principal, mutations: mutations), completion: completion)
    }

    /// The store was locked, or cannot be read: no verify finds a key any more.
    func forget() {
        carry()
        registry.clear()
        reservations.clear()
        spending.clear()
        set(hasher: nil)
    }

    /// Follows a commit, before its answer is given.
    func committed(_ changes: [Change], reader: StoreReader) throws(StoreError) {
        guard registry.isOpen else { return }
        var keys: Set<UInt64> = []
        var budgets: Set<[UInt8]> = []
        var users: Set<UInt64> = []
        var tenants: Set<UInt64> = []
        for change in changes {
            switch change.table {
            case .apiKeys: keys.insert(try DocumentNames.number(change.name))
            case .budgets: budgets.insert(change.name)
            case .users: users.insert(try DocumentNames.number(change.name))
            case .tenants: tenants.insert(try DocumentNames.number(change.name))
            default: break
            }
        }
        if !keys.isEmpty { try follow(keys: keys, reader: reader) }
        for name in budgets { try follow(budget: name, reader: reader) }
        for user in users { rebuild(registry.numbers(owner: user), owner: user) }
        for tenant in tenants { rebuild(registry.numbers(tenant: tenant), owner: nil) }
    }

    private func follow(keys: Set<UInt64>, reader: StoreReader) throws(StoreError) {
        var gone: Set<UInt64> = []
        for number in keys.sorted() {
            guard let name = try? DocumentName.number(number), let found = try reader.documentWithRevision(.apiKeys, name),
                let record = try? APIKeyRecord(decoding: found.bytes, revision: found.revision), record.key.number == number
            else {
                gone.insert(number)
                continue
            }
            var budget: Budget?
            if registry.account(number) == nil, let name = try? DocumentName.budget(number) { budget = try reader.budget(name) }
            registry.put(entry(record), budget: budget)
        }
        registry.remove(gone)
    }

    private func follow(budget name: [UInt8], reader: StoreReader) throws(StoreError) {
        guard let owner = BudgetOwner(name), let checked = try? DocumentName(name) else { return }
        let budget = try reader.budget(checked)
        switch owner {
        case .key(let number): if let budget { registry.account(number)?.replace(budget) }
        case .user(let number): registry.sharedOwner(number).set(wallet: budget)
        }
    }

    /// Names and switches of user or tenant are part of the entries.
    private func rebuild(_ numbers: [UInt64], owner: UInt64?) {
        if let owner { registry.owner(owner)?.set(isEnabled: context.directory.user(owner)?.isEnabled == true) }
        for number in numbers {
            guard let old = registry.account(number)?.current else { continue }
            registry.put(entry(old.record), budget: nil)
        }
    }

    /// What verdicts need, put together once.
    func entry(_ record: APIKeyRecord) -> APIKeyEntry {
        let key = record.key
        var ownerName: [UInt8] = []
        var owner: KeyOwner?
        if key.owner != 0 {
            let user = context.directory.user(key.owner)
            ownerName = user?.name.bytes ?? []
            let shared = registry.sharedOwner(key.owner)
            shared.set(isEnabled: user?.isEnabled == true)
            owner = shared
        }
        let groupExists = key.group.isEmpty || context.options.groups?.contains(key.group) != false
        return APIKeyEntry(
            record, tenant: context.directory.tenant(key.tenant), ownerName: ownerName,
            group: registry.sharedGroup(key.group), user: owner, groupExists: groupExists,
            clock: registry.clock(timeZone: key.windows.timeZone))
    }
}

/// Whose budget a name is: `k/NUMBER` an API key's, `u/NUMBER` a user's wallet.
enum BudgetOwner: Equatable {
    case key(UInt64)
    case user(UInt64)

    init?(_ name: [UInt8]) {
        guard name.count > 2, name[1] == UInt8(ascii: "/"), let number = try? DocumentNames.number(name[2...]) else { return nil }
        switch name[0] {
        case UInt8(ascii: "k"): self = .key(number)
        case UInt8(ascii: "u"): self = .user(number)
        default: return nil
        }
    }
}
