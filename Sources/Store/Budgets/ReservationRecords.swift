/// A reservation as its record keeps it.
struct StoredReservation: Equatable, Sendable {
    var reservation: Reservation
    /// ``StoredBudget/serial`` of the budgets that it was taken from; of the wallet 0 where there is none.
    var budgetSerial: UInt64
    var walletSerial: UInt64

    private static let format: UInt8 = 1

    var id: ReservationID { .init(budget: reservation.budget, requestID: reservation.requestID) }

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 512)
        writer.u8(Self.format)
        writer.bytes16(reservation.budget.bytes)
        writer.bytes16(reservation.requestID.bytes)
        // No name is empty.
        writer.bytes16(reservation.wallet?.bytes ?? [])
        writer.u64(budgetSerial)
        writer.u64(walletSerial)
        for amount in [reservation.amount, reservation.charged, reservation.shortfall] { writer.i64(amount) }
        for time in [reservation.created, reservation.expires] { writer.u64(time) }
        for period in [reservation.dayPeriod, reservation.monthPeriod] { writer.u32(period) }
        writer.u8(reservation.state.rawValue)
        return writer.bytes
    }

    init(_ reservation: Reservation, budgetSerial: UInt64, walletSerial: UInt64) {
        self.reservation = reservation
        self.budgetSerial = budgetSerial
        self.walletSerial = walletSerial
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in try StoredReservation(reading: bytes) }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "a reservation's record")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "a reservation's record has format \(format)") }
        let budget = DocumentName(trusted: try reader.bytes16())
        let requestID = DocumentName(trusted: try reader.bytes16())
        let wallet = try reader.bytes16()
        budgetSerial = try reader.u64()
        walletSerial = try reader.u64()
        let amounts = (reserved: try reader.i64(), charged: try reader.i64(), shortfall: try reader.i64())
        let times = (created: try reader.u64(), expires: try reader.u64())
        let periods = (day: try reader.u32(), month: try reader.u32())
        let state = try reader.u8()
        guard let state = Reservation.State(rawValue: state) else {
            throw StoreError(.unknownFormat, "a reservation has state \(state), which this version does not know")
        }
        try reader.finish()
        let limits = WindowLimits(dayPeriod: periods.day, dayLimit: 0, monthPeriod: periods.month, monthLimit: 0, inFlight: 0)
        reservation = Reservation(
            ReservationRequest(
                budget: budget, wallet: wallet.isEmpty ? nil : DocumentName(trusted: wallet), requestID: requestID,
                amount: amounts.reserved, expires: times.expires, limits: limits),
            now: times.created)
        reservation.state = state
        reservation.charged = amounts.charged
        reservation.shortfall = amounts.shortfall
    }
}

/// What the tables of quotas count, beside the head, whose format stays.
struct BudgetCounters: Equatable, Sendable {
    /// Finished reservations are numbered; those from `oldestFinished` on are remembered.
    var oldestFinished: UInt64 = 0
    var nextFinished: UInt64 = 0
    /// Budgets ever made.
    var budgetsMade: UInt64 = 0

    private static let format: UInt8 = 1

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 32)
        writer.u8(Self.format)
        for number in [oldestFinished, nextFinished, budgetsMade] { writer.u64(number) }
        return writer.bytes
    }

    init() {}

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in try BudgetCounters(reading: bytes) }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "the counters of the reservations")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "the counters of the reservations have format \(format)") }
        oldestFinished = try reader.u64()
        nextFinished = try reader.u64()
        budgetsMade = try reader.u64()
        try reader.finish()
    }
}
