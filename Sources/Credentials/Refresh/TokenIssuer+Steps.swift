import CofferAccounts
import CofferStore
import CofferUpstream

// Steps that use no token up: checks, information, shares.
extension TokenIssuer {
    /// Runs one step of purpose check, info, share, unshare, summary, reload, quota, pool, unpool or other. Tokens that it gives are saved
    /// before this returns, but for a pool's.
    /// - Parameter values: of this call alone; they go before what the credential has.
    /// - Throws: `invalidArgument` for an unknown step, one that could use a token up, or one that lacks a value; `notFound`, `busy`,
    ///   `locked`, …
    public func perform(
        _ number: UInt64, step name: String, values: [String: SecretBuffer] = [:], by principal: String
    ) async throws(CredentialError) -> StepResult {
        let credential = try ready(number)
        let (provider, step) = try step(of: credential, name)
        let (result, _) = try await send(credential, provider, step, values)
        try await keep(result, of: number, step)
        return result
    }

    func ready(_ number: UInt64) throws(CredentialError) -> Credential {
        try context.directory.requireReady()
        return try context.directory.existing(number)
    }

    private func step(of credential: Credential, _ name: String) throws(CredentialError) -> (Provider, ProviderStep) {
        guard let provider = providers.find(credential.provider) else {
            throw CredentialError(.notFound, "provider", "its provider is not there any more")
        }
        guard let step = provider.step(name) else {
            throw CredentialError(.invalidArgument, "step", "provider '\(provider.name)' has no step of this name")
        }
        // Whatever presents a token that can be used up goes through the refresh.
        let usesUp = step.consumes != nil && step.replay(credential.parameters) != .safe
        guard ![.refresh, .login, .exchange].contains(step.purpose), !usesUp || step.purpose == .unshare || step.purpose == .unpool else {
            throw CredentialError(.invalidArgument, "step", "this step is part of a refresh, and is not run by itself")
        }
        return (provider, step)
    }

    /// Sends a request that uses no token up, at the provider's pace.
    /// - Returns: the answer, and the fingerprint of the token that was presented.
    func send(
        _ credential: Credential, _ provider: Provider, _ step: ProviderStep, _ values: [String: SecretBuffer]
    ) async throws(CredentialError) -> (result: StepResult, presented: [UInt8]) {
        try context.requireInEarnest()
        guard engine.registry.isOpen else { throw RefreshRegistry.stopping }
        let ticket = try await engine.turns.enter(provider.name, concurrency: provider.concurrency, gap: provider.gap)
        defer { engine.turns.leave(provider.name, ticket) }
        let context = context
        let number = credential.number
        // Read when its turn has come: a refresh may have been in between.
        let sealed: SealedParts = try await context.queue.run { () throws(CredentialError) in
            try context.sealedParts(of: try context.directory.existing(number))
        }
        let call: PreparedCall
        do throws(ProviderError) {
            let all = sealed.values(of: context.directory.credential(number) ?? credential).merging(values) { _, given in given }
            call = try provider.prepare(step, values: all, proxy: sealed.secrets["proxy"], rules: context.options.addresses)
        } catch { throw CredentialError(.invalidArgument, error.field, CredentialState.bounded(error.message)) }
        guard engine.registry.isOpen else { throw RefreshRegistry.stopping }
        engine.turns.started(provider.name, ticket)
        let result = await context.transport.send(call)
        engine.count(dial: provider.name, result.verdict)
        let kind = Self.presented(by: step)
        return (result, TokenFingerprint.of(values[kind] ?? sealed.tokens[kind]))
    }

    /// The kind that a verdict of the step is about.
    static func presented(by step: ProviderStep) -> String {
        if let consumes = step.consumes { return consumes }
        return ["access", "share", "session", "refresh"].first { step.needs.contains($0) } ?? ""
    }

    private func keep(_ result: StepResult, of number: UInt64, _ step: ProviderStep) async throws(CredentialError) {
        // A pool's token is the pool's, whichever member asked for it.
        guard result.verdict == .ok, ![.pool, .unpool].contains(step.purpose) else { return }
        let context = context
        let given = result.values.filter { step.gives.contains($0.key) && $0.value.count > 0 }
        guard !given.isEmpty else { return }
        try await engine.writer.write(number) { () throws(CredentialError) in
            _ = try context.directory.existing(number)
            var mutations: [Mutation] = []
            for (kind, value) in given.sorted(by: { $0.key < $1.key }) {
                let fact = TokenFact(
                    kind: kind, expires: result.expiries[kind] ?? TokenExpiry.ofJWT(value) ?? 0, obtained: context.now)
                mutations.append(.putDocument(
                    .credentialTokens, try .token(number, kind), CredentialDocuments.encode(token: value, fact), expected: .any))
            }
            return ((), mutations)
        }
    }
}
