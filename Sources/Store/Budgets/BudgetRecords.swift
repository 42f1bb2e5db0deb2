/// Where the tables of quotas keep what (formats.md 5).
enum BudgetKeys {
    static func budget(_ name: DocumentName, keys: KeySet) -> [UInt8] {
        keys.nameHash(.budgets, tenant: .main, name: name.bytes)
    }

    /// The first byte tells the records of the reservations' table apart. Open ones lie together, so that they are found without a walk
    /// over all that is remembered.
    private enum Kind { static let open: UInt8 = 0, finished: UInt8 = 1, order: UInt8 = 2, counters: UInt8 = 3 }

    static let openReservations: [UInt8] = [Kind.open]
    static let counters: [UInt8] = [Kind.counters]

    /// Open or ended.
    static func isReservation(_ key: UnsafeRawBufferPointer) -> Bool { key.first == Kind.open || key.first == Kind.finished }

    static func isOpenReservation(_ key: UnsafeRawBufferPointer) -> Bool { key.first == Kind.open }

    static func reservation(_ id: ReservationID, open: Bool, keys: KeySet) -> [UInt8] {
        // No name has a zero byte: it divides the two.
        [open ? Kind.open : Kind.finished]
            + keys.nameHash(.reservations, tenant: .main, name: id.budget.bytes + [0] + id.requestID.bytes)
    }

    /// Of the `number`th reservation that was finished: which one it is.
    static func order(_ number: UInt64) -> [UInt8] { [Kind.order] + number.bigEndianBytes }

    /// The reverse; `nil` for any other key.
    static func finishedNumber(_ key: UnsafeRawBufferPointer) -> UInt64? {
        guard key.count == 9, key.first == Kind.order else { return nil }
        return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    }

    /// A budget's lines lie together.
    static func usageLine(_ name: DocumentName, number: UInt64, keys: KeySet) -> [UInt8] {
        let slot = UInt16(number % UInt64(StoreLimits.usageLines))
        return keys.nameHash(.usageLines, tenant: .main, name: name.bytes).prefix(8) + [UInt8(slot >> 8), UInt8(truncatingIfNeeded: slot)]
    }
}

/// Which reservation: request ids belong to their budget.
struct ReservationID: Hashable, Sendable {
    var budget: DocumentName
    var requestID: DocumentName
}

/// A budget as its record keeps it.
struct StoredBudget: Equatable, Sendable {
    var name: DocumentName
    /// Tells it from an earlier budget of the same name, whose reservations are none of its own.
    var serial: UInt64
    var budget: Budget

    private static let format: UInt8 = 1

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 128 + name.bytes.count)
        writer.u8(Self.format)
        writer.bytes16(name.bytes)
        writer.u64(serial)
        writer.bool(budget.unlimited)
        for amount in [budget.remaining, budget.used, budget.reserved, budget.block, budget.forfeited] { writer.i64(amount) }
        writer.u32(budget.openReservations)
        writer.u64(budget.accessed)
        for window in [budget.day, budget.month] {
            writer.u32(window.period)
            writer.i64(window.used)
        }
        writer.u64(budget.lines)
        return writer.bytes
    }

    init(name: DocumentName, serial: UInt64, budget: Budget) {
        self.name = name
        self.serial = serial
        self.budget = budget
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in try StoredBudget(reading: bytes) }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "a budget's record")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "a budget's record has format \(format)") }
        name = DocumentName(trusted: try reader.bytes16())
        serial = try reader.u64()
        budget = Budget(unlimited: try reader.bool(), remaining: try reader.i64())
        budget.used = try reader.i64()
        budget.reserved = try reader.i64()
        budget.block = try reader.i64()
        budget.forfeited = try reader.i64()
        budget.openReservations = try reader.u32()
        budget.accessed = try reader.u64()
        budget.day = .init(period: try reader.u32(), used: try reader.i64())
        budget.month = .init(period: try reader.u32(), used: try reader.i64())
        budget.lines = try reader.u64()
        try reader.finish()
    }
}

/// A usage line as its record keeps it.
struct StoredUsageLine: Equatable, Sendable {
    var budget: DocumentName
    /// How many lines the budget had before it.
    var number: UInt64
    /// Unix milliseconds.
    var time: UInt64
    var line: [UInt8]

    private static let format: UInt8 = 1

    func encoded() -> [UInt8] {
        var writer = FieldWriter(reserving: 32 + budget.bytes.count + line.count)
        writer.u8(Self.format)
        writer.bytes16(budget.bytes)
        writer.u64(number)
        writer.u64(time)
        writer.bytes16(line)
        return writer.bytes
    }

    init(budget: DocumentName, number: UInt64, time: UInt64, line: [UInt8]) {
        self.budget = budget
        self.number = number
        self.time = time
        self.line = line
    }

    init(decoding bytes: [UInt8]) throws(StoreError) {
        self = try bytes.withBytes { (bytes) throws(StoreError) in try StoredUsageLine(reading: bytes) }
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = FieldReader(bytes, "a usage line")
        let format = try reader.u8()
        guard format == Self.format else { throw StoreError(.unknownFormat, "a usage line has format \(format)") }
        budget = DocumentName(trusted: try reader.bytes16())
        number = try reader.u64()
        time = try reader.u64()
        line = try reader.bytes16()
        try reader.finish()
    }
}
