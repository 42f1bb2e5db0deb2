import CofferStore

// Reserve: the checks of verify, then one commit that the store decides (formats.md 11).
extension APIKeyService {
    /// What was asked, checked; survives the caller's buffers.
    private struct Asked: Sendable {
        var account: APIKeyAccount
        var entry: APIKeyEntry
        var scope: Verdict.Scope
        var amount: Int64
        var requestID: DocumentName
        var expires: UInt64
        var now: UInt64
        var principal: String
    }

    /// Sets `amount` aside until it is settled, released, or its time has passed.
    /// - Parameters:
    ///   - amount: quota units, 0 to 500,000,000,000,000.
    ///   - requestID: 1 to 255 bytes, belongs to the key. The same one again, with the same amount, is answered as the first time.
    ///   - lifetime: milliseconds, 1,000 to 86,400,000.
    ///   - mayReserve: whether the caller may do so with keys of this tenant and name; otherwise the key is unknown to it.
    ///   - completion: at once, on the store's writer thread or its worker; must not block. Gets `invalidArgument` naming the field,
    ///     `conflict` for a request id that stands for another amount, or why the store could not.
    public func reserve(
        key: UnsafeRawBufferPointer, address: ClientAddress?, model: UnsafeRawBufferPointer, amount: Int64, requestID: [UInt8],
        lifetime: UInt64, by principal: String, mayReserve: (TenantID, UnsafeRawBufferPointer) -> Bool,
        completion: @escaping @Sendable (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        let now = context.now
        let checked: DocumentName
        do throws(AccountError) {
            guard registry.isOpen else { throw .isLocked }
            guard (0...APIKeyLimits.quota).contains(amount) else { throw .outOfRange("amount") }
            guard APIKeyLimits.reservation.contains(lifetime) else {
                throw AccountError(.invalidArgument, "lifetime", "the lifetime must lie between 1,000 and 86,400,000 milliseconds")
            }
            checked = try Self.requestID(requestID)
        } catch {
            return completion(.failure(error))
        }
        guard let target = target(of: key), let entry = target.account.current,
            entry.key.name.bytes.withUnsafeBytes({ mayReserve(entry.tenant, $0) })
        else { return answer(Verdict(.unknown), 0, completion) }
        let asked = Asked(
            account: target.account, entry: entry, scope: target.scope, amount: amount, requestID: checked,
            expires: now + lifetime, now: now, principal: principal)
        if let reason = entry.refusal(address: address, model: model, now: now) {
            if reason == .expired { noteEnd(asked.account, entry, .expired) }
            let verdict = asked.account.verdict(reason, entry, scope: asked.scope)
            // Exhausted meanwhile: what was reserved before is still answered.
            return reason == .quota ? submitIfRepeated(asked, verdict, completion) : answer(verdict, entry.number, completion)
        }
        // Everything else that was spent, the store decides: what memory knows of it is a moment old.
        let wait = asked.account.lock.locked { asked.account.countRequest(entry, now: now) }
        if wait > 0 {
            let verdict = asked.account.verdict(.requestsPerMinute, entry, retryAfter: wait, scope: asked.scope)
            return submitIfRepeated(asked, verdict, completion)
        }
        tellSpent(asked.account, entry, now: now) { [self] in submit(asked, mayRetry: true, completion) }
    }

    static func requestID(_ bytes: [UInt8]) throws(AccountError) -> DocumentName {
        do throws(NameError) { return try DocumentName(bytes) } catch {
            throw AccountError(.invalidArgument, "request_id", "the request id must have 1 to 255 bytes without control characters or '*'")
        }
    }

    private func answer(
        _ verdict: Verdict, _ number: UInt64, _ completion: (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        completion(.success(ReserveAnswer(verdict: verdict, number: number, amount: 0, expires: 0, repeated: false)))
    }

    /// Refused, unless this request id was answered before.
    private func submitIfRepeated(
        _ asked: Asked, _ verdict: Verdict, _ completion: @escaping @Sendable (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        context.store.onWorker { [self] worker in
            let isKnown: Bool
            do throws(AccountError) {
                let budget = try DocumentName.budget(asked.account.number)
                isKnown = try AccountError.translating { () throws(StoreError) in
                    try worker.get().reader.reservation(budget: budget, requestID: asked.requestID) != nil
                }
            } catch {
                return completion(.failure(error))
            }
            if isKnown { submit(asked, mayRetry: false, completion) } else { answer(verdict, asked.entry.number, completion) }
        }
    }

    private func submit(
        _ asked: Asked, mayRetry: Bool, _ completion: @escaping @Sendable (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        let request: ReservationRequest
        do throws(AccountError) {
            let wallet: DocumentName? = asked.entry.user?.hasWallet == true ? try .wallet(asked.entry.owner) : nil
            request = ReservationRequest(
                budget: try .budget(asked.account.number), wallet: wallet, requestID: asked.requestID, amount: asked.amount,
                expires: asked.expires, limits: APIKeyAccount.limits(asked.entry, now: asked.now, inFlight: true))
        } catch {
            return completion(.failure(error))
        }
        submit([.budget(.reserve(request))], by: asked.principal) { [self] result in
            switch result {
            case .success(let receipt): reserved(asked, receipt, completion)
            case .failure(let error): refused(asked, error, mayRetry: mayRetry, completion)
            }
        }
    }

    private func reserved(
        _ asked: Asked, _ receipt: Receipt, _ completion: (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        guard let outcome = receipt.budgets.first else {
            return completion(.failure(AccountError(.failed, "", "the store gave no outcome of a reservation")))
        }
        if outcome.state == .open { reservations.add(asked.account.number, asked.requestID, expires: outcome.expires) }
        completion(
            .success(
                ReserveAnswer(
                    verdict: asked.account.verdict(.valid, asked.entry, scope: asked.scope), number: asked.account.number,
                    amount: outcome.amount, expires: outcome.expires, repeated: outcome.repeated)))
    }

    private func refused(
        _ asked: Asked, _ error: StoreError, mayRetry: Bool,
        _ completion: @escaping @Sendable (Result<ReserveAnswer, AccountError>) -> Void
    ) {
        let reason = VerdictReason(error)
        switch reason {
        case .quota:
            if mayRetry, asked.account.lock.locked({ asked.account.blockLeft > 0 }) {
                // What the block holds back may be what is missing.
                return giveBack(asked.account) { [self] in submit(asked, mayRetry: false, completion) }
            }
            if asked.account.lock.locked({ asked.account.isExhausted }) { noteEnd(asked.account, asked.entry, .exhausted) }
        case .unknown: return answer(unknown(), 0, completion)
        case .locked, .failed:
            var failure = AccountError(error)
            if failure.code == .conflict { failure.field = "request_id" }
            return completion(.failure(failure))
        default: break
        }
        let wait = retryAfter(reason, asked.entry, now: asked.now)
        answer(asked.account.verdict(reason, asked.entry, retryAfter: wait, scope: asked.scope), asked.account.number, completion)
    }
}

extension APIKeyAccount {
    /// Only the window that the store does not know. Under the lock.
    func countRequest(_ entry: APIKeyEntry, now: UInt64) -> UInt64 {
        let limit = entry.key.windows.requestsPerMinute
        return limit > 0 ? requests.count(at: now, limit: limit) : 0
    }
}
