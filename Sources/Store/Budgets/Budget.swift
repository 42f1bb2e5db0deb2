/// What an API key or a user may still spend, and what was spent. All amounts are quota units.
///
/// A limited budget never goes below zero (decisions 12): `remaining + reserved + block + used + forfeited` changes only where somebody
/// sets it anew.
public struct Budget: Equatable, Sendable {
    public var unlimited: Bool
    /// Limited: 0…``StoreLimits/quota``. Unlimited: counts down freely, may be below zero.
    public var remaining: Int64
    /// Settled and charged in all.
    public var used: Int64 = 0
    /// In open reservations; already taken out of `remaining`.
    public var reserved: Int64 = 0
    public var openReservations: UInt32 = 0
    /// Handed to the running daemon's memory (formats.md 11); already taken out of `remaining`.
    public var block: Int64 = 0
    /// Left in blocks when a daemon died.
    public var forfeited: Int64 = 0
    /// Unix milliseconds of the last charge, settle or release; 0: never.
    public var accessed: UInt64 = 0
    public var day = Period()
    public var month = Period()
    /// Usage lines ever written.
    public var lines: UInt64 = 0

    /// What was used within a day or a month.
    public struct Period: Equatable, Sendable {
        /// 20261121 or 202611, by the caller's time zone; 0: none.
        public var period: UInt32
        /// Reserved amounts count from their reservation on.
        public var used: Int64

        public init(period: UInt32 = 0, used: Int64 = 0) {
            self.period = period
            self.used = used
        }
    }

    public init(unlimited: Bool, remaining: Int64) {
        self.unlimited = unlimited
        self.remaining = remaining
    }
}

/// What a key may use within a day and a month, and at once. The periods are always given: the counters go by them.
public struct WindowLimits: Equatable, Sendable {
    /// As ``Budget/Period/period``; 0: this window is not counted.
    public var dayPeriod: UInt32
    /// Quota units; 0: no limit.
    public var dayLimit: Int64
    public var monthPeriod: UInt32
    /// Quota units; 0: no limit.
    public var monthLimit: Int64
    /// Open reservations at once; 0: no limit.
    public var inFlight: UInt32

    public init(dayPeriod: UInt32, dayLimit: Int64, monthPeriod: UInt32, monthLimit: Int64, inFlight: UInt32) {
        self.dayPeriod = dayPeriod
        self.dayLimit = dayLimit
        self.monthPeriod = monthPeriod
        self.monthLimit = monthLimit
        self.inFlight = inFlight
    }
}
