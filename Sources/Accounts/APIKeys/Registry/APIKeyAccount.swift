import CofferStore
import Synchronization

/// A lock that many accounts share.
final class ShardLock: Sendable {
    private let mutex = Mutex(())

    @inline(__always)
    func locked<T: Sendable, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
        mutex._unsafeLock()
        defer { mutex._unsafeUnlock() }
        return try body()
    }
}

/// The moving part of a key: what it spent and has left, and which entry is in force. One object for the life of the key in memory.
///
/// Everything but `number` and `lock` is read and written under `lock`, through the methods of the extensions.
final class APIKeyAccount: @unchecked Sendable {
    // In the order in which a verdict reads them: the first line or two of cache have all of it.
    let lock: ShardLock
    /// `nil`: the key is gone.
    var entry: APIKeyEntry?
    /// Of a block, or of an unlimited budget: taken here, not yet told to the store. Counted in the periods `spentDay`, `spentMonth`.
    var spent: Int64 = 0
    /// Of an unlimited budget: told to the store, not yet answered.
    var sending: Int64 = 0
    /// As the store has it.
    var budget: Budget
    let number: UInt64
    var spentDay: UInt32 = 0
    var spentMonth: UInt32 = 0
    /// Unix milliseconds of the last charge from memory.
    var accessed: UInt64 = 0
    /// Whether `budget.block` was handed to this process; one of before a start is forfeited.
    var ownsBlock = false
    /// A commit about the block is under way: nobody takes from it.
    var isRenewing = false
    var waiters: [@Sendable () -> Void] = []
    var requests = RequestWindow()
    /// A lazily written status is on its way.
    var writesStatus = false
    /// In the list of accounts whose spending is to be told; `next` is guarded by that list.
    var isListed = false
    var next: APIKeyAccount?
    /// What was presented when it was looked up, key and beta.
    private var prints = (APIKeyLookup.Print.none, APIKeyLookup.Print.none)

    init(number: UInt64, lock: ShardLock, budget: Budget) {
        self.number = number
        self.lock = lock
        self.budget = budget
    }

    /// The entry in force; `nil`: the key is gone.
    @inline(__always)
    var current: APIKeyEntry? { lock.locked { entry } }

    func replace(_ entry: APIKeyEntry) {
        lock.locked {
            self.entry = entry
            // A change may have brought back what was written lazily.
            writesStatus = false
        }
    }

    /// The key is gone: whoever looked it up before finds nothing any more.
    func close() -> [APIKeyLookup.Print] {
        lock.locked {
            entry = nil
            defer { prints = (.none, .none) }
            return [prints.0, prints.1].filter { $0 != .none }
        }
    }

    /// - Returns: whether the key still is there.
    func remember(_ print: APIKeyLookup.Print, scope: Verdict.Scope) -> Bool {
        lock.locked {
            guard entry != nil else { return false }
            if scope == .full { prints.0 = print } else { prints.1 = print }
            return true
        }
    }

    func replace(_ budget: Budget) {
        lock.locked { self.budget = budget }
    }
}

// What memory knows of the budget, under the lock.
extension APIKeyAccount {
    /// What of the block can still be taken without the store.
    @inline(__always)
    var blockLeft: Int64 { ownsBlock ? max(budget.block - spent, 0) : 0 }

    /// What is left, the block included. Of an unlimited budget it may be below zero.
    @inline(__always)
    var remaining: Int64 {
        // Sums of the largest quota stay far from the bounds; an unlimited budget counts freely and is held at them.
        budget.unlimited ? budget.remaining.clampedSubtracting(spent.clampedAdding(sending)) : budget.remaining + blockLeft
    }

    func used(day: UInt32) -> Int64 {
        (budget.day.period == day ? budget.day.used : 0)
            .clampedAdding(spentDay == day ? spent : 0).clampedAdding(spentDay == day ? sending : 0)
    }

    func used(month: UInt32) -> Int64 {
        (budget.month.period == month ? budget.month.used : 0)
            .clampedAdding(spentMonth == month ? spent : 0).clampedAdding(spentMonth == month ? sending : 0)
    }

    func state(at now: UInt64) -> APIKeyState {
        let periods = entry?.clock.periods(at: now) ?? Periods()
        return APIKeyState(
            unlimited: budget.unlimited, remaining: remaining, used: budget.used.clampedAdding(spent).clampedAdding(sending),
            reserved: budget.reserved, forfeited: budget.forfeited, accessed: max(budget.accessed, accessed),
            inFlight: budget.openReservations, dayUsed: used(day: periods.day), monthUsed: used(month: periods.month))
    }

    func view(at now: UInt64) -> APIKeyView? {
        lock.locked { entry.map { APIKeyView(key: $0.key, state: state(at: now)) } }
    }
}

extension Int64 {
    @inline(__always)
    func clampedAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    @inline(__always)
    func clampedSubtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
