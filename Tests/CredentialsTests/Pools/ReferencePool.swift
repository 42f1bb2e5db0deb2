@testable import CofferCredentials

/// The rules of a pool once more, slow and obvious: lists that are searched from end to end, no sums, no state that follows from other
/// state. What ``PoolMachine`` does is compared with it.
struct ReferencePool {
    struct Facts: Equatable {
        var rank = 0  // live, cooling, exhausted, suspect, dead
        var until: UInt64 = 0
        var failures = 0
        var refusedAt: UInt64 = 0
        var refusedToken: UInt64 = 0
        var lookedAt: UInt64 = 0
    }

    struct Member {
        var credential: UInt64
        var limit: UInt32
        var standing: MemberStanding
        var facts = Facts()
        var joined: Int
        var known: Int
    }

    struct Lease {
        var id: LeaseID
        var credential: UInt64
        var kind: String
        var turn: Int
        var ends: UInt64
        var token: UInt64
        var isAwaiting: Bool
        var isProbe: Bool
        var isOut = true
    }

    var members: [Member] = []
    var own: Member?
    var leases: [Lease] = []
    var sticky: [[UInt8]: (credential: UInt64, until: UInt64)] = [:]
    var now: UInt64 = 0
    var turn = 0

    func member(_ credential: UInt64) -> Member? { credential == 0 ? own : members.first { $0.credential == credential } }

    mutating func edit(_ credential: UInt64, _ body: (inout Member) -> Void) {
        if credential == 0 {
            if var member = own {
                body(&member)
                own = member
            }
        } else if let index = members.firstIndex(where: { $0.credential == credential }) {
            body(&members[index])
        }
    }

    // MARK: Time

    mutating func pass(to time: UInt64) {
        now = max(now, time)
        for lease in leases where lease.isOut && lease.isProbe && lease.ends <= now {
            let end = now
            edit(lease.credential) { member in
                let token = member.standing.generation(lease.kind)
                guard lease.turn > member.joined, lease.turn > member.known, [1, 2, 3].contains(member.facts.rank),
                    member.facts.until <= end, member.facts.rank != 3 || token != member.facts.refusedToken
                else { return }
                member.facts.rank = 0
                member.facts.until = 0
                member.known = lease.turn
            }
        }
        leases.removeAll { $0.ends <= now }
    }

    func out(_ member: Member, at time: UInt64) -> [Lease] {
        leases.filter { $0.isOut && $0.credential == member.credential && $0.turn > member.joined && $0.ends > time }
    }

    // MARK: Who may be handed out

    enum Fit { case live, refreshable, none }

    func fit(_ member: Member, _ ask: PoolAsk, at time: UInt64) -> Fit {
        guard member.standing.takesPart else { return .none }
        let kind = member.credential == 0 ? Pool.ownKind : ask.kind
        let tokens = member.standing.tokens.filter { $0.kind == kind }
        if tokens.contains(where: { $0.expires == 0 || $0.expires > time + ask.minimumLeft }) { return .live }
        guard let from = member.standing.refreshFrom else { return .none }
        return from <= time ? .refreshable : .none
    }

    /// Health and room, at some time from now on if nothing else happens.
    func isOpen(_ member: Member, _ ask: PoolAsk, at time: UInt64) -> Bool {
        let out = out(member, at: time)
        if ask.avoiding.contains(member.credential) || member.facts.rank == 4 { return false }
        if member.limit > 0, out.count >= Int(member.limit) { return false }
        if member.facts.rank == 0 { return true }
        return member.facts.until <= time && !out.contains { $0.isProbe }
    }

    enum Choice: Equatable {
        case own
        case oneOf([UInt64])
        case none
    }

    func choice(_ ask: PoolAsk, at time: UInt64) -> Choice {
        if let own, ask.kind == "access" || ask.kind == Pool.ownKind, isOpen(own, ask, at: time), fit(own, ask, at: time) == .live {
            return .own
        }
        if ask.kind == Pool.ownKind { return .none }
        let open = members.filter { isOpen($0, ask, at: time) }
        if let bound = sticky[ask.sticky], !ask.sticky.isEmpty, bound.until > time,
            let member = open.first(where: { $0.credential == bound.credential }), member.facts.rank == 0,
            fit(member, ask, at: time) != .none
        {
            return .oneOf([member.credential])
        }
        let live = open.filter { fit($0, ask, at: time) == .live }
        if let probe = live.first(where: { $0.facts.rank != 0 }) { return .oneOf([probe.credential]) }
        if !live.isEmpty { return .oneOf(live.map(\.credential)) }
        let refreshable = open.filter { fit($0, ask, at: time) == .refreshable }
        if let first = refreshable.first(where: { $0.facts.rank == 0 }) ?? refreshable.first { return .oneOf([first.credential]) }
        return .none
    }

    /// Tries every time at which something ends. Who is avoided though nothing is against it is avoided then too.
    func retryAfter(_ ask: PoolAsk) -> UInt64 {
        var ask = ask
        let avoiding = ask.avoiding
        ask.avoiding = []
        ask.avoiding = avoiding.filter { number in
            member(number).map { isOpen($0, ask, at: now) && fit($0, ask, at: now) != .none } ?? false
        }
        let all = members + (own.map { [$0] } ?? [])
        let times = Set(all.map(\.facts.until) + all.compactMap(\.standing.refreshFrom) + leases.map(\.ends)).filter { $0 > now }
        return times.sorted().first { choice(ask, at: $0) != .none }.map { $0 - now } ?? 0
    }

    mutating func grant(_ id: LeaseID, _ credential: UInt64, _ ask: PoolAsk, isAwaiting: Bool) {
        guard let member = member(credential) else { return }
        turn += 1
        let kind = credential == 0 ? Pool.ownKind : ask.kind
        leases.append(Lease(
            id: id, credential: credential, kind: kind, turn: turn, ends: now + 60_000, token: member.standing.generation(kind),
            isAwaiting: isAwaiting, isProbe: member.facts.rank != 0))
        if credential != 0, !ask.sticky.isEmpty { sticky[ask.sticky] = (credential, now + 60_000) }
    }
}
