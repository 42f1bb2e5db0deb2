@testable import CofferCredentials

extension ReferencePool {
    enum Effect { case taken, outdated, repeated, unknown }

    struct Outcome: Equatable {
        var effect: Effect
        var looks = false
    }

    mutating func report(_ id: LeaseID, _ verdict: ReportedVerdict, jitter: UInt64) -> Outcome {
        guard let index = leases.firstIndex(where: { $0.id == id }) else { return Outcome(effect: .unknown) }
        guard leases[index].isOut else { return Outcome(effect: .repeated) }
        leases[index].isOut = false
        let lease = leases[index]
        guard let member = member(lease.credential), lease.turn > member.joined else { return Outcome(effect: .outdated) }
        let token = member.standing.generation(lease.kind)
        if (token == lease.token) == lease.isAwaiting { return Outcome(effect: .outdated) }
        return judge(lease.credential, verdict, lease.turn, token, isNewer: lease.turn > member.known, isSure: true, jitter)
    }

    mutating func report(of credential: UInt64, _ verdict: ReportedVerdict, jitter: UInt64) -> Outcome {
        guard let member = member(credential) else { return Outcome(effect: .unknown) }
        if let lease = leases.filter({ $0.isOut && $0.credential == credential }).max(by: { $0.turn < $1.turn }), lease.turn > member.joined {
            return report(lease.id, verdict, jitter: jitter)
        }
        let token = member.standing.generation(credential == 0 ? Pool.ownKind : "access")
        return judge(credential, verdict, turn, token, isNewer: member.facts.rank == 0, isSure: false, jitter)
    }

    private mutating func judge(
        _ credential: UInt64, _ verdict: ReportedVerdict, _ granted: Int, _ token: UInt64, isNewer: Bool, isSure: Bool, _ jitter: UInt64
    ) -> Outcome {
        turn += 1
        let (turn, now) = (turn, now)
        var outcome = Outcome(effect: .outdated)
        edit(credential) { member in
            let old = member.facts
            guard let new = Self.next(old, verdict, token, now, isNewer, isSure, jitter) else { return }
            outcome.effect = .taken
            member.facts = new
            if verdict != .ok { member.known = turn } else if old.rank != 0 { member.known = max(member.known, granted) }
            if verdict == .unauthorized, new.rank == 3, credential != 0, old.lookedAt == 0 || now >= old.lookedAt + 600_000 {
                member.facts.lookedAt = now
                outcome.looks = true
            }
        }
        return outcome
    }

    /// What a report makes of a member; `nil`: nothing.
    private static func next(
        _ old: Facts, _ verdict: ReportedVerdict, _ token: UInt64, _ now: UInt64, _ isNewer: Bool, _ isSure: Bool, _ jitter: UInt64
    ) -> Facts? {
        var new = old
        let rank = ["ok": 0, "limited": 1, "server-error": 1, "payment-required": 2, "unauthorized": 3][verdict.word] ?? 0
        switch (old.rank, rank, isNewer) {
        case (4, _, _): return nil
        case (0, 0, true): break
        case (_, 0, true): guard isSure else { return nil }
        case (_, 0, false), (0, _, false): return nil
        case (_, _, false): if rank < old.rank { return nil }
        case (_, _, true): new.failures = min(old.failures + 1, 65_535)
        }
        guard rank != 0 else { return Facts(lookedAt: old.lookedAt) }
        let age = now - min(old.refusedAt, now)
        if rank == 3, isNewer, isSure, old.refusedAt != 0, token != old.refusedToken, age >= 600_000, age <= 86_400_000 {
            new.rank = 4
            new.until = 0
            return new
        }
        if rank == 3, old.refusedAt == 0 || age > 86_400_000 {
            new.refusedAt = now
            new.refusedToken = token
        }
        let end = now + wait(verdict, new.failures, now, jitter)
        if isNewer {
            let keeps = (old.rank == 3 && rank == 1) || (old.rank == 2 && verdict == .serverError)
            new.rank = keeps ? old.rank : rank
            new.until = keeps ? max(old.until, end) : end
        } else {
            new.rank = rank
            if rank != 3 || old.rank != 3 { new.until = max(old.until, end) }
        }
        return new
    }

    private static func wait(_ verdict: ReportedVerdict, _ failures: Int, _ now: UInt64, _ jitter: UInt64) -> UInt64 {
        var (wait, most): (UInt64, UInt64) = (0, .max)
        var grows = true
        switch verdict {
        case .ok: break
        case .unauthorized: (wait, most) = (30_000, 900_000)
        case .serverError: (wait, most) = (5_000, 900_000)
        case .limited(let asked):
            if asked == 0 { (wait, most) = (60_000, 900_000) } else { (wait, grows) = (min(asked, 86_400_000), false) }
        case .paymentRequired(let until):
            if until > now { (wait, grows) = (min(until - now, 31 * 86_400_000), false) } else { (wait, most) = (3_600_000, 86_400_000) }
        }
        if grows { for _ in 1..<max(min(failures, 17), 2) where failures > 1 { wait = min(wait * 2, most) } }
        return wait + wait * jitter / 10_240
    }
}
