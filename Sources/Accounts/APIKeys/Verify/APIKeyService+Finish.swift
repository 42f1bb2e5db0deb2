import CofferStore

// The commits of verify (formats.md 11): a new block of at most 1 % of what is left, or the charge itself where that is less than the cost.
extension APIKeyService {
    /// More turns than this take no part in a block: the charge is committed by itself.
    private static let turns = 3

    /// Commits what ``verify(_:now:mayVerify:)`` could not take from memory. Concurrent ones of a key join one commit.
    /// - Parameter completion: on the store's writer thread, or at once; must not block.
    public func finish(_ charge: PendingCharge, completion: @escaping @Sendable (Verdict) -> Void) {
        finish(charge, turn: 0, completion: completion)
    }

    private enum Plan: Sendable {
        case gone
        case taken(Verdict, isNewlySpent: Bool)
        case waiting
        case renew(consumed: Int64, WindowLimits)
        case charge
    }

    private func finish(_ charge: PendingCharge, turn: Int, completion: @escaping @Sendable (Verdict) -> Void) {
        let now = context.now
        switch plan(charge, turn: turn, now: now, completion: completion) {
        case .gone: completion(unknown())
        case .waiting: break
        case .taken(let verdict, let isNewlySpent):
            if isNewlySpent { spending.add(charge.account) }
            completion(verdict)
        case .renew(let consumed, let limits):
            renew(charge.account, consumed: consumed, wanted: charge.cost, limits: limits) { [self] granted in
                // The one that asked first goes to the store itself when its block was not to be had.
                finish(charge, turn: granted >= charge.cost ? turn + 1 : Self.turns, completion: completion)
            }
        case .charge: tellSpent(charge.account, charge.entry, now: now) { [self] in commit(charge, now: now, mayRetry: true, completion) }
        }
    }

    private func plan(
        _ charge: PendingCharge, turn: Int, now: UInt64, completion: @escaping @Sendable (Verdict) -> Void
    ) -> Plan {
        let account = charge.account
        return account.lock.locked {
            guard account.entry != nil else { return .gone }
            if charge.entry.user?.hasWallet == true { return .charge }
            let step = account.takeFromMemory(charge.cost, charge.entry, now: now)
            if case .taken = step.result {
                let verdict = Verdict(.valid, charge.entry, remaining: step.remaining, unlimited: step.unlimited, scope: charge.scope)
                return .taken(verdict, isNewlySpent: step.isNewlySpent)
            }
            if account.budget.unlimited {
                // A new day, or more than one step may carry.
                return .charge
            }
            if account.isRenewing {
                account.waiters.append { [self] in finish(charge, turn: turn + 1, completion: completion) }
                return .waiting
            }
            guard turn < Self.turns, account.remaining / 100 >= charge.cost else { return .charge }
            account.isRenewing = true
            return .renew(consumed: account.spent, account.spentLimits)
        }
    }

    private func commit(
        _ charge: PendingCharge, now: UInt64, mayRetry: Bool, _ completion: @escaping @Sendable (Verdict) -> Void
    ) {
        let account = charge.account
        let step: BudgetStep
        do throws(AccountError) {
            let wallet: DocumentName? = charge.entry.user?.hasWallet == true ? try .wallet(charge.entry.owner) : nil
            let limits = APIKeyAccount.limits(charge.entry, now: now, inFlight: false)
            step = .charge(budget: try .budget(account.number), wallet: wallet, amount: charge.cost, limits: limits, line: [])
        } catch {
            return completion(account.verdict(.failed, charge.entry, scope: charge.scope))
        }
        submit([.budget(step)]) { [self] result in
            switch result {
            case .success: completion(account.verdict(.valid, charge.entry, scope: charge.scope))
            case .failure(let error):
                if error.code == .budgetExhausted, mayRetry, account.lock.locked({ account.blockLeft > 0 }) {
                    // What the block holds back may be what is missing.
                    return giveBack(account) { [self] in commit(charge, now: now, mayRetry: false, completion) }
                }
                completion(refusal(error, charge, now: now))
            }
        }
    }

    private func refusal(_ error: StoreError, _ charge: PendingCharge, now: UInt64) -> Verdict {
        let reason = VerdictReason(error)
        if reason == .quota, charge.account.lock.locked({ charge.account.isExhausted }) {
            noteEnd(charge.account, charge.entry, .exhausted)
        }
        guard charge.account.current != nil else { return unknown() }
        return charge.account.verdict(
            reason, charge.entry, retryAfter: retryAfter(reason, charge.entry, now: now), scope: charge.scope)
    }

    /// Milliseconds until the day or month that was full ends; 0 for every other reason.
    func retryAfter(_ reason: VerdictReason, _ entry: APIKeyEntry, now: UInt64) -> UInt64 {
        let periods = entry.clock.periods(at: now)
        switch reason {
        case .tokensPerDay: return periods.dayEnds > now ? periods.dayEnds - now : 1
        case .tokensPerMonth: return periods.monthEnds > now ? periods.monthEnds - now : 1
        default: return 0
        }
    }
}

extension VerdictReason {
    /// What the store refused a charge or a reservation with.
    init(_ error: StoreError) {
        self = switch error.code {
        case .budgetExhausted: .quota
        case .walletExhausted: .wallet
        case .dayExhausted: .tokensPerDay
        case .monthExhausted: .tokensPerMonth
        case .inFlightExhausted: .inFlight
        case .locked: .locked
        case .notFound: .unknown
        default: .failed
        }
    }
}
