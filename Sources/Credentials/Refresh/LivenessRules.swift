import CofferUpstream

/// What a liveness check means (decisions 16). Pure.
enum LivenessRules {
    /// - Parameters:
    ///   - isNewer: a newer fact is there: another token, or a refresh on its way. Then the verdict is about what is no longer there.
    static func judge(
        _ verdict: StepVerdict, _ reason: String, _ state: inout CredentialState, isNewer: Bool, now: UInt64
    ) -> (verdict: CheckReport.Verdict, reason: String) {
        if isNewer { return (.unknown, "the token was replaced, or is being replaced, while it was checked") }
        switch verdict {
        case .ok:
            note("live", &state, now)
            // A refresh's verdict stands: it was about another token.
            if state.phase == .dead, state.suspectSince != 0 { state.move(to: .idle, at: now, why: "a check says that it lives") }
            state.suspectSince = 0
            return (.live, "live")
        case .dead:
            note(reason, &state, now)
            guard state.suspectSince != 0 else {
                state.suspectSince = max(now, 1)
                return (.suspect, reason)
            }
            guard now >= state.suspectSince, now - state.suspectSince >= RefreshPace.betweenVerdicts else { return (.suspect, reason) }
            if state.phase == .idle || state.phase == .cooling { state.move(to: .dead, at: now, why: reason) }
            return (.dead, reason)
        case .limited, .needsPerson, .down:
            state.result = CredentialState.bounded("check: \(reason)")
            state.resultTime = now
            return (.unknown, reason)
        }
    }

    private static func note(_ reason: String, _ state: inout CredentialState, _ now: UInt64) {
        state.lastCheck = now
        state.result = CredentialState.bounded("check: \(reason)")
        state.resultTime = now
    }
}
