import Testing

@testable import CofferStore

@Suite("Budgets against a model")
struct BudgetPropertyTests {
    /// SplitMix64: the same seed gives the same steps.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let keys = ["k/1", "k/2", "k/3"]
    private static let wallets = ["u/1", "u/2"]

    /// Draws steps, most of which are about something that there is.
    private struct Source {
        var random: Seeded
        private var made = 0
        /// Reservations that were asked for lately.
        private var recent: [(key: String, id: String)] = [("k/1", "none")]

        init(seed: UInt64) { random = Seeded(state: seed) }

        private mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) < part }

        private mutating func limits() -> WindowLimits {
            let day: UInt32 = chance(1, of: 2) ? 20_261_130 : 20_261_201
            guard chance(1, of: 2) else { return .on(day) }
            return .on(
                day, day: chance(1, of: 2) ? 0 : .random(in: 1...1_500, using: &random),
                month: chance(1, of: 2) ? 0 : .random(in: 1...1_500, using: &random),
                inFlight: chance(2, of: 3) ? 0 : .random(in: 1...40, using: &random))
        }

        mutating func next(now: UInt64) -> BudgetStep {
            let key = keys.randomElement(using: &random) ?? ""
            let any = (keys + wallets).randomElement(using: &random) ?? ""
            let wallet = chance(1, of: 2) ? nil : wallets.randomElement(using: &random)
            let amount = chance(1, of: 8) ? 0 : Int64.random(in: 1...120, using: &random)
            let limits = limits()
            let old = recent.suffix(30).randomElement(using: &random) ?? (key, "none")
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<8:
                let unlimited = chance(1, of: 3)
                return .set(
                    document(any), unlimited: chance(1, of: 6) ? nil : unlimited,
                    remaining: chance(1, of: 6) ? nil : .random(in: 0...4_000, using: &random),
                    used: chance(1, of: 6) ? .random(in: 0...50, using: &random) : nil)
            case 8 where chance(1, of: 4): return .remove(document(any))
            case 8..<44:
                if chance(1, of: 10) { return .reserve(old.key, old.id, amount, wallet: wallet, limits) }
                made += 1
                recent.append((key, "r\(made)"))
                return .reserve(key, "r\(made)", amount, wallet: wallet, expires: now + .random(in: 0...30_000, using: &random), limits)
            case 44..<60: return .settle(old.key, old.id, amount, line: chance(1, of: 2) ? "" : "line")
            case 60..<67: return .release(old.key, old.id)
            case 67..<78: return .expire(old.key, old.id)
            case 78..<86: return .charge(key, amount, wallet: wallet, line: "charged", limits)
            case 86..<94:
                return .renew(any, consumed: .random(in: 0...6, using: &random), wanted: .random(in: 0...6, using: &random), limits)
            case 94..<98: return .spend(any, amount, accessed: now - .random(in: 0...9_000, using: &random), limits)
            default: return .forfeit(any)
            }
        }
    }

    /// Of one batch: what the model says, or why it refuses.
    private static func expected(
        _ steps: [BudgetStep], _ model: inout BudgetModel, now: UInt64
    ) -> Result<[BudgetModel.Answer], BudgetModel.Refusal> {
        var trial = model
        var answers: [BudgetModel.Answer] = []
        do throws(BudgetModel.Refusal) {
            for step in steps { answers.append(try trial.apply(step, now: now)) }
        } catch {
            return .failure(error)
        }
        model = trial
        return .success(answers)
    }

    @Test("random steps: the store does what the model does, and no quota appears or vanishes", arguments: [1, 2026] as [UInt64])
    func random(seed: UInt64) throws {
        let fixture = try Fixture()
        let store = fixture.store
        var source = Source(seed: seed)
        var model = BudgetModel()
        let begin = (Self.keys + Self.wallets).map { BudgetStep.make($0, 20_000) }
        _ = Self.expected(begin, &model, now: fixture.clock.now)
        try store.steps(begin)
        var count = 0
        var succeeded = 0
        var codes: [StoreError.Code: Int] = [:]
        while count < 20_000 {
            let now = fixture.clock.now
            let answers = Collected<Int>()
            nonisolated(unsafe) var receipts: [Result<Receipt, StoreError>] = []
            var wanted: [Result<[BudgetModel.Answer], BudgetModel.Refusal>] = []
            for number in 0..<150 {
                let steps = (0..<[1, 1, 1, 1, 2, 3].randomElement(using: &source.random)!).map { _ in source.next(now: now) }
                count += steps.count
                wanted.append(Self.expected(steps, &model, now: now))
                // Answers come in the order of the batches, on the writer's thread.
                store.submit(Batch(principal: "", mutations: steps.map { .budget($0) })) { result in
                    receipts.append(result)
                    answers.add(.success(number))
                }
            }
            _ = answers.results(150)
            for (result, wish) in zip(receipts, wanted) {
                switch (result, wish) {
                case (.success(let receipt), .success(let answer)):
                    succeeded += answer.count
                    #expect(receipt.budgets.map {
                        BudgetModel.Answer(amount: $0.amount, shortfall: $0.shortfall, state: $0.state, repeated: $0.repeated)
                    } == answer)
                case (.failure(let error), .failure(let refusal)):
                    codes[refusal.code, default: 0] += 1
                    #expect(error.code == refusal.code)
                default: Issue.record("\(result) instead of \(wish)")
                }
            }
            try Self.compare(store, model)
            fixture.clock.advance(.random(in: 0...20_000, using: &source.random))
        }
        // The steps reach what they are to test.
        #expect(succeeded > 8_000)
        for code in [
            StoreError.Code.budgetExhausted, .walletExhausted, .dayExhausted, .monthExhausted, .inFlightExhausted, .conflict, .notFound,
            .invalidArgument,
        ] { #expect(codes[code, default: 0] > 5, "\(code)") }
        try Scan.check(fixture)
    }

    private static func compare(_ store: Store, _ model: BudgetModel) throws {
        var found: [String: Budget] = [:]
        let open = try store.reading { (reader) throws(StoreError) in
            try reader.forEachBudget { (name, budget) throws(StoreError) in found[name.description] = budget }
            return try reader.openReservations()
        }
        #expect(found == model.accounts.mapValues(\.budget))
        for (name, account) in model.accounts {
            guard let budget = found[name] else { continue }
            #expect(budget.total == account.granted)
            #expect(budget.unlimited || budget.remaining >= 0)
            #expect(min(budget.reserved, budget.block, budget.forfeited, budget.used) >= 0)
            // What is open and what was spent never exceed what was set.
            if !budget.unlimited { #expect(budget.used + budget.reserved <= account.granted) }
            let place = BudgetModel.Account.Place(name: name, life: account.life)
            let tickets = model.tickets.values.filter { $0.state == .open && ($0.key == place || $0.wallet == place) }
            #expect(budget.reserved == tickets.reduce(0) { $0 + $1.amount } && Int(budget.openReservations) == tickets.count)
        }
        #expect(open.count == model.tickets.values.count { $0.state == .open })
    }
}
