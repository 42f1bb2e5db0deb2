import CofferStore

// The rules of what is spent, in memory. All under the account's lock.
extension APIKeyAccount {
    struct Step: Sendable {
        enum Result: Sendable { case taken, refused(VerdictReason), commit }

        var result: Result
        var remaining: Int64
        var unlimited: Bool
        var retryAfter: UInt64 = 0
        /// Nothing is left or set aside: the key's status may say so.
        var isExhausted = false
        /// The account must enter the spending list.
        var isNewlySpent = false
    }

    /// A limited key with nothing left, and nothing that could come back.
    var isExhausted: Bool { !budget.unlimited && remaining <= 0 && budget.openReservations == 0 }

    private func step(_ result: Step.Result) -> Step { Step(result: result, remaining: remaining, unlimited: budget.unlimited) }

    /// Quota, wallet and windows in their order, then the cost, from memory if it can.
    @inline(__always)
    func take(_ cost: Int64, _ entry: APIKeyEntry, now: UInt64) -> Step {
        let hasWallet = entry.user?.hasWallet == true
        if let refusal = refusal(cost, entry, hasWallet: hasWallet, now: now) { return refusal }
        if cost == 0 { return step(.taken) }
        // All or nothing from both: only the store can.
        if hasWallet { return step(.commit) }
        return takeFromMemory(cost, entry, now: now)
    }

    /// Without a wallet, and after the checks.
    func takeFromMemory(_ cost: Int64, _ entry: APIKeyEntry, now: UInt64) -> Step {
        let periods = entry.clock.periods(at: now)
        // What was spent before midnight is told to the store before anything counts for the new day.
        guard spent == 0 || (spentDay == periods.day && spentMonth == periods.month) else { return step(.commit) }
        if budget.unlimited {
            guard sending == 0 || spentDay == periods.day, spent.clampedAdding(cost) <= APIKeyLimits.quota else { return step(.commit) }
        } else {
            guard !isRenewing, blockLeft >= cost else { return step(.commit) }
        }
        spent += cost
        spentDay = periods.day
        spentMonth = periods.month
        accessed = now
        var step = step(.taken)
        if budget.unlimited && !isListed {
            isListed = true
            step.isNewlySpent = true
        }
        return step
    }

    @inline(__always)
    private func refusal(_ cost: Int64, _ entry: APIKeyEntry, hasWallet: Bool, now: UInt64) -> Step? {
        if !budget.unlimited {
            let remaining = remaining
            if remaining <= 0 || cost > remaining {
                var step = step(.refused(.quota))
                step.isExhausted = isExhausted
                return step
            }
        }
        if hasWallet, let user = entry.user, !user.walletCovers(cost) { return step(.refused(.wallet)) }
        guard entry.hasWindows, let (reason, retryAfter) = windows(cost, entry, now: now) else { return nil }
        var step = step(.refused(reason))
        step.retryAfter = retryAfter
        return step
    }

    /// The window that is full, and milliseconds until it may not be. Counts the request where the minute has room.
    func windows(_ cost: Int64, _ entry: APIKeyEntry, now: UInt64) -> (VerdictReason, UInt64)? {
        let windows = entry.key.windows
        if windows.requestsPerMinute > 0 {
            let wait = requests.count(at: now, limit: windows.requestsPerMinute)
            if wait > 0 { return (.requestsPerMinute, wait) }
        }
        // Who knows when one of them ends.
        if windows.inFlight > 0, budget.openReservations >= windows.inFlight { return (.inFlight, 0) }
        guard windows.limitsTokens else { return nil }
        let periods = entry.clock.periods(at: now)
        if windows.tokensPerDay > 0, Self.isFull(used(day: periods.day), cost, windows.tokensPerDay) {
            return (.tokensPerDay, periods.dayEnds > now ? periods.dayEnds - now : 1)
        }
        if windows.tokensPerMonth > 0, Self.isFull(used(month: periods.month), cost, windows.tokensPerMonth) {
            return (.tokensPerMonth, periods.monthEnds > now ? periods.monthEnds - now : 1)
        }
        return nil
    }

    /// As the store judges a charge.
    private static func isFull(_ used: Int64, _ cost: Int64, _ limit: Int64) -> Bool { used.clampedAdding(cost) > limit }

    func verdict(_ reason: VerdictReason, _ entry: APIKeyEntry, retryAfter: UInt64 = 0, scope: Verdict.Scope) -> Verdict {
        lock.locked {
            Verdict(reason, entry, remaining: remaining, unlimited: budget.unlimited, retryAfter: retryAfter, scope: scope)
        }
    }

    /// As the store counts them.
    static func limits(_ entry: APIKeyEntry, now: UInt64, inFlight: Bool) -> WindowLimits {
        let periods = entry.clock.periods(at: now)
        let windows = entry.key.windows
        return WindowLimits(
            dayPeriod: periods.day, dayLimit: windows.tokensPerDay, monthPeriod: periods.month, monthLimit: windows.tokensPerMonth,
            inFlight: inFlight ? windows.inFlight : 0)
    }

    /// For what was spent before: it happened, no limit refuses it any more.
    var spentLimits: WindowLimits {
        WindowLimits(dayPeriod: spentDay, dayLimit: 0, monthPeriod: spentMonth, monthLimit: 0, inFlight: 0)
    }
}
