@testable import CofferStore

/// What quotas should do, said once more and as plainly as possible: names are text, nothing is sealed, nothing is stored.
struct BudgetModel {
    struct Account: Equatable {
        var life: Int
        var budget: Budget
        /// What `set` put in: all the rest only moves it.
        var granted: Int64
    }

    struct Ticket: Equatable {
        var key: Account.Place
        var wallet: Account.Place?
        var amount: Int64
        var expires: UInt64
        var limits: WindowLimits
        var state = Reservation.State.open
        var settled: Int64 = 0
        var charged: Int64 = 0
    }

    struct Answer: Equatable {
        var amount: Int64 = 0
        var shortfall: Int64 = 0
        var state: Reservation.State?
        var repeated = false
    }

    struct Refusal: Error, Equatable {
        var code: StoreError.Code
    }

    var accounts: [String: Account] = [:]
    var tickets: [String: Ticket] = [:]
    private var lives = 0

    private func find(_ name: DocumentName) throws(Refusal) -> Account {
        guard let account = accounts[name.description] else { throw Refusal(code: .notFound) }
        return account
    }

    /// Does one step at a time, `now` in Unix milliseconds.
    mutating func apply(_ step: BudgetStep, now: UInt64) throws(Refusal) -> Answer {
        switch step {
        case .set(let name, let unlimited, let remaining, let used, _):
            var account = accounts[name.description]
            if account == nil {
                guard let unlimited, let remaining else { throw Refusal(code: .invalidArgument) }
                lives += 1
                account = Account(life: lives, budget: Budget(unlimited: unlimited, remaining: remaining), granted: 0)
            }
            guard var account else { throw Refusal(code: .failed) }
            account.budget.unlimited = unlimited ?? account.budget.unlimited
            account.budget.remaining = remaining ?? account.budget.remaining
            account.budget.used = used ?? account.budget.used
            let held = account.budget.remaining + account.budget.reserved + account.budget.block
            if !account.budget.unlimited, account.budget.remaining < 0 || held > StoreLimits.quota { throw Refusal(code: .invalidArgument) }
            account.granted = account.budget.total
            accounts[name.description] = account
            return Answer()
        case .remove(let name):
            _ = try find(name)
            accounts[name.description] = nil
            return Answer()
        case .reserve(let request): return try reserve(request, now: now)
        case .settle(let name, let id, let amount, let line):
            guard var ticket = tickets[Self.id(name, id)] else { throw Refusal(code: .notFound) }
            if ticket.state == .settled {
                guard ticket.settled == amount else { throw Refusal(code: .conflict) }
                return Answer(amount: ticket.charged, shortfall: amount - ticket.charged, state: .settled, repeated: true)
            }
            guard ticket.state == .open else { throw Refusal(code: .conflict) }
            ticket.settled = amount
            let places = owners(ticket)
            var charged = places.isEmpty ? 0 : amount
            for place in places where amount > ticket.amount {
                guard let budget = accounts[place.name]?.budget, !budget.unlimited else { continue }
                charged = min(charged, ticket.amount + max(budget.remaining, 0))
            }
            ticket.charged = charged
            for place in places { accounts[place.name]?.giveBack(ticket, charged: charged, accessed: now) }
            if !line.isEmpty, places.contains(ticket.key) { accounts[ticket.key.name]?.budget.lines += 1 }
            ticket.state = .settled
            tickets[Self.id(name, id)] = ticket
            return Answer(amount: charged, shortfall: amount - charged, state: .settled)
        case .release(let name, let id):
            guard let ticket = tickets[Self.id(name, id)] else { throw Refusal(code: .notFound) }
            switch ticket.state {
            case .settled: throw Refusal(code: .conflict)
            case .open: end(name, id, .released, accessed: now)
            default: return Answer(amount: ticket.amount, state: ticket.state, repeated: true)
            }
            return Answer(amount: ticket.amount, state: .released)
        case .expire(let name, let id):
            guard let ticket = tickets[Self.id(name, id)] else { return Answer() }
            guard ticket.state == .open, now >= ticket.expires else {
                let shortfall = ticket.state == .settled ? ticket.settled - ticket.charged : 0
                return Answer(shortfall: shortfall, state: ticket.state, repeated: ticket.state == .expired)
            }
            end(name, id, .expired, accessed: nil)
            return Answer(amount: ticket.amount, state: .expired)
        case .charge(let name, let wallet, let amount, let limits, let line):
            try check(name, wallet, amount, limits, opens: false)
            for name in [name, wallet].compactMap(\.self) {
                accounts[name.description]?.take(amount, limits)
                accounts[name.description]?.budget.accessed = now
            }
            if !line.isEmpty { accounts[name.description]?.budget.lines += 1 }
            return Answer(amount: amount)
        case .renewBlock(let name, let consumed, let wanted, let limits):
            var account = try find(name)
            if account.budget.unlimited && account.budget.block == 0 { throw Refusal(code: .invalidArgument) }
            if consumed > account.budget.block { throw Refusal(code: .conflict) }
            account.budget.remaining += account.budget.block
            account.budget.block = 0
            account.take(consumed, limits)
            if consumed > 0 { account.budget.accessed = now }
            var block = account.budget.remaining / 100
            if limits.dayLimit > 0 { block = min(block, limits.dayLimit - account.budget.day.in(limits.dayPeriod)) }
            if limits.monthLimit > 0 { block = min(block, limits.monthLimit - account.budget.month.in(limits.monthPeriod)) }
            if account.budget.unlimited || wanted == 0 || block < wanted { block = 0 }
            account.budget.block = block
            account.budget.remaining -= block
            accounts[name.description] = account
            return Answer(amount: block)
        case .spend(let name, let amount, let accessed, let limits):
            var account = try find(name)
            let taken = account.budget.unlimited ? amount : min(amount, account.budget.remaining)
            account.take(taken, limits)
            account.budget.accessed = max(account.budget.accessed, accessed)
            accounts[name.description] = account
            return Answer(amount: taken, shortfall: amount - taken)
        case .forfeitBlock(let name):
            let lost = try find(name).budget.block
            accounts[name.description]?.budget.block = 0
            accounts[name.description]?.budget.forfeited += lost
            return Answer(amount: lost)
        }
    }

    private static func id(_ budget: DocumentName, _ request: DocumentName) -> String { "\(budget.description)|\(request.description)" }

    private func check(
        _ name: DocumentName, _ wallet: DocumentName?, _ amount: Int64, _ limits: WindowLimits, opens: Bool
    ) throws(Refusal) {
        func affords(_ budget: Budget) -> Bool { budget.unlimited || (budget.remaining != 0 && budget.remaining >= amount) }
        let budget = try find(name).budget
        let other = if let wallet { try find(wallet).budget as Budget? } else { nil as Budget? }
        if !affords(budget) { throw Refusal(code: .budgetExhausted) }
        if let other, !affords(other) { throw Refusal(code: .walletExhausted) }
        if opens, limits.inFlight > 0, budget.openReservations + 1 > limits.inFlight { throw Refusal(code: .inFlightExhausted) }
        if limits.dayLimit > 0, budget.day.in(limits.dayPeriod) + amount > limits.dayLimit { throw Refusal(code: .dayExhausted) }
        if limits.monthLimit > 0, budget.month.in(limits.monthPeriod) + amount > limits.monthLimit { throw Refusal(code: .monthExhausted) }
    }

    private mutating func reserve(_ request: ReservationRequest, now: UInt64) throws(Refusal) -> Answer {
        let id = Self.id(request.budget, request.requestID)
        if let ticket = tickets[id] {
            guard ticket.amount == request.amount, ticket.wallet?.name == request.wallet?.description else {
                throw Refusal(code: .conflict)
            }
            let shortfall = ticket.state == .settled ? ticket.settled - ticket.charged : 0
            return Answer(amount: ticket.amount, shortfall: shortfall, state: ticket.state, repeated: true)
        }
        if request.expires <= now { throw Refusal(code: .invalidArgument) }
        try check(request.budget, request.wallet, request.amount, request.limits, opens: true)
        for name in [request.budget, request.wallet].compactMap(\.self) {
            accounts[name.description]?.take(request.amount, request.limits)
            accounts[name.description]?.budget.used -= request.amount
            accounts[name.description]?.budget.reserved += request.amount
            accounts[name.description]?.budget.openReservations += 1
        }
        func place(_ name: DocumentName) throws(Refusal) -> Account.Place { .init(name: name.description, life: try find(name).life) }
        let wallet = if let wallet = request.wallet { try place(wallet) as Account.Place? } else { nil as Account.Place? }
        tickets[id] = Ticket(
            key: try place(request.budget), wallet: wallet, amount: request.amount, expires: request.expires, limits: request.limits)
        return Answer(amount: request.amount, state: .open)
    }

    private func owners(_ ticket: Ticket) -> [Account.Place] {
        [ticket.key, ticket.wallet].compactMap(\.self).filter { accounts[$0.name]?.life == $0.life }
    }

    private mutating func end(_ name: DocumentName, _ id: DocumentName, _ state: Reservation.State, accessed: UInt64?) {
        guard let ticket = tickets[Self.id(name, id)] else { return }
        for place in owners(ticket) { accounts[place.name]?.giveBack(ticket, charged: 0, accessed: accessed) }
        tickets[Self.id(name, id)]?.state = state
    }
}

extension BudgetModel.Account {
    struct Place: Equatable {
        var name: String
        var life: Int
    }

    mutating func take(_ amount: Int64, _ limits: WindowLimits) {
        budget.remaining -= amount
        budget.used += amount
        budget.day.add(amount, limits.dayPeriod)
        budget.month.add(amount, limits.monthPeriod)
    }

    mutating func giveBack(_ ticket: BudgetModel.Ticket, charged: Int64, accessed: UInt64?) {
        budget.reserved -= ticket.amount
        budget.openReservations -= 1
        budget.used += charged
        budget.remaining += ticket.amount - charged
        if budget.day.period == ticket.limits.dayPeriod { budget.day.used = max(0, budget.day.used + charged - ticket.amount) }
        if budget.month.period == ticket.limits.monthPeriod { budget.month.used = max(0, budget.month.used + charged - ticket.amount) }
        if let accessed { budget.accessed = accessed }
    }
}

extension Budget.Period {
    fileprivate func `in`(_ other: UInt32) -> Int64 { period == other ? used : 0 }

    fileprivate mutating func add(_ amount: Int64, _ other: UInt32) {
        if period != other { self = .init(period: other, used: 0) }
        used += amount
    }
}
