import CofferStore
import Testing

@testable import CofferCredentials

/// 10^6 random steps of the machine next to the reference: after each step both say the same of every member.
@Suite struct PoolModelTests {
    @Test(arguments: 1...4) func machineDoesWhatTheReferenceDoes(seed: Int) throws {
        var run = PoolModelRun(seed: UInt64(seed))
        for step in 0..<250_000 {
            let what = run.step()
            if let difference = run.difference() {
                Issue.record("seed \(seed), step \(step), \(what): \(difference)")
                return
            }
        }
        // A run in which nothing happens would prove nothing.
        for (what, least) in PoolModelRun.least { #expect(run.counts[what, default: 0] >= least, "\(what)") }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

struct PoolModelRun {
    var machine = PoolMachine()
    var reference = ReferencePool()
    var random: SplitMix
    var now: UInt64 = 1_700_000_000_000
    var settings: [PoolMember] = []
    var standings: [UInt64: MemberStanding] = [:]
    var ownFact: TokenFact?
    var ids: [LeaseID] = []
    /// What the store holds: of the machine as bytes, of the reference as it is.
    var stored: [UInt64: SecretBuffer] = [:]
    var remembered: [UInt64: ReferencePool.Facts] = [:]
    var counts: [String: Int] = [:]
    var complaint: String?

    static let least = [
        "member": 20_000, "none": 1_000, "own": 1_000, "taken": 5_000, "outdated": 1_000, "repeated": 500, "unknown": 500, "dead": 20,
        "restart": 100, "probe": 1_000,
    ]

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        for credential in 1...6 { standings[UInt64(credential)] = standing() }
        join()
    }

    mutating func step() -> String {
        switch random.below(100) {
        case 0..<22: return pass()
        case 22..<57: return pick()
        case 57..<82: return reportLease()
        case 82..<86: return reportMember()
        case 86..<88: return giveBack()
        case 88..<95: return changeStanding()
        case 95: return random.below(4) == 0 ? join() : save()
        case 96: return random.below(3) == 0 ? changeOwn() : revive()
        case 97: return clear()
        case 98: return save()
        default: return random.below(4) == 0 ? restart() : save()
        }
    }

    private mutating func pass() -> String {
        let spans: [UInt64] = [1, 100, 1_000, 5_000, 5_500, 30_000, 60_000, 61_000, 120_000, 600_000, 3_600_000]
        now += random.below(400) == 0 ? 86_400_000 : random.below(4) > 0 ? spans[random.below(6)] : spans[random.below(spans.count)]
        return "time"
    }

    private mutating func pick() -> String {
        var ask = PoolAsk(kind: ["access", "access", "access", "share", Pool.ownKind][random.below(5)])
        if random.below(4) == 0 { ask.minimumLeft = 60_000 }
        if random.below(4) == 0 { ask.sticky = [UInt8(random.below(3))] }
        if random.below(6) == 0 { ask.avoiding = [UInt64(random.below(7)), UInt64(random.below(7))] }
        reference.pass(to: now)
        let choice = reference.choice(ask, at: now)
        let answer = machine.pick(ask, now: now, random: &random)
        switch (answer, choice) {
        case (.own, .own):
            counts["own", default: 0] += 1
            guard let id = machine.takeOwn(now: now, random: &random) else {
                complaint = "own token without a lease"
                break
            }
            reference.grant(id, 0, ask, isAwaiting: false)
            remember(id)
        case (.member(let credential, let id), .oneOf(let allowed)) where allowed.contains(credential):
            counts["member", default: 0] += 1
            guard let member = reference.member(credential) else { break }
            if member.facts.rank != 0 { counts["probe", default: 0] += 1 }
            reference.grant(id, credential, ask, isAwaiting: reference.fit(member, ask, at: now) == .refreshable)
            remember(id)
        case (.none(let retryAfter), .none):
            counts["none", default: 0] += 1
            let expected = reference.retryAfter(ask)
            if retryAfter != expected { complaint = "again in \(retryAfter) ms, not \(expected)" }
        default: complaint = "picked \(answer), allowed is \(choice)"
        }
        return "pick \(ask)"
    }

    private mutating func remember(_ id: LeaseID) {
        ids.append(id)
        if ids.count > 40 { ids.removeFirst() }
    }

    private mutating func verdict() -> ReportedVerdict {
        switch random.below(12) {
        case 0..<5: .ok
        case 5, 6: .unauthorized
        case 7: .paymentRequired(until: random.below(2) == 0 ? 0 : now + UInt64(random.below(3_000_000)))
        case 8: .limited(retryAfter: random.below(2) == 0 ? 0 : UInt64(random.below(100_000)))
        case 9: .limited()
        default: .serverError
        }
    }

    private mutating func reportLease() -> String {
        guard !ids.isEmpty else { return "no lease" }
        let id = random.below(50) == 0 ? LeaseID(high: 1, low: 1) : ids[ids.count - 1 - min(random.below(ids.count), random.below(ids.count))]
        let verdict = verdict()
        let jitter = random.next() & 1_023
        reference.pass(to: now)
        compare(machine.report(id, verdict, now: now, jitter: jitter), reference.report(id, verdict, jitter: jitter))
        return "report \(verdict)"
    }

    private mutating func reportMember() -> String {
        let credential = UInt64(random.below(8))
        let verdict = verdict()
        let jitter = random.next() & 1_023
        reference.pass(to: now)
        compare(
            machine.report(of: credential, verdict, now: now, jitter: jitter), reference.report(of: credential, verdict, jitter: jitter))
        return "report of \(credential) \(verdict)"
    }

    private mutating func compare(_ judged: PoolMachine.Judged?, _ outcome: ReferencePool.Outcome) {
        let effect: ReferencePool.Effect =
            switch judged?.effect {
            case nil: .unknown
            case .taken: .taken
            case .outdated: .outdated
            case .repeated: .repeated
            }
        counts["\(effect)", default: 0] += 1
        if effect != outcome.effect || (judged?.needsAttention ?? false) != outcome.looks {
            complaint = "report: \(String(describing: judged)), expected \(outcome)"
        }
    }

    private mutating func giveBack() -> String {
        guard let id = ids.last else { return "no lease" }
        machine.giveBack(id, now: now)
        reference.pass(to: now)
        if let index = reference.leases.firstIndex(where: { $0.id == id }) { reference.leases[index].isOut = false }
        return "give back"
    }

    private mutating func revive() -> String {
        let credential = UInt64(random.below(8))
        reference.pass(to: now)
        let isThere = machine.revive(credential, now: now)
        if isThere != (reference.member(credential) != nil) { complaint = "revived: \(isThere)" }
        if isThere {
            reference.turn += 1
            let turn = reference.turn
            reference.edit(credential) { member in
                member.facts = .init(lookedAt: member.facts.lookedAt)
                member.known = turn
            }
        }
        return "revive"
    }

    /// A check of the present: nothing was learned since it began. And one that began before everything.
    private mutating func clear() -> String {
        let credential = UInt64(random.below(7))
        reference.pass(to: now)
        machine.advance(to: now)
        let isOld = random.below(2) == 0
        let known = isOld ? 0 : machine.knowledge(of: credential)
        machine.cleared(credential, since: known, now: now)
        let now = now
        if !isOld { reference.edit(credential) { if $0.facts.rank == 3 { $0.facts.until = min($0.facts.until, now) } } }
        return "clear"
    }

    // MARK: Credentials and members

    private mutating func standing() -> MemberStanding {
        var standing = MemberStanding()
        standing.takesPart = random.below(8) > 0
        standing.refreshFrom = [nil, 0, 0, now + UInt64(random.below(90_000))][random.below(4)]
        for kind in ["access", "share"] where random.below(4) > 0 {
            let life = [0, 30_000, 3_600_000, 86_400_000][random.below(4)]
            let expires = life == 0 ? 0 : now + UInt64(life)
            standing.tokens.append(TokenFact(kind: kind, expires: expires, obtained: now + UInt64(random.below(3))))
        }
        return standing
    }

    private mutating func changeStanding() -> String {
        let credential = UInt64(1 + random.below(6))
        reference.pass(to: now)
        machine.advance(to: now)
        var new = standing()
        // Half of the time only whether it takes part changes, or when it may be refreshed.
        if random.below(2) == 0, let old = standings[credential] { new.tokens = old.tokens }
        let old = standings[credential] ?? MemberStanding()
        standings[credential] = new
        machine.set(new, of: credential)
        let time = now
        let isFresh = new.tokens.contains { fact in old.tokens.first { $0.kind == fact.kind }?.obtained ?? 0 != fact.obtained }
        reference.edit(credential) { member in
            member.standing = new
            if isFresh, member.facts.rank == 3 { member.facts.until = min(member.facts.until, time) }
        }
        return "credential \(credential)"
    }

    @discardableResult
    private mutating func join() -> String {
        settings = (1...6).filter { _ in random.below(5) > 0 }.shuffled(using: &random).map { number in
            PoolMember(credential: UInt64(number), weight: UInt16(1 + random.below(5)), inFlightLimit: UInt32([0, 0, 1, 3][random.below(4)]))
        }
        reference.pass(to: now)
        machine.advance(to: now)
        let standings = standings
        let before = Set(machine.members.map(\.credential))
        machine.set(settings) { standings[$0] ?? MemberStanding() }
        let old = reference.members
        reference.members = settings.map { member in
            if var entry = old.first(where: { $0.credential == member.credential }) {
                entry.limit = member.inFlightLimit
                return entry
            }
            reference.turn += 1
            return .init(
                credential: member.credential, limit: member.inFlightLimit, standing: standings[member.credential] ?? MemberStanding(),
                joined: reference.turn, known: reference.turn)
        }
        for gone in before where !settings.contains(where: { $0.credential == gone }) { remembered[gone] = nil }
        return "members"
    }

    private mutating func changeOwn() -> String {
        reference.pass(to: now)
        machine.advance(to: now)
        ownFact = random.below(3) == 0 ? nil : TokenFact(kind: Pool.ownKind, expires: now + 600_000, obtained: now)
        let standing = ownFact.map { MemberStanding(own: $0) }
        guard reference.own?.standing != standing else { return "own" }
        machine.set(own: ownFact)
        remembered[0] = nil
        reference.own = standing.map { standing in
            reference.turn += 1
            return .init(credential: 0, limit: 0, standing: standing, joined: reference.turn, known: reference.turn)
        }
        return "own"
    }

    // MARK: The store

    private mutating func save() -> String {
        for credential in machine.changed {
            stored[credential] = machine.member(credential).map { PoolDocuments.encode($0.health) }
        }
        machine.changed = []
        reference.pass(to: now > reference.now ? reference.now : now)
        remembered = [:]
        for member in reference.members + (reference.own.map { [$0] } ?? []) { remembered[member.credential] = member.facts }
        return "save"
    }

    /// Leases and sticky keys are gone, what was written is there. The store is as of the last save.
    private mutating func restart() -> String {
        _ = save()
        counts["restart", default: 0] += 1
        let standings = standings
        machine = PoolMachine()
        machine.set(settings) { standings[$0] ?? MemberStanding() }
        machine.set(own: ownFact)
        machine.changed = []
        for (credential, bytes) in stored {
            if let health = try? PoolDocuments.health(bytes) { machine.restore(health, of: credential) }
        }
        machine.advance(to: now)
        var anew = ReferencePool()
        anew.now = now
        for credential in settings.map(\.credential) {
            guard var member = reference.member(credential) else { continue }
            anew.turn += 1
            (member.joined, member.known) = (anew.turn, anew.turn)
            member.facts = remembered[credential] ?? .init()
            anew.members.append(member)
        }
        if var own = reference.own {
            anew.turn += 1
            (own.joined, own.known) = (anew.turn, anew.turn)
            own.facts = remembered[0] ?? .init()
            anew.own = own
        }
        reference = anew
        return "restart"
    }

    // MARK: Comparing

    mutating func difference() -> String? {
        if let complaint { return complaint }
        for member in reference.members {
            guard let there = machine.member(member.credential) else { return "\(member.credential) is missing" }
            if let text = difference(there, member) { return text }
        }
        guard machine.members.count == reference.members.count, (machine.own == nil) == (reference.own == nil) else { return "members" }
        if let own = reference.own, let there = machine.own { return difference(there, own) }
        return nil
    }

    private mutating func difference(_ member: PoolMachine.Member, _ expected: ReferencePool.Member) -> String? {
        let health = member.health
        if health.state == .dead { counts["dead", default: 0] += 1 }
        let facts = ReferencePool.Facts(
            rank: Int(health.state.rawValue), until: health.until, failures: Int(health.failures), refusedAt: health.refusedAt,
            refusedToken: health.refusedGeneration, lookedAt: health.attendedAt)
        if facts != expected.facts { return "\(member.credential): \(facts), expected \(expected.facts)" }
        // Both have looked at the clock only when something was asked of them.
        let out = reference.leases.count { $0.isOut && $0.credential == member.credential && $0.turn > expected.joined }
        if Int(member.inFlight) != out { return "\(member.credential): \(member.inFlight) out, expected \(out)" }
        return nil
    }
}
