import CofferAccounts
import CofferJSON
import Synchronization

/// Who tried to log in since midnight, and who has tried too often (compat/tokenstool.md 5). In memory; bounded: the oldest goes first.
final class LoginRegister: Sendable {
    /// The original's comment says 30; its limit is this.
    static let chances = 15

    struct Entry: Sendable {
        var failures = 0
        var successes = 0
        /// Unix milliseconds.
        var last: UInt64 = 0
    }

    private struct Day: Sendable {
        /// The midnight that began it, Unix milliseconds.
        var begin: UInt64 = 0
        var entries: [ClientAddress: Entry] = [:]
    }

    private let capacity: Int
    private let time: DoorTime
    private let day = Mutex(Day())

    init(time: DoorTime, capacity: Int = TokensToolBounds.addresses) {
        self.time = time
        self.capacity = max(capacity, 1)
    }

    /// Whether the address is out until midnight, even with the right password.
    func isBlocked(_ client: ClientAddress, now: UInt64) -> Bool {
        change(now) { ($0.entries[client]?.failures ?? 0) > Self.chances }
    }

    /// Counts a failure.
    /// - Returns: how many chances are left, 15 to 0.
    func failed(_ client: ClientAddress, now: UInt64) -> Int {
        change(now) { day in
            var entry = self.entry(client, &day)
            entry.failures += 1
            entry.last = now
            day.entries[client] = entry
            return max(Self.chances + 1 - entry.failures, 0)
        }
    }

    /// Does not forget the failures: the original does not either.
    func succeeded(_ client: ClientAddress, now: UInt64) {
        change(now) { day in
            var entry = self.entry(client, &day)
            entry.successes += 1
            entry.last = now
            day.entries[client] = entry
        }
    }

    /// The newest first.
    func list(now: UInt64) -> [(client: ClientAddress, entry: Entry)] {
        change(now) { day in day.entries.map { (client: $0.key, entry: $0.value) }.sorted { $0.entry.last > $1.entry.last } }
    }

    private func entry(_ client: ClientAddress, _ day: inout Day) -> Entry {
        if let entry = day.entries[client] { return entry }
        if day.entries.count >= capacity, let oldest = day.entries.min(by: { $0.value.last < $1.value.last }) {
            day.entries[oldest.key] = nil
        }
        return Entry()
    }

    private func change<Result: Sendable>(_ now: UInt64, _ body: (inout Day) -> Result) -> Result {
        let midnight = time.midnight(now)
        return day.withLock { day in
            if day.begin != midnight { day = Day(begin: midnight) }
            return body(&day)
        }
    }
}
