extension PoolMachine {
    /// Chooses a member and begins its lease. In this order:
    ///
    /// 1. the pool's own token, where it lives and nothing is known against it;
    /// 2. whom the sticky key stands for;
    /// 3. a half-open member with a live token: the one request that tells whether it is back;
    /// 4. a live member with a live token, drawn by weight;
    /// 5. the first live, then the first half-open member whose token can be refreshed: all who ask wait for that one refresh.
    mutating func pick(_ ask: PoolAsk, now: UInt64, random: inout some RandomNumberGenerator) -> PoolAnswer {
        advance(to: now)
        if asksOwn(ask), canGiveOwn(ask) { return .own }
        guard ask.kind != Pool.ownKind else { return .none(retryAfter: retryAfter(ask)) }
        guard let index = bound(ask) ?? probe(ask) ?? drawn(ask, &random) ?? refreshable(ask) else {
            return .none(retryAfter: retryAfter(ask))
        }
        let member = members[index]
        let fitness = member.standing.fitness(ask.kind, left: ask.minimumLeft, at: clock)
        let id = begin(member, ask.kind, isAwaiting: fitness == .refreshable, &random)
        bind(ask.sticky, to: member.credential)
        return .member(credential: member.credential, lease: id)
    }

    /// Begins a lease of the pool's own token.
    mutating func takeOwn(now: UInt64, random: inout some RandomNumberGenerator) -> LeaseID? {
        advance(to: now)
        guard let own else { return nil }
        return begin(own, Pool.ownKind, isAwaiting: false, &random)
    }

    private mutating func begin(
        _ member: Member, _ kind: String, isAwaiting: Bool, _ random: inout some RandomNumberGenerator
    ) -> LeaseID {
        if leases.count >= Self.maximumLeases { endFirstLease(isKnown: false) }
        events += 1
        let isProbe = member.health.state != .live
        let lease = PoolLease(
            id: LeaseID(high: random.next(), low: random.next()), credential: member.credential, kind: kind, granted: events,
            ends: clock + Self.leaseTime, generation: member.standing.generation(kind), isAwaiting: isAwaiting, isProbe: isProbe)
        leases.append(lease)
        change(member.credential) { member in
            member.inFlight += 1
            if isProbe { member.probeEnds = lease.ends }
        }
        return lease.id
    }

    // MARK: Who may be handed out

    private func asksOwn(_ ask: PoolAsk) -> Bool {
        ask.kind == "access" || ask.kind == Pool.ownKind
    }

    private func canGiveOwn(_ ask: PoolAsk) -> Bool {
        guard let own, isOpen(own), isWanted(own, ask) else { return false }
        return isLive(own, ask, kind: Pool.ownKind)
    }

    /// Health and room allow one more.
    private func isOpen(_ member: Member) -> Bool {
        member.standing.takesPart && member.hasRoom && member.health.isOpen(at: clock)
            && (member.health.state == .live || member.probeEnds == 0)
    }

    private func isLive(_ member: Member, _ ask: PoolAsk, kind: String? = nil) -> Bool {
        if case .live = member.standing.fitness(kind ?? ask.kind, left: ask.minimumLeft, at: clock) { return true }
        return false
    }

    private func isWanted(_ member: Member, _ ask: PoolAsk) -> Bool {
        ask.avoiding.isEmpty || !ask.avoiding.contains(member.credential)
    }

    /// Half open, it is nobody's any longer: its one request may be anybody's.
    private func bound(_ ask: PoolAsk) -> Int? {
        guard !ask.sticky.isEmpty, let binding = bindings[ask.sticky], binding.until > clock, let index = places[binding.credential]
        else { return nil }
        let member = members[index]
        guard member.health.state == .live, isOpen(member), isWanted(member, ask),
            member.standing.fitness(ask.kind, left: ask.minimumLeft, at: clock) != .unfit
        else { return nil }
        return index
    }

    private func probe(_ ask: PoolAsk) -> Int? {
        var start = 0
        while let index = tree.dueLeaf(from: start) {
            if isWanted(members[index], ask), isLive(members[index], ask) { return index }
            start = index + 1
        }
        return nil
    }

    private func drawn(_ ask: PoolAsk, _ random: inout some RandomNumberGenerator) -> Int? {
        let total = tree.root.weight
        guard total > 0 else { return nil }
        // Mostly the first one will do. All are looked at only where several in a row have no live token.
        for _ in 0..<4 {
            let index = tree.leaf(at: UInt64.random(in: 0..<total, using: &random))
            if isWanted(members[index], ask), isLive(members[index], ask) { return index }
        }
        var sum: UInt64 = 0
        for member in members where isReady(member, ask) { sum += UInt64(member.weight) }
        guard sum > 0 else { return nil }
        var target = UInt64.random(in: 0..<sum, using: &random)
        for (index, member) in members.enumerated() where isReady(member, ask) {
            if target < UInt64(member.weight) { return index }
            target -= UInt64(member.weight)
        }
        return nil
    }

    private func isReady(_ member: Member, _ ask: PoolAsk) -> Bool {
        member.health.state == .live && isOpen(member) && isWanted(member, ask) && isLive(member, ask)
    }

    private func refreshable(_ ask: PoolAsk) -> Int? {
        var halfOpen: Int?
        for (index, member) in members.enumerated() where isOpen(member) && isWanted(member, ask) {
            guard member.standing.fitness(ask.kind, left: ask.minimumLeft, at: clock) == .refreshable else { continue }
            if member.health.state == .live { return index }
            if halfOpen == nil { halfOpen = index }
        }
        return halfOpen
    }

    // MARK: When it is worth asking again

    /// Milliseconds until the first could be handed out if nothing else happens; 0: none. One that has just failed counts where it
    /// cannot be handed out now: why it failed is known to end then.
    private func retryAfter(_ ask: PoolAsk) -> UInt64 {
        var earliest = UInt64.max
        if ask.kind != Pool.ownKind {
            var isCramped = false
            for member in members {
                guard member.hasRoom else {
                    isCramped = true
                    continue
                }
                let time = opening(member, ask, room: clock)
                if time > clock || isWanted(member, ask) { earliest = min(earliest, time) }
            }
            if isCramped { earliest = openingByRoom(ask, before: earliest) }
        }
        if let own, asksOwn(ask) {
            let time = opening(own, ask, kind: Pool.ownKind, room: clock)
            if time > clock || isWanted(own, ask) { earliest = min(earliest, time) }
        }
        return earliest == .max ? 0 : max(earliest - clock, 1)
    }

    /// Where room is missing, the end of the oldest lease makes some; they lie in the order of their ends. Of a member whose limit was
    /// lowered meanwhile, several must end.
    private func openingByRoom(_ ask: PoolAsk, before limit: UInt64) -> UInt64 {
        var earliest = limit
        var ended: [UInt64: UInt32] = [:]
        leases.forEachOut { lease in
            guard lease.ends < earliest else { return false }
            guard let index = places[lease.credential], lease.granted > members[index].joined, !members[index].hasRoom else { return true }
            let excess = members[index].inFlight - members[index].inFlightLimit
            if excess > 0 {
                ended[lease.credential, default: 0] += 1
                if ended[lease.credential, default: 0] <= excess { return true }
            }
            earliest = min(earliest, opening(members[index], ask, room: lease.ends))
            return true
        }
        return earliest
    }

    private func opening(_ member: Member, _ ask: PoolAsk, kind: String? = nil, room: UInt64) -> UInt64 {
        guard member.standing.takesPart, member.health.state != .dead else { return .max }
        var time = max(room, clock)
        if member.health.state != .live { time = max(time, member.health.until, member.probeEnds) }
        switch member.standing.fitness(kind ?? ask.kind, left: ask.minimumLeft, at: time) {
        case .live, .refreshable: return time
        case .unfit: return member.standing.refreshFrom.map { max($0, time) } ?? .max
        }
    }
}
