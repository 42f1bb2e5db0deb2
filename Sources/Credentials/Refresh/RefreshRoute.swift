import CofferUpstream

/// Which step comes next on the way to the tokens that are wanted (decisions 15). Pure: facts in, a step out.
struct RefreshRoute {
    let provider: Provider
    let credential: Credential
    let task: RefreshTask
    /// Fingerprints of the tokens that lie in the store, by kind.
    let fingerprints: [String: [UInt8]]
    /// Whether tokens of which nobody knows whether they are used up may be presented.
    var takesDoubtful = false

    enum Next {
        case done
        case step(ProviderStep)
        /// For people.
        case noWay(String)
    }

    func next(now: UInt64) -> Next {
        // What others are made of first: a share token is made of the new access token, not of the old one.
        let open = task.kinds.subtracting(task.got).sorted { (Self.rank($0), $0) < (Self.rank($1), $1) }
        guard let kind = open.first else { return .done }
        let live = tokens { credential.fact($0)?.isLive(at: now) ?? false }
        // Where nothing lives, the upstream judges, not the clock.
        let all = tokens { _ in true }
        for tokens in live == all ? [live] : [live, all] {
            let available = fields.union(tokens)
            if let way = provider.route(
                to: kind, available: available, parameters: credential.parameters, avoiding: [], allowsLogin: allowsLogin),
                let step = way.first
            {
                return .step(step)
            }
        }
        return .noWay(reason(kind))
    }

    private static func rank(_ kind: String) -> Int {
        switch kind {
        case "session": 0
        case "refresh": 1
        case "access": 2
        default: 3
        }
    }

    private var fields: Set<String> { credential.available.subtracting(credential.tokens.map(\.kind)) }

    private func tokens(_ isWanted: (String) -> Bool) -> Set<String> {
        var kinds: Set<String> = []
        for kind in credential.tokens.map(\.kind) where isWanted(kind) {
            if task.relogin, !task.got.contains(kind) { continue }
            let fingerprint = fingerprints[kind] ?? []
            if let dead = task.dead[kind], dead == fingerprint { continue }
            if !takesDoubtful, !fingerprint.isEmpty, fingerprint == credential.state.doubtful { continue }
            kinds.insert(kind)
        }
        return kinds
    }

    private var allowsLogin: Bool {
        if task.relogin { return !task.dead.keys.contains(Self.login) }
        guard credential.state.loginRefused == 0 else { return false }
        let names = Set(credential.secretNames)
        return names.contains("password") && (names.contains("username") || !credential.email.isEmpty)
    }

    /// In ``RefreshTask/dead``: the login itself was refused on the way.
    static let login = "login"

    private func reason(_ kind: String) -> String {
        if task.relogin { return "there is no login that leads to a token of kind '\(kind)'" }
        if credential.state.loginRefused != 0 { return "the login was refused, and nothing else leads to a token of kind '\(kind)'" }
        let reason = "nothing that is stored leads to a token of kind '\(kind)'"
        return missing(kind).map { "\(reason): \($0) missing" } ?? reason
    }

    /// What the way that lacks least lacks.
    private func missing(_ kind: String) -> String? {
        let lacks = provider.steps.filter { $0.gives.contains(kind) && $0.purpose.makesTokens && $0.isOffered(credential.parameters) }
            .map { $0.needs.subtracting(credential.available) }.filter { !$0.isEmpty }
        guard let least = lacks.min(by: { ($0.count, $0.sorted().joined()) < ($1.count, $1.sorted().joined()) }) else { return nil }
        return least.sorted().joined(separator: " and ") + (least.count == 1 ? " is" : " are")
    }
}
