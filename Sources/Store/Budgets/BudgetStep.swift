/// One step of a quota, as a mutation of a batch (formats.md 11). Amounts are quota units.
public enum BudgetStep: Sendable {
    /// Makes a budget or changes it; `nil` keeps. A new one needs `unlimited` and `remaining`. `accessed`: Unix milliseconds, of a budget
    /// that comes from elsewhere.
    case set(DocumentName, unlimited: Bool?, remaining: Int64?, used: Int64?, accessed: UInt64? = nil)
    /// With its usage lines. Its open reservations can still be settled or released (nothing is charged to it then) or expire.
    case remove(DocumentName)
    case reserve(ReservationRequest)
    /// `amount` is what it really cost. More than reserved takes the rest from what is left, never below zero for a limited budget (what
    /// could not be taken is the shortfall); less gives back. `line` (at most ``StoreLimits/usageLine`` bytes; empty: none) is kept as a
    /// usage line, the last ``StoreLimits/usageLines`` of each budget.
    case settle(budget: DocumentName, requestID: DocumentName, amount: Int64, line: [UInt8])
    case release(budget: DocumentName, requestID: DocumentName)
    /// Gives an open reservation back whose time has passed; anything else changes nothing.
    case expire(budget: DocumentName, requestID: DocumentName)
    /// Takes `amount` at once, all or nothing, from budget and wallet.
    case charge(budget: DocumentName, wallet: DocumentName?, amount: Int64, limits: WindowLimits, line: [UInt8])
    /// Verify's block (formats.md 11): `consumed` of the present block becomes used (and counts in day and month), what is left of it goes
    /// back, and a new block of at most 1 % of what then remains is taken, if that is at least `wanted`. `wanted` 0: only give back (an
    /// orderly stop). Limited budgets only; one that was made unlimited meanwhile gets no new block.
    case renewBlock(budget: DocumentName, consumed: Int64, wanted: Int64, limits: WindowLimits)
    /// What an unlimited budget spent since the last time; counts down freely. One that was limited meanwhile gives what it has, the rest
    /// is the shortfall. `accessed`: Unix milliseconds.
    case spend(budget: DocumentName, amount: Int64, accessed: UInt64, limits: WindowLimits)
    /// After a start: a block that a dead daemon left becomes forfeited.
    case forfeitBlock(budget: DocumentName)
}

extension BudgetStep {
    /// The budget that it is about.
    var budget: DocumentName {
        switch self {
        case .set(let name, _, _, _, _), .remove(let name): name
        case .reserve(let request): request.budget
        case .settle(let name, _, _, _), .release(let name, _), .expire(let name, _), .charge(let name, _, _, _, _),
            .renewBlock(let name, _, _, _), .spend(let name, _, _, _), .forfeitBlock(let name): name
        }
    }

    /// The usage line that it brings; empty: none.
    var line: [UInt8] {
        switch self {
        case .settle(_, _, _, let line), .charge(_, _, _, _, let line): line
        default: []
        }
    }

    /// Whether it gives back or ends something: such a step may use the room that is kept back (formats.md 9).
    var onlyRemoves: Bool {
        switch self {
        case .remove, .release, .expire, .forfeitBlock: true
        default: false
        }
    }
}

/// What a budget step did.
public struct BudgetOutcome: Equatable, Sendable {
    /// Reserved, charged, granted as block, given back, or forfeited.
    public var amount: Int64
    /// What was to be charged and was no longer there.
    public var shortfall: Int64
    /// Of the reservation after the step.
    public var state: Reservation.State?
    /// The same request id was answered before: nothing changed now.
    public var repeated: Bool
    /// Of the reservation, Unix milliseconds; else 0.
    public var expires: UInt64
    /// After the step. Of a budget that was removed: as it was; of one that is not there any more: all zero.
    public var budget: Budget

    init(
        amount: Int64 = 0, shortfall: Int64 = 0, state: Reservation.State? = nil, repeated: Bool = false, expires: UInt64 = 0,
        budget: Budget
    ) {
        self.amount = amount
        self.shortfall = shortfall
        self.state = state
        self.repeated = repeated
        self.expires = expires
        self.budget = budget
    }
}
