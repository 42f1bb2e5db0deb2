/// When a credential may be disabled or removed by itself (decisions 16). Without I/O.
enum PruneRule {
    /// Between the two verdicts, milliseconds.
    static let distance: UInt64 = 600_000

    /// Whether two definite verdicts at least ten minutes apart say that it is dead, and nothing said otherwise since.
    static func isConfirmed(_ credential: Credential) -> Bool {
        guard let (first, last) = verdicts(of: credential) else { return false }
        return last - first >= distance
    }

    /// Why it is pruned, or is not.
    static func reason(for credential: Credential) -> String {
        if isConfirmed(credential) {
            return "dead by two verdicts at least ten minutes apart"
                + (credential.state.reason.isEmpty ? "" : ": \(credential.state.reason)")
        }
        switch credential.state.phase {
        case .dead: return "dead by one verdict only: a check at least ten minutes later must say the same"
        case .needsPerson: return "waits for a person; that is no verdict"
        case .cooling: return "the upstream could not be asked lately; that is no verdict"
        default: return credential.state.suspectSince != 0 ? "suspect: one check said dead, a second has not" : "not dead"
        }
    }

    /// The first and the last time that something said dead.
    private static func verdicts(of credential: Credential) -> (first: UInt64, last: UInt64)? {
        let state = credential.state
        guard state.phase == .dead else { return nil }
        guard state.suspectSince != 0 else { return (state.since, state.since) }
        // A live check would have cleared it: the last check said dead as well.
        let last = max(state.lastCheck, state.since, state.suspectSince)
        return (min(state.suspectSince, state.since == 0 ? state.suspectSince : state.since), last)
    }
}
