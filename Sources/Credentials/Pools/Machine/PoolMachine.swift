/// The members of one pool: who is handed out next, and what reports do to them. A value without I/O; time and randomness are passed in.
///
/// Members are drawn at random by weight: that needs no memory of turns, is the same after a restart, and askers who know nothing of
/// each other do not fall into step. Costs grow with the logarithm of the number of members as long as most of them have live tokens.
struct PoolMachine: Sendable {
    struct Member: Sendable {
        let credential: UInt64
        var weight: UInt16
        var inFlightLimit: UInt32
        var standing = MemberStanding()
        var health = MemberHealth()
        /// Leases that are out, of those that began since it joined.
        var inFlight: UInt32 = 0
        var joined: UInt64
        /// The event that what is known of it rests upon: reports about leases before it are old.
        var known: UInt64
        /// End of the one lease that it let through while half open; 0: none is out.
        var probeEnds: UInt64 = 0

        var hasRoom: Bool { inFlightLimit == 0 || inFlight < inFlightLimit }
    }

    struct Binding: Sendable {
        var credential: UInt64
        var until: UInt64
    }

    /// Milliseconds that a lease lasts, and a sticky key is remembered (decisions 29).
    static let leaseTime: UInt64 = 60_000
    /// Beyond it the oldest lease ends early: a report about it is then unknown.
    static let maximumLeases = 65_536
    /// Beyond it new keys are not remembered.
    static let maximumBindings = 65_536

    var members: [Member] = []
    var places: [UInt64: Int] = [:]
    /// The pool's own token.
    var own: Member?
    var leases = LeaseBook()
    var bindings: [[UInt8]: Binding] = [:]
    var tree = SelectionTree(count: 0)
    /// The latest time that was passed in, Unix milliseconds.
    var clock: UInt64 = 0
    /// Counts grants and whatever makes something known: the order of events, whatever clocks say.
    var events: UInt64 = 0
    /// Members whose health has to be written: it is not as it was when this was emptied last.
    var changed: Set<UInt64> = []
    private var bindingsPurged: UInt64 = 0

    init() {}

    // MARK: Members

    /// Sets who is in the pool. Who stays keeps its health; who joins, or comes back, is live.
    mutating func set(_ new: [PoolMember], standing: (UInt64) -> MemberStanding) {
        let old = members
        var list: [Member] = []
        list.reserveCapacity(new.count)
        var placed: [UInt64: Int] = [:]
        placed.reserveCapacity(new.count)
        for member in new where placed[member.credential] == nil {
            var entry = places[member.credential].map { old[$0] } ?? newMember(member.credential)
            entry.weight = min(max(member.weight, 1), 1_000)
            entry.inFlightLimit = member.inFlightLimit
            placed[member.credential] = list.count
            list.append(entry)
        }
        for entry in old where placed[entry.credential] == nil { changed.insert(entry.credential) }
        members = list
        places = placed
        tree = SelectionTree(count: list.count)
        for index in list.indices {
            members[index].standing = standing(list[index].credential)
            settle(index)
        }
    }

    private mutating func newMember(_ credential: UInt64) -> Member {
        events += 1
        return Member(credential: credential, weight: 1, inFlightLimit: 0, joined: events, known: events)
    }

    /// The pool's own token; a fresh one is live again whatever was known of the last.
    mutating func set(own fact: TokenFact?) {
        let standing = fact.map { MemberStanding(own: $0) }
        guard own?.standing != standing else { return }
        changed.insert(0)
        own = standing.map { standing in
            var entry = newMember(0)
            entry.standing = standing
            return entry
        }
    }

    /// A member's credential has changed.
    mutating func set(_ standing: MemberStanding, of credential: UInt64) {
        guard let index = places[credential], members[index].standing != standing else { return }
        let isFresher = standing.isFresher(than: members[index].standing)
        members[index].standing = standing
        let clock = clock
        if isFresher { change(credential) { $0.health.reconsider(now: clock) } }
        settle(index)
    }

    /// What the store remembers; at the start.
    mutating func restore(_ health: MemberHealth, of credential: UInt64) {
        if credential == 0 {
            own?.health = health
        } else if let index = places[credential] {
            members[index].health = health
            settle(index)
        }
    }

    func member(_ credential: UInt64) -> Member? {
        credential == 0 ? own : places[credential].map { members[$0] }
    }

    /// Changes a member where it lies, and notes it when its health has to be written.
    mutating func change(_ credential: UInt64, _ body: (inout Member) -> Void) {
        if credential == 0 {
            guard var entry = own else { return }
            let before = entry.health
            body(&entry)
            if entry.health.isWorthWriting(over: before) { changed.insert(0) }
            own = entry
        } else if let index = places[credential] {
            let before = members[index].health
            body(&members[index])
            if members[index].health.isWorthWriting(over: before) { changed.insert(credential) }
            settle(index)
        }
    }

    /// Brings the sums up to date with a member.
    private mutating func settle(_ index: Int) {
        let member = members[index]
        var node = SelectionTree.Node()
        switch member.health.state {
        case .dead: break
        case .live:
            if member.standing.takesPart, member.hasRoom { node.weight = UInt64(member.weight) }
        case .cooling, .exhausted, .suspect:
            if member.health.until > clock {
                node.wake = member.health.until
            } else if member.probeEnds == 0, member.standing.takesPart, member.hasRoom {
                node.due = 1
            }
        }
        tree.set(index, node)
    }

    // MARK: Time

    /// Ends what has ended by `now`. A clock that was set back by minutes ends all leases: nobody knows how old they are.
    mutating func advance(to now: UInt64) {
        if now < clock, clock - now > 300_000 {
            clock = now
            while leases.first != nil { endFirstLease(isKnown: false) }
            bindings.removeAll()
            bindingsPurged = 0
            for index in members.indices { settle(index) }
        }
        clock = max(clock, now)
        while let first = leases.first, first.ends <= clock { endFirstLease(isKnown: true) }
        while let index = tree.leaf(wokenBy: clock) { settle(index) }
    }

    /// - Parameter isKnown: whether it lasted as long as it should have.
    mutating func endFirstLease(isKnown: Bool) {
        guard let lease = leases.first else { return }
        leases.removeFirst()
        guard lease.isOut else { return }
        let clock = clock
        release(lease) { member in
            guard lease.isProbe, isKnown, lease.granted > member.known else { return }
            member.health.hearNothing(about: member.standing.generation(lease.kind), now: clock)
            if member.health.state == .live { member.known = lease.granted }
        }
    }

    /// The member has one lease less out.
    mutating func release(_ lease: PoolLease, _ body: (inout Member) -> Void) {
        change(lease.credential) { member in
            guard lease.granted > member.joined else { return }
            if member.inFlight > 0 { member.inFlight -= 1 }
            if lease.isProbe { member.probeEnds = 0 }
            body(&member)
        }
    }

    // MARK: Sticky keys

    mutating func bind(_ key: [UInt8], to credential: UInt64) {
        guard !key.isEmpty else { return }
        if bindings.count >= Self.maximumBindings, bindings[key] == nil {
            // Not more often than each second: it looks at all of them.
            guard clock >= bindingsPurged + 1_000 else { return }
            bindingsPurged = clock
            let clock = clock
            bindings = bindings.filter { $0.value.until > clock }
            guard bindings.count < Self.maximumBindings else { return }
        }
        bindings[key] = Binding(credential: credential, until: clock + Self.leaseTime)
    }

    // MARK: By people

    /// Makes a member live again, whatever it was.
    mutating func revive(_ credential: UInt64, now: UInt64) -> Bool {
        advance(to: now)
        guard member(credential) != nil else { return false }
        events += 1
        let (clock, events) = (clock, events)
        change(credential) { member in
            member.health.revive(now: clock)
            member.known = events
        }
        return true
    }
}
