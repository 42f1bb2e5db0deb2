import CofferAccounts
import Synchronization

/// Slows guessing down: behind the fifth failed login of an address within 10 minutes 1, 2, 4 … 60 s. All doors share one.
///
/// IPv6 counts by /64: whoever has one has the others of it too. The table is bounded; the oldest goes first.
public final class LoginBackoff: Sendable {
    private struct Record {
        /// Failures, none more than the window behind the one before.
        var failures: Int
        /// Of the last failure; milliseconds.
        var last: UInt64
    }

    private static let window: UInt64 = 600_000
    private static let free = 5
    private static let longest: UInt64 = 60_000
    private let capacity: Int
    private let records = Mutex<[ClientAddress: Record]>([:])

    /// - Parameter capacity: how many addresses are remembered.
    public init(capacity: Int = 4_096) { self.capacity = max(capacity, 1) }

    /// Whether this client has to wait.
    /// - Parameter now: milliseconds; the same clock in each call.
    /// - Returns: seconds, 1 to 60; `nil` where it may try.
    public func check(_ client: ClientAddress, now: UInt64) -> Int? {
        let key = Self.key(client)
        return records.withLock { records in
            // A clock that was put back locks nobody out.
            guard let record = records[key], now >= record.last, now - record.last < Self.window, record.failures >= Self.free else {
                return nil
            }
            let pause = min(1_000 << UInt64(min(record.failures - Self.free, 10)), Self.longest)
            let left = record.last + pause > now ? record.last + pause - now : 0
            return left == 0 ? nil : Int((left + 999) / 1_000)
        }
    }

    /// Counts a wrong password, key or code.
    public func failed(_ client: ClientAddress, now: UInt64) {
        let key = Self.key(client)
        records.withLock { records in
            if let record = records[key], now >= record.last, now - record.last < Self.window {
                records[key] = Record(failures: record.failures + 1, last: now)
                return
            }
            if records[key] == nil, records.count >= capacity, let oldest = records.min(by: { $0.value.last < $1.value.last }) {
                records[oldest.key] = nil
            }
            records[key] = Record(failures: 1, last: now)
        }
    }

    /// Forgets the failures of a client that logged in.
    public func succeeded(_ client: ClientAddress) {
        records.withLock { $0[Self.key(client)] = nil }
    }

    var count: Int { records.withLock { $0.count } }

    private static func key(_ client: ClientAddress) -> ClientAddress { client.network }
}
