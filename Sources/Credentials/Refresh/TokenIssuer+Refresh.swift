import CofferStore
import CofferUpstream

// Getting tokens anew on request.
extension TokenIssuer {
    /// Gets tokens anew now; joins a refresh that runs (decisions 14).
    /// - Returns: also where it was dialled in vain: see ``RefreshReport/error``.
    /// - Throws: where nothing was dialled: `notFound`, `needsPerson` (also where nothing that is stored leads to a token), `dead`,
    ///   `limited` or `upstream` while cooling, `invalidArgument` for kinds, `busy`, `locked`, …
    public func refresh(
        _ number: UInt64, options: RefreshOptions = RefreshOptions(), by principal: String
    ) async throws(CredentialError) -> RefreshReport {
        try context.directory.requireReady()
        let credential = try context.directory.existing(number)
        guard !options.kinds.isEmpty else { throw CredentialError(.invalidArgument, "kinds", "no kind of token is asked for") }
        let force = RefreshForce(again: options.again, hastens: options.hastens || options.again)
        // At once, without a place in the queue.
        if let error = RefreshMachine(state: credential.state, journal: nil).refusal(force, context.now) { throw error }
        let need: RefreshWish.Need = options.onlyIfDue ? .left(lead(of: credential, options.kinds)) : .anew
        let wish = RefreshWish(kinds: options.kinds, need: need, relogin: options.relogin, force: force, principal: principal)
        var end = RefreshEnd()
        // A refresh that was joined may have turned out to have nothing to dial.
        for _ in 0..<3 {
            end = await withCheckedContinuation { continuation in
                engine.refresh(number, wish) { continuation.resume(returning: $0) }
            }
            if end.dialled || end.error != nil || options.onlyIfDue { break }
        }
        guard end.dialled else {
            if options.onlyIfDue, end.error == nil {
                return RefreshReport(credential: context.directory.credential(number) ?? credential)
            }
            throw end.error ?? CredentialError(.busy, "", "others refresh it without end", retryAfter: 1_000)
        }
        var optional: [String: StepResult] = [:]
        if end.error == nil {
            for step in options.optionalSteps {
                // Facts about an account are no part of the refresh: what went wrong with them stays out of its result.
                optional[step] = try? await perform(number, step: step, by: principal)
            }
        }
        let now = context.directory.credential(number) ?? credential
        return RefreshReport(credential: now, result: end.result, dialled: true, error: end.error, optional: optional)
    }

    /// The shortest lead of the kinds, in milliseconds.
    private func lead(of credential: Credential, _ kinds: Set<String>) -> UInt64 {
        let lead = providers.find(credential.provider)?.lead ?? 0
        return kinds.compactMap { credential.fact($0)?.leadTime(lead) }.min() ?? 0
    }
}
