import CofferStore
import CofferUpstream

// Liveness (decisions 16).
extension TokenIssuer {
    /// Asks the upstream whether the credential lives.
    /// - Throws: `invalidArgument` where the provider has no check that the credential has the tokens for, `notFound`, `locked`, …
    public func check(_ number: UInt64, by principal: String) async throws(CredentialError) -> CheckReport {
        let credential = try ready(number)
        guard let provider = providers.find(credential.provider) else {
            throw CredentialError(.notFound, "provider", "its provider is not there any more")
        }
        // What says how a pool's token stands says nothing about a member.
        let checks = provider.steps(.check).filter { $0.isOffered(credential.parameters) && $0.consumes != Pool.ownKind }
        let available = credential.available.union(credential.parameters.keys)
        let able = checks.filter { $0.needs.isSubset(of: available) }
        guard let step = able.first(where: { $0.replay(credential.parameters) != .never }) else {
            let why = able.isEmpty ? "that this credential has the tokens for" : "that does not use up what it presents (its 'replay' is never)"
            throw CredentialError(.invalidArgument, "provider", "provider '\(provider.name)' has no check \(why)")
        }
        let (result, presented) = try await send(credential, provider, step, [:])
        let context = context
        let kind = Self.presented(by: step)
        let (verdict, reason) = try await engine.writer.write(number) { () throws(CredentialError) in
            let present = try context.directory.existing(number)
            let stored = kind.isEmpty ? nil : try context.token(of: number, kind: kind)
            let isNewer = TokenFingerprint.of(stored) != presented || [.claimed, .dialled].contains(present.state.phase)
            var state = present.state
            let judged = LivenessRules.judge(result.verdict, result.reason, &state, isNewer: isNewer, now: context.now)
            let mutations: [Mutation] = state == present.state ? [] : [
                .putDocument(.credentialStates, try .number(number), CredentialDocuments.encode(state), expected: .any)
            ]
            return (judged, mutations)
        }
        let now = context.directory.credential(number) ?? credential
        return CheckReport(verdict: verdict, credential: now, result: result, reason: CredentialState.bounded(reason))
    }
}
