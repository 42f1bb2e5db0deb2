/// What a pool needs to know of a member's credential; follows the credential.
struct MemberStanding: Equatable, Sendable {
    enum Fitness: Equatable, Sendable {
        /// The token lives; when it was got.
        case live(generation: UInt64)
        /// A token can be got by refreshing.
        case refreshable
        case unfit
    }

    /// Whether it is there, enabled, and not dead.
    var takesPart = false
    /// Unix milliseconds from which it may be refreshed; `nil`: not at all, or not before a person acted.
    var refreshFrom: UInt64?
    var tokens: [TokenFact] = []

    init() {}

    init(_ credential: Credential) {
        takesPart = credential.deleted == 0 && credential.isEnabled && credential.state.phase != .dead
        tokens = credential.tokens
        // Only whether there is anything to refresh with: which way it goes, and whether one is open, is known when it is gone.
        let hasMeans = !credential.secretNames.isEmpty || credential.tokens.contains { $0.kind != "access" }
        switch credential.state.phase {
        case .needsPerson, .dead: refreshFrom = nil
        case .cooling: refreshFrom = hasMeans ? credential.state.until : nil
        case .idle, .claimed, .dialled: refreshFrom = hasMeans ? 0 : nil
        }
    }

    /// A pool's own token, which is not refreshed from here.
    init(own fact: TokenFact) {
        takesPart = true
        tokens = [fact]
    }

    func fitness(_ kind: String, left: UInt64, at now: UInt64) -> Fitness {
        guard takesPart else { return .unfit }
        for fact in tokens where fact.kind == kind && fact.isLive(at: now, left: left) { return .live(generation: fact.obtained) }
        if let refreshFrom, refreshFrom <= now { return .refreshable }
        return .unfit
    }

    /// When the token of a kind was got; 0: there is none.
    func generation(_ kind: String) -> UInt64 {
        for fact in tokens where fact.kind == kind { return fact.obtained }
        return 0
    }

    /// Whether a token is there that `old` did not have.
    func isFresher(than old: MemberStanding) -> Bool {
        tokens.contains { fact in fact.obtained != old.generation(fact.kind) }
    }
}
