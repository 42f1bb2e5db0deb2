import CofferStore

/// Whose turn it is in a run: the longest not served first, at most the schedule's count. Without I/O.
struct RunSelection: Sendable {
    /// Between two live checks of a credential, milliseconds.
    static let checkFloor: UInt64 = 600_000

    var chosen: [UInt64] = []
    /// Why not, by frequency.
    var skipped: [String: UInt32] = [:]

    /// - Parameters:
    ///   - candidates: those that the target covers.
    ///   - lastChecks: when a check was tried last, where the credential itself does not know it.
    init(_ schedule: Schedule, among candidates: [Credential], lastChecks: [UInt64: UInt64] = [:], now: UInt64) {
        var turns: [(time: UInt64, number: UInt64)] = []
        for credential in candidates {
            if let why = Self.reason(against: credential, schedule, lastChecks[credential.number] ?? 0, now) {
                skipped[why, default: 0] += 1
            } else {
                turns.append((Self.lastTurn(of: credential, schedule), credential.number))
            }
        }
        turns.sort { $0 < $1 }
        var served = 0
        if schedule.state.interrupted != 0 {
            // The run is taken up: who had their turn before it was interrupted has had it.
            let firstServed = turns.firstIndex { $0.time >= schedule.state.interrupted } ?? turns.endIndex
            served = turns.count - firstServed
            turns.removeSubrange(firstServed...)
            if served > 0 { skipped["served before the interruption"] = UInt32(clamping: served) }
        }
        let count = schedule.count == 0 ? turns.count : min(turns.count, max(Int(schedule.count) - served, 0))
        chosen = turns[..<count].map(\.number)
    }

    var skippedCount: UInt32 { skipped.values.reduce(0, +) }

    /// A failure was a turn too: it goes behind the others.
    static func lastTurn(of credential: Credential, _ schedule: Schedule) -> UInt64 {
        let served = schedule.action == .check ? credential.state.lastCheck : credential.state.lastRefresh
        return max(served, schedule.state.turns[credential.number] ?? 0)
    }

    private static func reason(against credential: Credential, _ schedule: Schedule, _ lastCheck: UInt64, _ now: UInt64) -> String? {
        let state = credential.state
        if !credential.isEnabled { return "disabled" }
        if state.phase == .cooling, state.until > now { return "cooling" }
        switch schedule.action {
        case .check:
            let last = max(state.lastCheck, lastCheck)
            if last != 0, now < last || now - last < checkFloor { return "checked less than 10 minutes ago" }
            // Only a second verdict lets a dead one be pruned.
            if state.phase == .dead, schedule.prune == nil || PruneRule.isConfirmed(credential) { return "dead" }
        case .relogin:
            // A new login is what may bring a dead session back; after a refused one a person must act.
            if state.phase == .needsPerson { return "needs-person" }
            if state.loginRefused != 0 { return "the login was refused" }
        default:
            if state.phase == .needsPerson || state.phase == .dead { return state.phase.word }
        }
        return nil
    }
}
