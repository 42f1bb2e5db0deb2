import CofferUpstream

/// The rules of one credential's refresh (design.md 6, decisions 14 to 16): what may be dialled, and what an answer means.
///
/// A value without a clock, a store or a network. It holds what lies in the store, takes an event, changes itself and says what is to be
/// done: its new `state` and `journal` are committed before anything else happens, so that whoever reads them after a kill goes on from
/// there.
struct RefreshMachine: Equatable, Sendable {
    var state: CredentialState
    /// `nil`: nothing is on its way.
    var journal: RefreshJournal?

    enum Event: Sendable {
        /// This process has just found what the last one left.
        case restarted
        /// What it left is not to be pursued.
        case dropped(reason: String)
        /// Somebody wants this dial. Behind ``restarted`` where it is the first since the start.
        case wanted(RefreshAttempt, RefreshForce, reason: String)
        /// The provider's turn has come, and the request is ready.
        /// - Parameter fingerprint: of the token that is in it.
        case turn(fence: UInt64, fingerprint: [UInt8])
        /// It cannot be made, or is not to be made any more: nothing was sent.
        case withdrawn(fence: UInt64, reason: String, failed: Bool, jitter: Double)
        case answered(fence: UInt64, RefreshAnswer, jitter: Double)
    }

    enum Action: Equatable, Sendable {
        /// Commit, then wait for the turn.
        case claim
        /// Commit, then hand the request to the transport.
        case send
        /// Commit: this is what it came to.
        case settle(RefreshOutcome)
        /// Nothing is to be committed.
        case refuse(CredentialError)
        /// Nothing stands in the way; plan a dial. What was left is overwritten by its claim.
        case plan
    }

    mutating func take(_ event: Event, at now: UInt64) -> Action {
        switch event {
        case .restarted: restarted(now)
        case .dropped(let reason): dropped(reason, now)
        case .wanted(let attempt, let force, let reason): wanted(attempt, force, reason, now)
        case .turn(let fence, let fingerprint): turn(fence, fingerprint, now)
        case .withdrawn(let fence, let reason, let failed, let jitter): withdrawn(fence, reason, failed, jitter, now)
        case .answered(let fence, let answer, let jitter): answered(fence, answer, jitter, now)
        }
    }

    // MARK: What the last process left

    private mutating func restarted(_ now: UInt64) -> Action {
        guard let journal else {
            // They are written together; should one be missing, the careful reading counts.
            if state.phase == .dialled { return settle(.needsPerson, "the record of the last attempt is missing", now) }
            return .plan
        }
        // A claim sent nothing; what is uncertain is judged when it is wanted again.
        guard journal.stage == .dialled else { return .plan }
        switch journal.attempt.replay {
        case .safe:
            self.journal?.stage = .claimed
        case .grace:
            self.journal?.stage = .uncertain
            guard isWithinGrace(now) else { return doubt(Self.lost, now) }
        case .never:
            return doubt(Self.interrupted, now)
        }
        return .plan
    }

    static let interrupted = "stopped while the token was presented: nobody knows whether it is used up"
    static let lost = "the answer was lost: the token that was presented may be used up"

    /// Whether the token whose answer was lost may be presented again.
    private func isWithinGrace(_ now: UInt64) -> Bool {
        guard let journal, case .grace(let seconds) = journal.attempt.replay else { return false }
        // A clock that went back says nothing good.
        return now >= journal.firstUse && now - journal.firstUse < UInt64(seconds) * 1_000
    }

    /// What was left is not pursued: the credential is disabled, or nothing is wanted of it any more.
    private mutating func dropped(_ reason: String, _ now: UInt64) -> Action {
        if journal?.stage == .claimed, journal?.repeats != true { journal = nil }
        if journal != nil { journal?.stage = .uncertain }
        if state.phase == .claimed || state.phase == .dialled { state.move(to: .idle, at: now, why: reason) }
        return .settle(.withdrawn)
    }

    // MARK: Before the dial

    private mutating func wanted(_ attempt: RefreshAttempt, _ force: RefreshForce, _ reason: String, _ now: UInt64) -> Action {
        if let error = refusal(force, now) { return .refuse(error) }
        var firstUse: UInt64 = 0
        if let journal, journal.stage != .claimed || journal.repeats {
            // Not judged yet: somebody forgot to say that the process is a new one.
            guard journal.stage != .dialled else {
                return .refuse(CredentialError(.busy, "", "the credential is being refreshed", retryAfter: 1_000))
            }
            if journal.attempt.fingerprint != attempt.fingerprint {
                state.doubtful = journal.attempt.fingerprint
            } else if isWithinGrace(now) {
                firstUse = journal.firstUse
            } else if force.again {
                // Should this dial not go out either, it is as doubtful as before.
                state.doubtful = attempt.fingerprint
            } else {
                return doubt(Self.lost, now)
            }
        }
        if !attempt.fingerprint.isEmpty, attempt.fingerprint == state.doubtful, attempt.replay != .safe, !force.again {
            return doubt(Self.lost, now)
        }
        state.fence += 1
        state.move(to: .claimed, at: now, why: reason)
        journal = RefreshJournal(
            stage: .claimed, fence: state.fence, attempt: attempt, claimed: now, firstUse: firstUse, repeats: firstUse != 0)
        return .claim
    }

    /// The outcome of a dial is not known, and its token must not be presented again.
    mutating func doubt(_ why: String, _ now: UInt64) -> Action {
        if let journal { state.doubtful = journal.attempt.fingerprint }
        return settle(.needsPerson, why, now)
    }

    /// Why nothing may be dialled now, whatever it is; `nil`: it may.
    func refusal(_ force: RefreshForce, _ now: UInt64) -> CredentialError? {
        switch state.phase {
        case .idle, .claimed, .dialled: nil
        case .cooling:
            if force.hastens || state.until <= now { nil } else { state.error(now) }
        case .needsPerson, .dead:
            if force.again { nil } else { state.error(now) }
        }
    }

    private mutating func turn(_ fence: UInt64, _ fingerprint: [UInt8], _ now: UInt64) -> Action {
        guard var journal, journal.stage == .claimed, journal.fence == fence, state.phase == .claimed,
            journal.attempt.fingerprint == fingerprint
        else { return .plan }
        // It may have waited long for its turn.
        if journal.repeats, !isWithinGrace(now) { return .plan }
        journal.stage = .dialled
        if journal.firstUse == 0 { journal.firstUse = now }
        self.journal = journal
        state.move(to: .dialled, at: now, why: journal.attempt.step)
        return .send
    }

    private mutating func withdrawn(_ fence: UInt64, _ reason: String, _ failed: Bool, _ jitter: Double, _ now: UInt64) -> Action {
        guard let journal, journal.stage == .claimed, journal.fence == fence else { return .settle(.superseded) }
        // That its token was presented before, without an answer, stays.
        if journal.repeats { self.journal?.stage = .uncertain } else { self.journal = nil }
        guard failed, state.phase == .claimed else {
            if state.phase == .claimed { state.move(to: .idle, at: now, why: reason) }
            return .settle(.withdrawn)
        }
        state.result = CredentialState.bounded(reason)
        state.resultTime = now
        return cool(reason, for: nil, jitter, now)
    }
}

/// What a person may override.
struct RefreshForce: Equatable, Sendable {
    /// `needs-person` and `dead`.
    var again = false
    /// The end of cooling.
    var hastens = false
}

/// What an answer says to the machine: facts, no secrets.
struct RefreshAnswer: Equatable, Sendable {
    var verdict: StepVerdict
    var reason: String
    var wasSent: Bool
    var isUnused: Bool
    /// Token kinds that it brought.
    var gives: Set<String> = []
    /// Of the token that lies in the store now under the kind that was presented.
    var stored: [UInt8]
    /// Whether there is a way to what is wanted without the token, or the login, that this answer is about.
    var hasOtherWay = false
}

/// What an attempt came to.
enum RefreshOutcome: Equatable, Sendable {
    case renewed
    /// Dead or refused, and there is another way.
    case otherWay
    /// A verdict on a token that is no longer the one that was presented: it says nothing.
    case stale
    case cooling
    case needsPerson
    case dead
    /// Nothing was sent, nothing is wrong.
    case withdrawn
    /// The journal was no longer ours: a newer claim counts, or a person's change.
    case superseded
}

extension CredentialState {
    /// What an asker is told who got no token.
    func error(_ now: UInt64) -> CredentialError {
        switch phase {
        case .needsPerson: CredentialError(.needsPerson, "", reason.isEmpty ? "a person must act" : reason)
        case .dead: CredentialError(.dead, "", reason.isEmpty ? "the upstream says that it is over" : reason)
        case .cooling:
            CredentialError(
                isLimited ? .limited : .upstream, "", reason.isEmpty ? "the upstream could not be asked" : reason,
                retryAfter: until > now ? until - now : 1)
        case .idle, .claimed, .dialled: CredentialError(.upstream, "", result.isEmpty ? "no token was got" : result, retryAfter: 1_000)
        }
    }

    /// Cooling because the upstream asked for it: such a one is no failure.
    var isLimited: Bool { phase == .cooling && failures == 0 }
}
