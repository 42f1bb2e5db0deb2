import CofferStore
import CofferUpstream

/// What an answer writes: one commit with the new tokens, the state, and the claim of the next dial where there is one. On the change
/// queue.
struct RefreshSaving: Sendable {
    let planning: RefreshPlanning
    let journal: RefreshJournal
    let result: StepResult
    let wish: RefreshWish
    /// Without what is only kept for people: the commit with it was refused.
    var isBare = false

    enum Saved: Sendable {
        /// The next dial is claimed.
        case next(fence: UInt64)
        case over(RefreshEnd)
    }

    /// Bytes of one token; what is longer is no token, and could not be written.
    static let longest = 262_144
    /// Bytes of an answer that is kept.
    private static let longestAnswer = 524_288

    private var context: CredentialContext { planning.context }

    /// An ok that brings none of the tokens that the step is for, or one that cannot be kept, is no ok: its refresh would still want them,
    /// and present the same token again at once.
    static func checked(_ result: StepResult, of step: ProviderStep) -> StepResult {
        guard result.verdict == .ok else { return result }
        var result = result
        let brought = step.gives.filter { (result.values[$0]?.count ?? 0) > 0 }
        let purpose = step.gives.subtracting(step.consumes.map { [$0] } ?? [])
        if let long = brought.filter({ (result.values[$0]?.count ?? 0) > longest }).min() {
            result.reason = "the answer's \(long) token has more than \(longest) bytes"
        } else if (purpose.isEmpty ? step.gives : purpose).isDisjoint(with: brought) {
            result.reason = "the answer has none of the tokens that step '\(step.name)' is for"
        } else {
            return result
        }
        result.verdict = .down
        return result
    }

    func plan() throws(CredentialError) -> (Saved, [Mutation]) {
        try context.directory.requireReady()
        guard let credential = context.directory.credential(planning.number) else { throw RefreshPlanning.gone }
        let sealed = try context.sealedParts(of: credential)
        let now = context.now
        var machine = RefreshMachine(state: credential.state, journal: sealed.journal)
        let before = machine
        var attempt = journal.attempt
        var changed = credential
        var fingerprints = sealed.fingerprints
        var secrets = sealed.secrets
        var mutations = try tokens(&changed, &fingerprints, &secrets, sealed, now)
        if !isBare { keepUnread(&secrets) }
        mutations += try fields(secrets, sealed.secrets, credential)

        attempt.task.got.formUnion(result.verdict == .ok ? Set(taken.keys) : [])
        let presented = attempt.fingerprint
        if result.verdict == .dead, !attempt.consumes.isEmpty { attempt.task.dead[attempt.consumes] = presented }
        if attempt.isLogin, result.verdict == .dead || result.verdict == .needsPerson { attempt.task.dead[RefreshRoute.login] = [] }
        var answer = RefreshAnswer(
            verdict: result.verdict, reason: result.reason, wasSent: result.wasSent, isUnused: result.isUnused,
            gives: Set(taken.keys), stored: attempt.consumes.isEmpty ? [] : sealed.fingerprints[attempt.consumes] ?? [])
        let other = try otherWay(attempt, changed, fingerprints, now)
        answer.hasOtherWay = other != nil
        let action = machine.take(.answered(fence: journal.fence, answer, jitter: context.options.jitter()), at: now)
        guard case .settle(let outcome) = action else { throw CredentialError(.failed, "", "an answer must settle its attempt") }
        changed.state = machine.state
        let saved = try goOn(outcome, attempt, changed, fingerprints, &machine, now)
        return (saved, mutations + (try planning.mutations(before, machine)))
    }

    /// Claims the next dial where there is one.
    private func goOn(
        _ outcome: RefreshOutcome, _ attempt: RefreshAttempt, _ credential: Credential, _ fingerprints: [String: [UInt8]],
        _ machine: inout RefreshMachine, _ now: UInt64
    ) throws(CredentialError) -> Saved {
        switch outcome {
        case .renewed where attempt.task.isDone:
            return .over(RefreshEnd())
        case .otherWay where attempt.isLogin:
            // Somebody wanted the login; that other tokens live is no answer to that.
            return .over(RefreshEnd(error: CredentialError(.needsPerson, "", CredentialState.bounded(result.reason))))
        case .renewed, .otherWay, .stale:
            guard credential.deleted == 0 else { return .over(RefreshEnd(error: RefreshPlanning.gone)) }
            let next: RefreshAttempt
            switch try planning.next(attempt.task, credential, fingerprints, wish.force, now) {
            case .success(let found): next = found
            case .failure(let error): return .over(RefreshEnd(error: error))
            }
            let action = machine.take(.wanted(next, wish.force, reason: "\(next.step), for \(wish.principal)"), at: now)
            if action == .claim { return .next(fence: machine.state.fence) }
            if case .refuse(let error) = action { return .over(RefreshEnd(error: error)) }
            return .over(RefreshEnd(error: machine.state.error(now)))
        case .superseded:
            let isThere = attempt.task.kinds.allSatisfy { credential.fact($0)?.isLive(at: now) ?? false }
            return .over(RefreshEnd(error: isThere ? nil : machine.state.error(now)))
        case .cooling:
            let resumesAt = machine.journal?.stage == .uncertain ? machine.state.until : 0
            return .over(RefreshEnd(error: machine.state.error(now), resumesAt: resumesAt))
        case .needsPerson, .dead, .withdrawn:
            return .over(RefreshEnd(error: machine.state.error(now)))
        }
    }

    private func otherWay(
        _ attempt: RefreshAttempt, _ credential: Credential, _ fingerprints: [String: [UInt8]], _ now: UInt64
    ) throws(CredentialError) -> RefreshAttempt? {
        guard result.verdict == .dead || result.verdict == .needsPerson else { return nil }
        var task = attempt.task
        var credential = credential
        if attempt.isLogin {
            task.relogin = false
            credential.state.loginRefused = max(now, 1)
        } else if result.verdict == .needsPerson {
            return nil
        }
        return try? planning.next(task, credential, fingerprints, wish.force, now).get()
    }

    // MARK: What the answer brought

    /// Token kinds that are saved. Errors that carry fields by chance give none.
    private var taken: [String: SecretBuffer] {
        guard result.verdict == .ok || (result.verdict == .down && (200..<300).contains(result.status)) else { return [:] }
        return result.values.filter { kind, value in
            (Provider.tokenKinds.contains(kind) || isGiven(kind)) && (1...Self.longest).contains(value.count)
                && (try? CredentialChecks.check(key: kind)) != nil
        }
    }

    private func isGiven(_ kind: String) -> Bool {
        guard let credential = context.directory.credential(planning.number) else { return false }
        return planning.providers.find(credential.provider)?.step(journal.attempt.step)?.gives.contains(kind) ?? false
    }

    private func tokens(
        _ credential: inout Credential, _ fingerprints: inout [String: [UInt8]], _ secrets: inout [String: SecretBuffer],
        _ sealed: SealedParts, _ now: UInt64
    ) throws(CredentialError) -> [Mutation] {
        var mutations: [Mutation] = []
        for (kind, value) in taken.sorted(by: { $0.key < $1.key }) {
            let fingerprint = TokenFingerprint.of(value)
            if let old = sealed.tokens[kind], isNewer(kind, credential, sealed) {
                // A person has put another one there: that one stays, and this one is not lost.
                if !value.isEqual(to: old.bytes) { secrets["answered_\(kind)"] = value }
                withExtendedLifetime(old) {}
                continue
            }
            if kind == "refresh", let old = sealed.tokens[kind], fingerprints[kind] != fingerprint { secrets[SealedParts.previous] = old }
            let fact = TokenFact(kind: kind, expires: result.expiries[kind] ?? TokenExpiry.ofJWT(value) ?? 0, obtained: now)
            mutations.append(.putDocument(
                .credentialTokens, try .token(credential.number, kind), CredentialDocuments.encode(token: value, fact), expected: .any))
            credential.tokens.removeAll { $0.kind == kind }
            credential.tokens.append(fact)
            fingerprints[kind] = fingerprint
        }
        credential.tokens.sort { $0.kind < $1.kind }
        return mutations
    }

    /// Whether somebody wrote this token since the claim.
    private func isNewer(_ kind: String, _ credential: Credential, _ sealed: SealedParts) -> Bool {
        if kind == journal.attempt.consumes, TokenFingerprint.of(sealed.tokens[kind]) != journal.attempt.fingerprint { return true }
        return (credential.fact(kind)?.obtained ?? 0) > journal.claimed && journal.claimed != 0
    }

    /// An answer that may hold the next token and could not be read stays, sealed, for a person (and goes with the next one that could).
    private func keepUnread(_ secrets: inout [String: SecretBuffer]) {
        guard !journal.attempt.consumes.isEmpty, journal.attempt.replay != .safe else { return }
        if result.verdict == .ok {
            secrets[SealedParts.unread] = nil
        } else if result.verdict == .down, (200..<300).contains(result.status), !result.isUnused,
            taken[journal.attempt.consumes] == nil, let body = result.body, body.count > 0
        {
            let length = min(body.count, Self.longestAnswer)
            secrets[SealedParts.unread] = SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: body.bytes[..<length]))
            withExtendedLifetime(body) {}
        }
    }

    /// The sealed fields, and the names of those that are set.
    private func fields(
        _ new: [String: SecretBuffer], _ old: [String: SecretBuffer], _ credential: Credential
    ) throws(CredentialError) -> [Mutation] {
        let isSame = new.count == old.count && new.allSatisfy { name, value in old[name] === value }
        guard !isBare, !isSame else { return [] }
        let name = try DocumentName.number(credential.number)
        var mutations: [Mutation] = [.putDocument(.credentialSecrets, name, CredentialDocuments.encode(secrets: new), expected: .any)]
        var changed = credential
        changed.secretNames = new.keys.sorted()
        if changed.secretNames != credential.secretNames {
            mutations.append(.putDocument(
                .credentials, name, CredentialDocuments.encode(changed), expected: .exactly(credential.revision)))
        }
        return mutations
    }
}
