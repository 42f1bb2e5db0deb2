import CofferStore
import CofferUpstream

/// What a refresh writes before its dial. On the change queue.
struct RefreshPlanning: Sendable {
    let context: CredentialContext
    let providers: ProviderService
    let number: UInt64

    enum Begun: Sendable {
        case claimed(fence: UInt64)
        case over(RefreshEnd)
    }

    /// Judges what was left, looks whether anything is to be done, and claims.
    func begin(_ wish: RefreshWish) throws(CredentialError) -> (Begun, [Mutation]) {
        try context.directory.requireReady()
        guard let credential = context.directory.credential(number) else { throw Self.gone }
        let sealed = try context.sealedParts(of: credential)
        var machine = RefreshMachine(state: credential.state, journal: sealed.journal)
        let now = context.now
        let before = machine
        if machine.journal != nil || credential.state.phase == .claimed || credential.state.phase == .dialled {
            if case .settle = machine.take(.restarted, at: now) {
                return (.over(RefreshEnd(error: machine.state.error(now))), try mutations(before, machine))
            }
        }
        var task = RefreshTask(kinds: wish.kinds, relogin: wish.relogin)
        if let left = machine.journal?.attempt.task {
            task.kinds.formUnion(left.kinds)
            task.dead = left.dead
            if wish.need == .rest {
                task.got = left.got
                task.relogin = left.relogin
            }
        }
        func over(_ end: RefreshEnd) throws(CredentialError) -> (Begun, [Mutation]) {
            if before.journal?.stage != .uncertain, before.journal != nil || before.state.phase == .claimed {
                _ = machine.take(.dropped(reason: end.error?.message ?? "nothing more is wanted"), at: now)
            }
            return (.over(end), try mutations(before, machine))
        }
        if let error = refusal(wish, credential, now) { return try over(RefreshEnd(error: error)) }
        if case .left(let left) = wish.need, task.kinds.allSatisfy({ credential.fact($0)?.isLive(at: now, left: left) ?? false }) {
            return try over(RefreshEnd())
        }
        if let error = machine.refusal(wish.force, now) {
            let resumesAt = machine.journal?.stage == .uncertain && machine.state.phase == .cooling ? machine.state.until : 0
            return try over(RefreshEnd(error: error, resumesAt: resumesAt))
        }
        let attempt: RefreshAttempt
        switch try next(task, credential, sealed.fingerprints, wish.force, now) {
        case .success(let found): attempt = found
        case .failure(let error): return try over(RefreshEnd(error: error))
        }
        switch machine.take(.wanted(attempt, wish.force, reason: "\(attempt.step), for \(wish.principal)"), at: now) {
        case .claim: return (.claimed(fence: machine.state.fence), try mutations(before, machine))
        case .refuse(let error): return try over(RefreshEnd(error: error))
        default: return (.over(RefreshEnd(error: machine.state.error(now))), try mutations(before, machine))
        }
    }

    private func refusal(_ wish: RefreshWish, _ credential: Credential, _ now: UInt64) -> CredentialError? {
        if credential.deleted != 0 { return Self.gone }
        // A person may refresh a disabled one; by itself nothing happens to it.
        if !credential.isEnabled, wish.need != .anew { return .isDisabled }
        return nil
    }

    static let gone = CredentialError(.notFound, "credential", "there is no such credential")

    /// The dial that comes next on the way to what is wanted.
    func next(
        _ task: RefreshTask, _ credential: Credential, _ fingerprints: [String: [UInt8]], _ force: RefreshForce, _ now: UInt64
    ) throws(CredentialError) -> Result<RefreshAttempt, CredentialError> {
        guard let provider = providers.find(credential.provider) else {
            return .failure(CredentialError(.needsPerson, "provider", "its provider is not there any more"))
        }
        let route = RefreshRoute(
            provider: provider, credential: credential, task: task, fingerprints: fingerprints,
            takesDoubtful: force.again && !task.relogin)
        switch route.next(now: now) {
        case .done: return .failure(CredentialError(.failed, "", "nothing is wanted"))
        case .noWay(let reason): return .failure(CredentialError(.needsPerson, "", reason))
        case .step(let step):
            let consumes = step.consumes ?? ""
            return .success(RefreshAttempt(
                step: step.name, consumes: consumes, fingerprint: fingerprints[consumes] ?? [], replay: step.replay(credential.parameters),
                isLogin: step.purpose == .login, task: task))
        }
    }

    enum Turn: Sendable {
        case send(PreparedCall, RefreshJournal)
        /// What was claimed is no longer what is there.
        case again
        case over(RefreshEnd)
    }

    /// The provider's turn has come: renders the request from what is there now, and says durably that it goes out.
    func turn(_ fence: UInt64) throws(CredentialError) -> (Turn, [Mutation]) {
        try context.directory.requireReady()
        guard let credential = context.directory.credential(number) else { throw Self.gone }
        let sealed = try context.sealedParts(of: credential)
        var machine = RefreshMachine(state: credential.state, journal: sealed.journal)
        let now = context.now
        let before = machine
        guard let journal = machine.journal, journal.fence == fence, journal.stage == .claimed else { return (.again, []) }
        guard credential.deleted == 0 else {
            _ = machine.take(.withdrawn(fence: fence, reason: "deleted", failed: false, jitter: 0), at: now)
            return (.over(RefreshEnd(error: Self.gone)), try mutations(before, machine))
        }
        guard let provider = providers.find(credential.provider), let step = provider.step(journal.attempt.step) else {
            return (.again, [])
        }
        let call: PreparedCall
        do throws(ProviderError) {
            call = try provider.prepare(
                step, values: sealed.values(of: credential), proxy: sealed.secrets["proxy"], rules: context.options.addresses)
        } catch {
            let event = RefreshMachine.Event.withdrawn(
                fence: fence, reason: error.description, failed: true, jitter: context.options.jitter())
            _ = machine.take(event, at: now)
            let until = max(machine.state.until, now)
            let refusal = CredentialError(.upstream, error.field, CredentialState.bounded(error.message), retryAfter: until - now)
            return (.over(RefreshEnd(error: refusal)), try mutations(before, machine))
        }
        let presented = journal.attempt.consumes.isEmpty ? [] : TokenFingerprint.of(sealed.tokens[journal.attempt.consumes])
        guard machine.take(.turn(fence: fence, fingerprint: presented), at: now) == .send, let dialled = machine.journal else {
            return (.again, [])
        }
        return (.send(call, dialled), try mutations(before, machine))
    }

    /// Nothing was sent, and nothing will be: the claim is taken back, the record of a dial that never left too.
    func withdraw(_ fence: UInt64, reason: String) throws(CredentialError) -> (RefreshEnd, [Mutation]) {
        try context.directory.requireReady()
        guard let credential = context.directory.credential(number) else { throw Self.gone }
        let sealed = try context.sealedParts(of: credential)
        var machine = RefreshMachine(state: credential.state, journal: sealed.journal)
        let before = machine
        let now = context.now
        if let journal = machine.journal, journal.fence == fence, journal.stage == .dialled {
            let answer = RefreshAnswer(
                verdict: .down, reason: reason, wasSent: false, isUnused: true, stored: journal.attempt.fingerprint)
            _ = machine.take(.answered(fence: fence, answer, jitter: context.options.jitter()), at: now)
        } else {
            _ = machine.take(.withdrawn(fence: fence, reason: reason, failed: false, jitter: 0), at: now)
        }
        return (RefreshEnd(error: machine.state.error(now)), try mutations(before, machine))
    }

    /// What the machine's change of mind writes.
    func mutations(_ before: RefreshMachine, _ after: RefreshMachine) throws(CredentialError) -> [Mutation] {
        let name = try DocumentName.number(number)
        var mutations: [Mutation] = []
        if after.state != before.state {
            mutations.append(.putDocument(.credentialStates, name, CredentialDocuments.encode(after.state), expected: .any))
        }
        if after.journal != before.journal {
            if let journal = after.journal {
                mutations.append(.putDocument(.refreshJournal, name, CredentialDocuments.encode(journal), expected: .any))
            } else {
                mutations.append(.deleteDocument(.refreshJournal, name, expected: .any))
            }
        }
        return mutations
    }
}

extension CredentialError {
    static let isDisabled = CredentialError(.denied, "enabled", "the credential is disabled")
}
