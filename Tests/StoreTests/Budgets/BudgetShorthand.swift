import Testing

@testable import CofferStore

func document(_ text: String) -> DocumentName {
    do { return try DocumentName(Array(text.utf8)) } catch { fatalError("\(text): \(error.rawValue)") }
}

extension WindowLimits {
    /// A day and its month, without limits unless they are given.
    static func on(_ day: UInt32 = 20_261_121, day dayLimit: Int64 = 0, month monthLimit: Int64 = 0, inFlight: UInt32 = 0) -> Self {
        .init(dayPeriod: day, dayLimit: dayLimit, monthPeriod: day / 100, monthLimit: monthLimit, inFlight: inFlight)
    }
}

extension BudgetStep {
    static func make(_ name: String, _ remaining: Int64, unlimited: Bool = false) -> Self {
        .set(document(name), unlimited: unlimited, remaining: remaining, used: nil)
    }

    static func reserve(
        _ budget: String, _ id: String, _ amount: Int64, wallet: String? = nil, expires: UInt64 = 1_700_000_060_000,
        _ limits: WindowLimits = .on()
    ) -> Self {
        .reserve(.init(
            budget: document(budget), wallet: wallet.map { document($0) }, requestID: document(id), amount: amount, expires: expires,
            limits: limits))
    }

    static func settle(_ budget: String, _ id: String, _ amount: Int64, line: String = "") -> Self {
        .settle(budget: document(budget), requestID: document(id), amount: amount, line: Array(line.utf8))
    }

    static func release(_ budget: String, _ id: String) -> Self { .release(budget: document(budget), requestID: document(id)) }
    static func expire(_ budget: String, _ id: String) -> Self { .expire(budget: document(budget), requestID: document(id)) }

    static func charge(
        _ budget: String, _ amount: Int64, wallet: String? = nil, line: String = "", _ limits: WindowLimits = .on()
    ) -> Self {
        .charge(budget: document(budget), wallet: wallet.map { document($0) }, amount: amount, limits: limits, line: Array(line.utf8))
    }

    static func renew(_ budget: String, consumed: Int64, wanted: Int64, _ limits: WindowLimits = .on()) -> Self {
        .renewBlock(budget: document(budget), consumed: consumed, wanted: wanted, limits: limits)
    }

    static func spend(_ budget: String, _ amount: Int64, accessed: UInt64 = 5, _ limits: WindowLimits = .on()) -> Self {
        .spend(budget: document(budget), amount: amount, accessed: accessed, limits: limits)
    }

    static func remove(_ budget: String) -> Self { .remove(document(budget)) }
    static func forfeit(_ budget: String) -> Self { .forfeitBlock(budget: document(budget)) }
}

extension Store {
    /// All in one batch.
    @discardableResult
    func steps(_ steps: [BudgetStep], dryRun: Bool = false) throws(StoreError) -> Receipt {
        try commit(Batch(principal: "uid:0", dryRun: dryRun, mutations: steps.map { .budget($0) }))
    }

    @discardableResult
    func step(_ step: BudgetStep) throws(StoreError) -> BudgetOutcome { try steps([step]).budgets[0] }

    /// Reads through a reader of its own.
    func reading<T>(_ body: (StoreReader) throws(StoreError) -> T) throws(StoreError) -> T {
        let reader = try makeReader(indexed: false)
        try reader.begin()
        defer { reader.end() }
        return try body(reader)
    }

    func budget(_ name: String) throws -> Budget {
        try #require(try reading { (reader) throws(StoreError) in try reader.budget(document(name)) })
    }

    func reservation(_ budget: String, _ id: String) throws(StoreError) -> Reservation? {
        try reading { (reader) throws(StoreError) in try reader.reservation(budget: document(budget), requestID: document(id)) }
    }

    func lines(_ budget: String, limit: Int = .max) throws(StoreError) -> [String] {
        try reading { (reader) throws(StoreError) in
            try reader.usageLines(document(budget), limit: limit).map { String(decoding: $0.line, as: UTF8.self) }
        }
    }

    /// The code of a refusal that changes nothing.
    func refusal(_ steps: BudgetStep...) throws -> StoreError.Code? {
        let before = revision
        let found = code { try self.steps(steps) }
        if found != nil { #expect(revision == before) }
        return found
    }
}

extension Budget {
    /// What only `set` changes.
    var total: Int64 { remaining + reserved + block + used + forfeited }
}
