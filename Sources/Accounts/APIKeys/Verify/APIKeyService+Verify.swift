import CofferStore

// One call, one verdict (decisions 12). From memory: cost 0, unlimited keys, and blocks that cover the cost leave neither the thread nor
// the heap a byte. Everything else is a commit behind ``finish(_:completion:)``.
extension APIKeyService {
    /// What one look under the account's lock finds.
    private enum Look: Sendable {
        case gone
        /// Not the caller's to ask about.
        case foreign
        case refused(VerdictReason)
        case step(APIKeyAccount.Step)
    }

    /// - Parameters:
    ///   - now: Unix milliseconds.
    ///   - mayVerify: whether the caller may ask about keys of this tenant and name; otherwise the key is unknown to it.
    public func verify(
        _ request: VerifyRequest, now: UInt64, mayVerify: (TenantID, UnsafeRawBufferPointer) -> Bool
    ) -> VerifyOutcome {
        guard registry.isOpen else { return .verdict(Verdict(.locked)) }
        guard request.cost >= 0, request.cost <= APIKeyLimits.quota else { return .verdict(Verdict(.failed)) }
        guard let target = target(of: request.key) else { return .verdict(unknown()) }
        let account = target.account
        let (look, held) = account.lock.locked { () -> (Look, APIKeyEntry?) in
            guard let entry = account.entry else { return (.gone, nil) }
            guard mayVerify(entry.tenant, entry.nameBytes) else { return (.foreign, nil) }
            if let reason = entry.refusal(address: request.address, model: request.model, now: now) { return (.refused(reason), entry) }
            return (.step(account.take(request.cost, entry, now: now)), entry)
        }
        guard let entry = held else {
            if case .gone = look { return .verdict(unknown()) }
            return .verdict(Verdict(.unknown))
        }
        let step: APIKeyAccount.Step
        switch look {
        case .step(let taken): step = taken
        case .refused(let reason):
            if reason == .expired { noteEnd(account, entry, .expired) }
            return .verdict(account.verdict(reason, entry, scope: target.scope))
        case .gone, .foreign: return .verdict(unknown())
        }
        if step.isNewlySpent { spending.add(account) }
        switch step.result {
        case .taken: return .verdict(Verdict(.valid, entry, remaining: step.remaining, unlimited: step.unlimited, scope: target.scope))
        case .refused(let reason):
            if step.isExhausted { noteEnd(account, entry, .exhausted) }
            return .verdict(
                Verdict(
                    reason, entry, remaining: step.remaining, unlimited: step.unlimited, retryAfter: step.retryAfter, scope: target.scope))
        case .commit: return .needsCommit(PendingCharge(account: account, entry: entry, scope: target.scope, cost: request.cost))
        }
    }

    /// The same for HTTP doors. A cost out of range is `failed`.
    public func verify(
        key: [UInt8], address: ClientAddress?, model: [UInt8], cost: Int64, mayVerify: (TenantID, UnsafeRawBufferPointer) -> Bool
    ) async -> Verdict {
        let now = context.now
        let outcome = key.withUnsafeBytes { key in
            model.withUnsafeBytes { model in
                verify(VerifyRequest(key: key, address: address, model: model, cost: cost), now: now, mayVerify: mayVerify)
            }
        }
        switch outcome {
        case .verdict(let verdict): return verdict
        case .needsCommit(let charge):
            return await withCheckedContinuation { continuation in
                finish(charge) { continuation.resume(returning: $0) }
            }
        }
    }

    /// The keys may have gone with a lock between the first look and the look-up.
    func unknown() -> Verdict { Verdict(registry.isOpen ? .unknown : .locked) }

    // MARK: Lazily written status

    /// Writes what a verdict found, once, unless somebody changed the key meanwhile.
    func noteEnd(_ account: APIKeyAccount, _ entry: APIKeyEntry, _ status: APIKey.Status) {
        guard entry.key.status == .enabled else { return }
        let first = account.lock.locked {
            defer { account.writesStatus = true }
            return !account.writesStatus
        }
        guard first else { return }
        context.queue.run { [self] () throws(AccountError) in
            guard let entry = account.current, entry.key.status == .enabled, isStill(account, entry, status) else { return }
            var record = entry.record
            record.key.status = status
            // `updated` stays: nobody changed the key.
            let name = try DocumentName.number(account.number)
            try context.commit(
                [.putDocument(.apiKeys, name, record.encoded(), expected: .exactly(entry.key.revision))], by: Self.principal)
        } completion: { _ in
            account.lock.locked { account.writesStatus = false }
        }
    }

    private func isStill(_ account: APIKeyAccount, _ entry: APIKeyEntry, _ status: APIKey.Status) -> Bool {
        status == .expired ? entry.key.isExpired(at: context.now) : account.lock.locked { account.isExhausted }
    }
}
