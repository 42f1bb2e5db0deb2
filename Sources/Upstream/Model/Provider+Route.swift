extension Provider {
    /// The cheapest way to a token of `kind` (decisions 15): steps in order; nil: there is none.
    ///
    /// Of ways of the same cost the one with fewer steps is taken, then the one that comes first in the file.
    /// - Parameters:
    ///   - available: names of values at hand: living tokens, login fields. The token itself need not be missing: a way always
    ///     ends in a step that gives it.
    ///   - parameters: their texts; they count as at hand too, as do defaults.
    ///   - avoiding: names of steps that must not be used (a dead session).
    ///   - allowsLogin: whether steps of purpose `login` may be used.
    public func route(
        to kind: String, available: Set<String>, parameters: [String: String], avoiding: Set<String> = [], allowsLogin: Bool = true
    ) -> [ProviderStep]? {
        let given = available.union(parameters.filter { !$0.value.isEmpty }.keys)
        let usable = steps.filter { step in
            step.purpose.makesTokens && !step.gives.isEmpty && !avoiding.contains(step.name) && step.isOffered(parameters)
                && (allowsLogin || step.purpose != .login)
        }
        // Dijkstra over sets of tokens at hand: there are five kinds.
        var best: [Set<String>: Way] = [given: Way()]
        var settled: Set<Set<String>> = []
        var result: Way?
        while let (state, way) = best.filter({ !settled.contains($0.key) }).min(by: { $0.value.precedes($1.value) }) {
            settled.insert(state)
            if let result, !way.precedes(result) { break }
            for (index, step) in usable.enumerated() where step.needs.isSubset(of: state) {
                let next = way.adding(index, step.cost)
                if step.gives.contains(kind) {
                    if result.map({ next.precedes($0) }) ?? true { result = next }
                    continue
                }
                let reached = state.union(step.gives)
                if reached != state, best[reached].map({ next.precedes($0) }) ?? true { best[reached] = next }
            }
        }
        return result.map { $0.steps.map { usable[$0] } }
    }

    private struct Way {
        var cost: UInt64 = 0
        var steps: [Int] = []

        func adding(_ step: Int, _ cost: UInt32) -> Way { Way(cost: self.cost + UInt64(cost), steps: steps + [step]) }

        func precedes(_ other: Way) -> Bool {
            if cost != other.cost { return cost < other.cost }
            if steps.count != other.steps.count { return steps.count < other.steps.count }
            return steps.lexicographicallyPrecedes(other.steps)
        }
    }
}
