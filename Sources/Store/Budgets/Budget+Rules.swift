// The rules of a budget: pure, without I/O. A rule that throws may leave the value half changed; whoever called it gives the whole batch
// up.

extension Budget {
    /// Whether so much may be taken at once. An empty limited budget gives not even nothing.
    func affords(_ amount: Int64) -> Bool { unlimited || (remaining > 0 && remaining >= amount) }

    /// How much of `amount` can be taken.
    func available(of amount: Int64) -> Int64 { unlimited ? amount : min(amount, max(remaining, 0)) }

    /// - Throws: `invalid-argument` for what a budget cannot be.
    mutating func set(unlimited: Bool?, remaining: Int64?, used: Int64?) throws(StoreError) {
        if let used {
            guard (0...Int64.max / 2).contains(used) else {
                throw StoreError(.invalidArgument, "what was used of a budget is out of range")
            }
            self.used = used
        }
        if let unlimited { self.unlimited = unlimited }
        if let remaining { self.remaining = remaining }
        if self.unlimited {
            guard remaining == nil || (-StoreLimits.quota...StoreLimits.quota).contains(self.remaining) else {
                throw StoreError(.invalidArgument, "what remains of a budget must be within \(StoreLimits.quota)")
            }
            return
        }
        guard (0...StoreLimits.quota).contains(self.remaining) else {
            throw StoreError(.invalidArgument, "a limited budget holds 0 to \(StoreLimits.quota)")
        }
        // What is given back must fit as well: giving back is never refused.
        guard try self.remaining.plus(reserved).plus(block) <= StoreLimits.quota else {
            throw StoreError(.invalidArgument, "with what is reserved a budget holds at most \(StoreLimits.quota)")
        }
    }

    /// Sets an amount aside. What refuses was asked before.
    mutating func reserve(_ amount: Int64, _ limits: WindowLimits) throws(StoreError) {
        remaining = try remaining.minus(amount)
        reserved = try reserved.plus(amount)
        guard openReservations < .max else { throw StoreError(.invalidArgument, "the budget has too many open reservations") }
        openReservations += 1
        try count(amount, limits)
    }

    /// Ends a reservation: `charged` of it, or more than it, is used; the rest is given back.
    mutating func close(_ reservation: Reservation, charged: Int64) throws(StoreError) {
        guard openReservations > 0, reserved >= reservation.amount else {
            throw StoreError(.damaged, "a budget does not know of one of its reservations")
        }
        openReservations -= 1
        reserved -= reservation.amount
        remaining = try remaining.plus(reservation.amount).minus(charged)
        used = try used.plus(charged)
        let difference = try charged.minus(reservation.amount)
        try day.correct(by: difference, in: reservation.dayPeriod)
        try month.correct(by: difference, in: reservation.monthPeriod)
    }

    /// Takes an amount at once. What refuses was asked before.
    mutating func charge(_ amount: Int64, _ limits: WindowLimits) throws(StoreError) {
        remaining = try remaining.minus(amount)
        used = try used.plus(amount)
        try count(amount, limits)
    }

    // MARK: Blocks (formats.md 11)

    /// A new block is at most this part of what remains.
    private static let blockDivisor: Int64 = 100

    /// Settles the present block and takes a new one.
    /// - Returns: the new block; 0: none.
    mutating func renewBlock(consumed: Int64, wanted: Int64, _ limits: WindowLimits) throws(StoreError) -> Int64 {
        guard !unlimited || block > 0 else { throw StoreError(.invalidArgument, "only a limited budget has blocks") }
        guard consumed <= block else { throw StoreError(.conflict, "more was consumed than the budget's block holds") }
        remaining = try remaining.plus(block - consumed)
        used = try used.plus(consumed)
        try count(consumed, limits)
        block = 0
        guard wanted > 0, !unlimited else { return 0 }
        // What is drawn from a block is not judged again: it may not hold more than the windows still allow.
        var largest = remaining / Self.blockDivisor
        if limits.dayLimit > 0 { largest = min(largest, try limits.dayLimit.minus(day.counted(in: limits.dayPeriod))) }
        if limits.monthLimit > 0 { largest = min(largest, try limits.monthLimit.minus(month.counted(in: limits.monthPeriod))) }
        guard largest >= wanted else { return 0 }
        block = largest
        remaining -= largest
        return largest
    }

    /// - Returns: how much is lost.
    mutating func forfeitBlock() throws(StoreError) -> Int64 {
        let lost = block
        forfeited = try forfeited.plus(lost)
        block = 0
        return lost
    }

    // MARK: Windows

    private mutating func count(_ amount: Int64, _ limits: WindowLimits) throws(StoreError) {
        try day.count(amount, in: limits.dayPeriod)
        try month.count(amount, in: limits.monthPeriod)
    }

    /// - Throws: `day-exhausted`, `month-exhausted`.
    func checkWindows(_ amount: Int64, _ limits: WindowLimits) throws(StoreError) {
        if limits.dayLimit > 0, try day.counted(in: limits.dayPeriod).plus(amount) > limits.dayLimit {
            throw StoreError(.dayExhausted, "the limit of the day does not allow it")
        }
        if limits.monthLimit > 0, try month.counted(in: limits.monthPeriod).plus(amount) > limits.monthLimit {
            throw StoreError(.monthExhausted, "the limit of the month does not allow it")
        }
    }
}

extension Budget.Period {
    /// A new period starts at 0. So does an earlier one: a clock that was set back must not leave a counter of the future behind.
    func counted(in period: UInt32) -> Int64 { self.period == period ? used : 0 }

    mutating func count(_ amount: Int64, in period: UInt32) throws(StoreError) {
        guard period != 0 else { return }
        used = try counted(in: period).plus(amount)
        self.period = period
    }

    /// Corrects what was counted, while the counter is still of that period.
    mutating func correct(by difference: Int64, in period: UInt32) throws(StoreError) {
        guard period != 0, self.period == period else { return }
        used = max(try used.plus(difference), 0)
    }
}

extension WindowLimits {
    /// - Throws: `invalid-argument`.
    func check() throws(StoreError) {
        guard dayLimit >= 0, monthLimit >= 0 else { throw StoreError(.invalidArgument, "the limit of a day or month is below zero") }
        guard dayLimit == 0 || dayPeriod != 0, monthLimit == 0 || monthPeriod != 0 else {
            throw StoreError(.invalidArgument, "the limit of a day or month needs its period")
        }
    }
}

extension Int64 {
    private static var outOfRange: StoreError { StoreError(.invalidArgument, "an amount of quota is out of range") }

    /// - Throws: `invalid-argument` where the sum does not fit.
    func plus(_ other: Int64) throws(StoreError) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        if overflow { throw Self.outOfRange }
        return sum
    }

    /// - Throws: `invalid-argument` where the difference does not fit.
    func minus(_ other: Int64) throws(StoreError) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        if overflow { throw Self.outOfRange }
        return difference
    }

    /// Of an amount that a step moves.
    /// - Throws: `invalid-argument` outside of 0…``StoreLimits/quota``.
    func checkQuota() throws(StoreError) {
        guard (0...StoreLimits.quota).contains(self) else {
            throw StoreError(.invalidArgument, "an amount of quota must be 0 to \(StoreLimits.quota)")
        }
    }
}
