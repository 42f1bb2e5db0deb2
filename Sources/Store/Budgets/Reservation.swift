/// Asks for an amount to be set aside until it is known what a request really cost.
public struct ReservationRequest: Equatable, Sendable {
    /// For example `k/12`: an API key's.
    public var budget: DocumentName
    /// A user's, charged together with the budget or not at all; `nil`: none.
    public var wallet: DocumentName?
    /// Belongs to the budget: the same one again is answered as the first time.
    public var requestID: DocumentName
    /// Quota units, 0…``StoreLimits/quota``.
    public var amount: Int64
    /// Unix milliseconds, in the future.
    public var expires: UInt64
    public var limits: WindowLimits

    public init(
        budget: DocumentName, wallet: DocumentName? = nil, requestID: DocumentName, amount: Int64, expires: UInt64, limits: WindowLimits
    ) {
        self.budget = budget
        self.wallet = wallet
        self.requestID = requestID
        self.amount = amount
        self.expires = expires
        self.limits = limits
    }
}

/// An amount that was set aside, or how that ended.
public struct Reservation: Equatable, Sendable {
    public enum State: UInt8, Sendable {
        case open = 1, settled = 2, released = 3, expired = 4
    }

    public var budget: DocumentName
    public var wallet: DocumentName?
    public var requestID: DocumentName
    /// Quota units that were set aside.
    public var amount: Int64
    /// Unix milliseconds.
    public var created: UInt64
    /// Unix milliseconds.
    public var expires: UInt64
    /// The periods it was counted in when it was made.
    public var dayPeriod: UInt32
    public var monthPeriod: UInt32
    public var state: State
    /// What was really taken; 0 unless settled.
    public var charged: Int64
    /// What was asked for beyond that and was no longer there; 0 unless settled.
    public var shortfall: Int64

    init(_ request: ReservationRequest, now: UInt64) {
        budget = request.budget
        wallet = request.wallet
        requestID = request.requestID
        amount = request.amount
        created = now
        expires = request.expires
        dayPeriod = request.limits.dayPeriod
        monthPeriod = request.limits.monthPeriod
        state = .open
        charged = 0
        shortfall = 0
    }
}

extension Reservation.State: CustomStringConvertible {
    /// For messages.
    public var description: String {
        switch self {
        case .open: "open"
        case .settled: "settled"
        case .released: "released"
        case .expired: "expired"
        }
    }
}
