import CofferUpstream

// What an answer means.
extension RefreshMachine {
    mutating func answered(_ fence: UInt64, _ answer: RefreshAnswer, _ jitter: Double, _ now: UInt64) -> Action {
        guard let journal, journal.stage == .dialled, journal.fence == fence else { return .settle(.superseded) }
        state.result = CredentialState.bounded(answer.verdict == .ok ? "ok" : answer.reason)
        state.resultTime = now
        let attempt = journal.attempt
        // A person has put another one there, or the answer of an earlier dial was it.
        let isStale = !attempt.fingerprint.isEmpty && attempt.fingerprint != answer.stored
        switch answer.verdict {
        case .ok:
            return renewed(attempt, now)
        case .dead:
            if isStale { return rest(.stale, "a verdict on a token that is no longer there", now) }
            if attempt.isLogin { state.loginRefused = now }
            if answer.hasOtherWay { return rest(.otherWay, answer.reason, now) }
            return settle(.dead, answer.reason, now)
        case .needsPerson:
            if isStale { return rest(.stale, "a verdict on a token that is no longer there", now) }
            if attempt.isLogin { state.loginRefused = now }
            if attempt.isLogin, answer.hasOtherWay { return rest(.otherWay, answer.reason, now) }
            // The person decides; until then it is not presented again, whatever else changes.
            if attempt.replay != .safe, answer.wasSent, !answer.isUnused { state.doubtful = attempt.fingerprint }
            return settle(.needsPerson, answer.reason, now)
        case .limited(let asked):
            return failed(journal, answer, pause: RefreshPace.limited(asked), isUsed: answer.wasSent && !answer.isUnused, jitter, now)
        case .down:
            // What replaces the presented token has arrived: that one does not matter any more.
            if isStale || answer.gives.contains(attempt.consumes) { return cool(answer.reason, for: nil, jitter, now, forgets: true) }
            return failed(journal, answer, pause: nil, isUsed: answer.wasSent && !answer.isUnused, jitter, now)
        }
    }

    private mutating func renewed(_ attempt: RefreshAttempt, _ now: UInt64) -> Action {
        state.failures = 0
        state.suspectSince = 0
        state.lastRefresh = now
        if attempt.isLogin { state.loginRefused = 0 }
        if state.doubtful == attempt.fingerprint { state.doubtful = [] }
        return rest(.renewed, "renewed by \(attempt.step)", now)
    }

    /// No verdict, or not now.
    /// - Parameters:
    ///   - pause: as the upstream asked; `nil`: by the failures in a row.
    ///   - isUsed: this dial may have used the token up.
    private mutating func failed(
        _ journal: RefreshJournal, _ answer: RefreshAnswer, pause: UInt64?, isUsed: Bool, _ jitter: Double, _ now: UInt64
    ) -> Action {
        switch journal.attempt.replay {
        case .safe:
            return cool(answer.reason, for: pause, jitter, now, forgets: true)
        case .never:
            if isUsed { return doubt("\(answer.reason); \(Self.lost)", now) }
            return cool(answer.reason, for: pause, jitter, now, forgets: true)
        case .grace(let seconds):
            // Whether or not this dial used it: an earlier one may have.
            guard isUsed || journal.repeats else { return cool(answer.reason, for: pause, jitter, now, forgets: true) }
            state.failures = state.failures == .max ? .max : state.failures + 1
            let wait = pause ?? RefreshPace.inGrace(failures: state.failures, seconds: seconds)
            guard now + wait < journal.firstUse + UInt64(seconds) * 1_000 else {
                return doubt("\(answer.reason); \(Self.lost)", now)
            }
            self.journal?.stage = .uncertain
            state.move(to: .cooling, at: now, why: answer.reason)
            state.until = now + wait
            return .settle(.cooling)
        }
    }

    /// Back to where nothing is wrong.
    private mutating func rest(_ outcome: RefreshOutcome, _ why: String, _ now: UInt64) -> Action {
        journal = nil
        state.move(to: .idle, at: now, why: why)
        return .settle(outcome)
    }

    mutating func settle(_ phase: CredentialState.Phase, _ why: String, _ now: UInt64) -> Action {
        journal = nil
        if phase == .dead { state.suspectSince = 0 }
        state.move(to: phase, at: now, why: why)
        return .settle(phase == .dead ? .dead : .needsPerson)
    }

    /// - Parameter forgets: whether the journal goes; otherwise it was seen to already.
    mutating func cool(_ why: String, for pause: UInt64?, _ jitter: Double, _ now: UInt64, forgets: Bool = false) -> Action {
        if forgets { journal = nil }
        let wait: UInt64
        if let pause {
            // Being asked to wait is no failure.
            state.failures = 0
            wait = pause
        } else {
            state.failures = state.failures == .max ? .max : state.failures + 1
            wait = RefreshPace.backOff(failures: state.failures, jitter: jitter)
        }
        state.move(to: .cooling, at: now, why: why)
        state.until = now + wait
        return .settle(.cooling)
    }
}
