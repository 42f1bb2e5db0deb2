extension PoolMachine {
    struct Judged: Equatable, Sendable {
        var effect: PoolReportResult.Effect
        var credential: UInt64
        /// Of the token that was reported.
        var kind = "access"
        /// The member was refused: its credential should be refreshed, or checked where there is nothing to refresh.
        var needsAttention = false
    }

    /// What a caller met with the token of a lease.
    /// - Returns: `nil`: no such lease, or it has ended.
    mutating func report(_ id: LeaseID, _ verdict: ReportedVerdict, now: UInt64, jitter: UInt64) -> Judged? {
        advance(to: now)
        guard let lease = leases.find(id) else { return nil }
        guard lease.isOut else { return Judged(effect: .repeated, credential: lease.credential) }
        return judge(lease, verdict, jitter)
    }

    /// What a caller met who does not know its lease. The member's newest lease counts as reported; without one the report can make a
    /// live member wait, but proves nothing good and kills nobody.
    /// - Returns: `nil`: no such member.
    mutating func report(of credential: UInt64, _ verdict: ReportedVerdict, now: UInt64, jitter: UInt64) -> Judged? {
        advance(to: now)
        guard let member = member(credential) else { return nil }
        if let lease = leases.newest(of: credential), lease.granted > member.joined { return judge(lease, verdict, jitter) }
        let kind = credential == 0 ? Pool.ownKind : "access"
        let evidence = MemberHealth.Evidence(
            verdict: verdict, isNewer: member.health.state == .live, isAttributed: false,
            generation: member.standing.generation(kind), now: clock, jitter: jitter)
        return take(evidence, of: credential, kind: kind, granted: events)
    }

    /// A lease that came to no use: its token could not be got. Says nothing about the member.
    mutating func giveBack(_ id: LeaseID, now: UInt64) {
        advance(to: now)
        guard let lease = leases.find(id), lease.isOut else { return }
        leases.close(id)
        release(lease) { _ in }
    }

    private mutating func judge(_ lease: PoolLease, _ verdict: ReportedVerdict, _ jitter: UInt64) -> Judged {
        leases.close(lease.id)
        release(lease) { _ in }
        guard let member = member(lease.credential), lease.granted > member.joined, isAboutPresentToken(lease, member) else {
            return Judged(effect: .outdated, credential: lease.credential, kind: lease.kind)
        }
        let evidence = MemberHealth.Evidence(
            verdict: verdict, isNewer: lease.granted > member.known, isAttributed: true,
            generation: member.standing.generation(lease.kind), now: clock, jitter: jitter)
        return take(evidence, of: lease.credential, kind: lease.kind, granted: lease.granted)
    }

    /// A token that was replaced since says nothing about the one that replaced it.
    private func isAboutPresentToken(_ lease: PoolLease, _ member: Member) -> Bool {
        let present = member.standing.generation(lease.kind)
        // Of one that was still to be got: it was got if it is not the one from before.
        return lease.isAwaiting ? present != lease.generation : present == lease.generation
    }

    private mutating func take(_ evidence: MemberHealth.Evidence, of credential: UInt64, kind: String, granted: UInt64) -> Judged {
        var judged = Judged(effect: .outdated, credential: credential, kind: kind)
        events += 1
        let (events, clock) = (events, clock)
        change(credential) { member in
            let before = member.health
            guard member.health.take(evidence) else { return }
            judged.effect = .taken
            if evidence.verdict != .ok {
                // What was handed out until now was handed out before this was known.
                member.known = events
            } else if before.state != .live {
                member.known = max(granted, member.known)
            }
            guard evidence.verdict == .unauthorized, member.health.state == .suspect, credential != 0,
                before.attendedAt == 0 || clock >= before.attendedAt + MemberHealth.floor
            else { return }
            member.health.attendedAt = max(clock, 1)
            judged.needsAttention = true
        }
        return judged
    }

    /// The event that a member's health rests upon, for ``cleared(_:since:now:)``.
    func knowledge(of credential: UInt64) -> UInt64 { member(credential)?.known ?? 0 }

    /// A check found a suspect's token alive: the next request will tell. Nothing where something was learned since the check began.
    mutating func cleared(_ credential: UInt64, since known: UInt64, now: UInt64) {
        advance(to: now)
        let clock = clock
        change(credential) { member in
            if member.known == known { member.health.reconsider(now: clock) }
        }
    }
}
