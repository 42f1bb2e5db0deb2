import CofferStore

/// What memory holds of one store, with its look-up maps. A value: whoever changes it holds the directory's lock.
struct DirectoryState: Sendable {
    enum Phase: Sendable, Equatable {
        case locked
        case ready
        /// The store is unlocked, but what it holds could not be read: nobody is let in.
        case failed(StoreError)
    }

    var phase = Phase.locked
    var hasher: TokenHasher?

    private(set) var tenants: [TenantID: Tenant] = [:]
    private(set) var tenantNames: [[UInt8]: TenantID] = [:]

    private(set) var users: [UInt64: User] = [:]
    /// Ascending: lists go through it.
    private(set) var userNumbers: [UInt64] = []
    private(set) var userNames: [[UInt8]: UInt64] = [:]
    /// By folded address.
    private(set) var userEmails: [[UInt8]: UInt64] = [:]
    private(set) var newapiIDs: [Int64: UInt64] = [:]
    private(set) var ragflowIDs: [String: UInt64] = [:]

    private(set) var memberships: [MembershipKey: Membership] = [:]
    private(set) var membersOfTenant: [TenantID: Set<UInt64>] = [:]
    private(set) var tenantsOfUser: [UInt64: Set<TenantID>] = [:]

    private(set) var tokens: [UInt64: StoredToken] = [:]
    private(set) var tokenHashes: [TokenHash: UInt64] = [:]
    private(set) var tokensOfUser: [UInt64: Set<UInt64>] = [:]
    /// Tokens that were used since their documents were written.
    var touched: Set<UInt64> = []
    /// No session ends before; 0: look again.
    var nextSessionEnd = UInt64.max

    var sequences: [Sequences: UInt64] = [:]
    var doors: [DoorKey: DoorState] = [:]

    // MARK: Applying what the store holds

    mutating func apply(_ event: DirectoryEvent) {
        switch event {
        case .tenant(let number, let tenant): set(tenant: number, tenant)
        case .user(let number, let user): set(user: number, user)
        case .membership(let key, let membership): set(membership: key, membership)
        case .token(let number, let token): set(token: number, token)
        case .sequence(let sequence, let last): sequences[sequence] = last
        case .door(let key, let state): doors[key] = state
        }
    }

    private mutating func set(tenant number: TenantID, _ tenant: Tenant?) {
        // Another tenant may have taken the old name already: only what is still ours goes.
        if let old = tenants[number], tenantNames[old.name.bytes] == number { tenantNames[old.name.bytes] = nil }
        tenants[number] = tenant
        if let tenant { tenantNames[tenant.name.bytes] = number }
    }

    private mutating func set(user number: UInt64, _ user: User?) {
        if let old = users[number] {
            let email = NameRules.folded(old.email.utf8)
            if userNames[old.name.bytes] == number { userNames[old.name.bytes] = nil }
            if userEmails[email] == number { userEmails[email] = nil }
            if newapiIDs[old.newapiID] == number { newapiIDs[old.newapiID] = nil }
            if ragflowIDs[old.ragflowID] == number { ragflowIDs[old.ragflowID] = nil }
        }
        let place = userNumbers.lowerBound(of: number)
        let isListed = place < userNumbers.count && userNumbers[place] == number
        users[number] = user
        guard let user else {
            if isListed { userNumbers.remove(at: place) }
            return
        }
        if !isListed { userNumbers.insert(number, at: place) }
        userNames[user.name.bytes] = number
        if !user.email.isEmpty { userEmails[NameRules.folded(user.email.utf8)] = number }
        if user.newapiID != 0 { newapiIDs[user.newapiID] = number }
        if !user.ragflowID.isEmpty { ragflowIDs[user.ragflowID] = number }
    }

    private mutating func set(membership key: MembershipKey, _ membership: Membership?) {
        memberships[key] = membership
        if membership != nil {
            membersOfTenant[key.tenant, default: []].insert(key.user)
            tenantsOfUser[key.user, default: []].insert(key.tenant)
        } else {
            membersOfTenant[key.tenant]?.remove(key.user)
            if membersOfTenant[key.tenant]?.isEmpty == true { membersOfTenant[key.tenant] = nil }
            tenantsOfUser[key.user]?.remove(key.tenant)
            if tenantsOfUser[key.user]?.isEmpty == true { tenantsOfUser[key.user] = nil }
        }
    }

    private mutating func set(token number: UInt64, _ stored: StoredToken?) {
        let old = tokens[number]
        if let old {
            if tokenHashes[old.hash] == number { tokenHashes[old.hash] = nil }
            tokensOfUser[old.token.user]?.remove(number)
            if tokensOfUser[old.token.user]?.isEmpty == true { tokensOfUser[old.token.user] = nil }
        }
        guard var stored else {
            tokens[number] = nil
            touched.remove(number)
            return
        }
        // It may have been used since its document was written.
        if let old, old.token.lastUsed > stored.token.lastUsed {
            stored.token.lastUsed = old.token.lastUsed
        } else {
            touched.remove(number)
        }
        tokens[number] = stored
        tokenHashes[stored.hash] = number
        tokensOfUser[stored.token.user, default: []].insert(number)
        if stored.token.expires != 0, Set.sessions.contains(stored.token.kind) {
            nextSessionEnd = min(nextSessionEnd, stored.token.expires)
        }
    }

    /// Notes a use; the ticker writes it.
    mutating func touch(token number: UInt64, at now: UInt64) {
        guard let last = tokens[number]?.token.lastUsed, last < now else { return }
        tokens[number]?.token.lastUsed = now
        touched.insert(number)
    }
}

/// What one document says now; `nil`: it is gone.
enum DirectoryEvent: Sendable {
    case tenant(TenantID, Tenant?)
    case user(UInt64, User?)
    case membership(MembershipKey, Membership?)
    case token(UInt64, StoredToken?)
    case sequence(Sequences, UInt64)
    case door(DoorKey, DoorState?)
}

extension [UInt64] {
    /// The first place whose number is not below `number`; the array is ascending.
    func lowerBound(of number: UInt64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
