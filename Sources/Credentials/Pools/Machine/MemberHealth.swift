/// How one member stands, as callers' reports tell: a value with the rules of what follows upon what. Times are Unix milliseconds.
struct MemberHealth: Equatable, Sendable {
    var state = PoolMemberState.live
    /// End of waiting; behind it the member is half open: one request goes through, and its report decides.
    var until: UInt64 = 0
    var since: UInt64 = 0
    /// In a row; what the back-off grows with.
    var failures: UInt16 = 0
    var reason = ""
    /// The last report that counted; "" none.
    var verdict = ""
    var verdictTime: UInt64 = 0
    /// The first 401 that no `ok` contradicted since; 0: none.
    var refusedAt: UInt64 = 0
    /// When the token that it was about had been got.
    var refusedGeneration: UInt64 = 0
    /// When a refresh or a check was last asked for because of a 401.
    var attendedAt: UInt64 = 0

    /// Silence of an upstream that gives no time.
    static let limitedWait: UInt64 = 60_000
    static let serverWait: UInt64 = 5_000
    static let refusedWait: UInt64 = 30_000
    static let paymentWait: UInt64 = 3_600_000
    static let longestWait: UInt64 = 900_000
    static let longestPaymentWait: UInt64 = 86_400_000
    /// The most that an upstream's word is believed for.
    static let longestLimit: UInt64 = 86_400_000
    static let longestExhaustion: UInt64 = 31 * 86_400_000
    /// Between two refreshes or checks because of 401, and between the two refusals that make a member dead (decisions 16).
    static let floor: UInt64 = 600_000
    /// A refusal longer ago is no longer counted together with the next.
    static let memory: UInt64 = 86_400_000

    /// What a report is worth.
    struct Evidence: Sendable {
        var verdict: ReportedVerdict
        /// The token was handed out after what is known became known.
        var isNewer: Bool
        /// It is known which token the report is about.
        var isAttributed: Bool
        /// When that token had been got.
        var generation: UInt64
        var now: UInt64
        /// 0 to 1,023: waiting is longer by up to a tenth, so that not everything comes back at once.
        var jitter: UInt64
    }

    /// Whether waiting is over, or there is nothing to wait for.
    func isOpen(at now: UInt64) -> Bool { state == .live || (state != .dead && until <= now) }

    /// Whether the store must know. The thousandth `ok` in a row is not written: it goes along with the next change.
    func isWorthWriting(over old: MemberHealth) -> Bool {
        state != old.state || until != old.until || failures != old.failures || refusedAt != old.refusedAt
            || refusedGeneration != old.refusedGeneration || attendedAt != old.attendedAt
    }

    /// Takes a report in.
    /// - Returns: whether it counts. One that does not has changed nothing.
    mutating func take(_ evidence: Evidence) -> Bool {
        guard state != .dead else { return false }
        let counts = evidence.verdict == .ok ? succeed(evidence) : fail(evidence)
        if counts {
            verdict = evidence.verdict.word
            verdictTime = evidence.now
        }
        return counts
    }

    private mutating func succeed(_ evidence: Evidence) -> Bool {
        guard evidence.isNewer, evidence.isAttributed || state == .live else { return false }
        if state != .live { enter(.live, evidence.now, "") }
        until = 0
        failures = 0
        refusedAt = 0
        refusedGeneration = 0
        return true
    }

    private mutating func fail(_ evidence: Evidence) -> Bool {
        let meant = Self.state(of: evidence.verdict)
        if evidence.isNewer {
            if failures < .max { failures += 1 }
            if meant == .suspect, isFinal(evidence) {
                enter(.dead, evidence.now, "refused (401) again, with a fresh token, after \(Self.minutes(evidence.now - refusedAt)) minutes")
                until = 0
                return true
            }
            // A refused token is not good again because the upstream is slow; a used-up account not because it is down.
            let stays = (state == .suspect && meant == .cooling) || (state == .exhausted && evidence.verdict == .serverError)
            note(meant, evidence)
            let end = self.end(evidence)
            if stays {
                until = max(until, end)
            } else {
                until = end
                enter(meant, evidence.now, Self.reason(evidence.verdict))
            }
            return true
        }
        // Handed out before what is known became known: it can add to a failure, and takes nothing back.
        guard state != .live, meant.rawValue >= state.rawValue else { return false }
        note(meant, evidence)
        let end = self.end(evidence)
        if meant == state {
            // Two that were refused at the same time say the same thing once.
            if meant != .suspect { until = max(until, end) }
        } else {
            until = max(until, end)
            enter(meant, evidence.now, Self.reason(evidence.verdict))
        }
        return true
    }

    /// A second refusal, of another token than the first, some time later (decisions 16). Whoever cannot say which token was refused
    /// kills nobody.
    private func isFinal(_ evidence: Evidence) -> Bool {
        refusedAt != 0 && evidence.isAttributed && evidence.generation != refusedGeneration
            && evidence.now >= refusedAt && (Self.floor...Self.memory).contains(evidence.now - refusedAt)
    }

    private mutating func note(_ meant: PoolMemberState, _ evidence: Evidence) {
        guard meant == .suspect, refusedAt == 0 || evidence.now > refusedAt + Self.memory else { return }
        refusedAt = max(evidence.now, 1)
        refusedGeneration = evidence.generation
    }

    private func end(_ evidence: Evidence) -> UInt64 {
        let wait: UInt64
        switch evidence.verdict {
        case .ok: wait = 0
        case .unauthorized: wait = grown(Self.refusedWait, to: Self.longestWait)
        case .limited(0): wait = grown(Self.limitedWait, to: Self.longestWait)
        case .limited(let asked): wait = min(asked, Self.longestLimit)
        case .serverError: wait = grown(Self.serverWait, to: Self.longestWait)
        case .paymentRequired(let until) where until > evidence.now: wait = min(until - evidence.now, Self.longestExhaustion)
        case .paymentRequired: wait = grown(Self.paymentWait, to: Self.longestPaymentWait)
        }
        return evidence.now + wait + wait * min(evidence.jitter, 1_023) / 10_240
    }

    private func grown(_ wait: UInt64, to longest: UInt64) -> UInt64 {
        min(wait << UInt64(min(max(failures, 1) - 1, 16)), longest)
    }

    private mutating func enter(_ new: PoolMemberState, _ now: UInt64, _ why: String) {
        if new != state { since = now }
        state = new
        reason = why
    }

    private static func state(of verdict: ReportedVerdict) -> PoolMemberState {
        switch verdict {
        case .ok: .live
        case .limited, .serverError: .cooling
        case .paymentRequired: .exhausted
        case .unauthorized: .suspect
        }
    }

    private static func reason(_ verdict: ReportedVerdict) -> String {
        switch verdict {
        case .ok: ""
        case .unauthorized: "refused (401)"
        case .paymentRequired: "payment required or quota used up (402)"
        case .limited: "asked to wait (429)"
        case .serverError: "failed (5xx) or did not answer"
        }
    }

    private static func minutes(_ milliseconds: UInt64) -> UInt64 { milliseconds / 60_000 }

    // MARK: What is not reported

    /// The one request that was let through ended without a report. Whoever reports failures has none to tell: what only had to wait is
    /// live again, and its back-off goes on where it was if that was wrong. A refused token needs an `ok`; another one does not.
    /// - Parameter generation: when the token that was handed out had been got.
    mutating func hearNothing(about generation: UInt64, now: UInt64) {
        guard state != .live, state != .dead, until <= now, state != .suspect || generation != refusedGeneration else { return }
        enter(.live, now, "")
        until = 0
    }

    /// A fresh token, or a check that found the present one alive: the next request will tell.
    mutating func reconsider(now: UInt64) {
        if state == .suspect { until = min(until, now) }
    }

    /// A person's word.
    mutating func revive(now: UInt64) {
        let old = self
        self = MemberHealth()
        since = old.state == .live ? old.since : now
        attendedAt = old.attendedAt
    }
}
