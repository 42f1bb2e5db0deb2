import CofferAccounts
import Synchronization

/// How often something may be asked (compat/newapi.md 1.0). In memory; a restart forgets.
///
/// The table is bounded: where it is full the one that asked longest ago goes.
final class NewAPIRateLimits: Sendable {
    enum Subject: Hashable, Sendable {
        case search(user: UInt64)
        /// Routes that try a password or show a key, by address (IPv6 by /64).
        case critical(ClientAddress)
        case accessToken(UInt64)

        /// So many within so many milliseconds.
        fileprivate var limit: (count: Int, window: UInt64) {
            switch self {
            case .search: (10, 60_000)
            case .critical, .accessToken: (20, 1_200_000)
            }
        }
    }

    private let capacity: Int
    /// When each subject asked, ascending; Unix milliseconds.
    private let times = Mutex<[Subject: [UInt64]]>([:])

    init(capacity: Int = 8_192) { self.capacity = max(capacity, 1) }

    /// Counts one request.
    /// - Returns: seconds to wait, 1 or more; `nil`: it may pass. What may not pass is not counted.
    func take(_ subject: Subject, now: UInt64) -> Int? {
        let (count, window) = subject.limit
        return times.withLock { times in
            // A clock that was put back locks nobody out.
            var recent = (times[subject] ?? []).filter { $0 <= now && now - $0 < window }
            if recent.count >= count, let first = recent.first { return Int((first + window - now + 999) / 1_000) }
            recent.append(now)
            if times[subject] == nil, times.count >= capacity,
                let oldest = times.min(by: { ($0.value.last ?? 0) < ($1.value.last ?? 0) })
            {
                times[oldest.key] = nil
            }
            times[subject] = recent
            return nil
        }
    }

    var count: Int { times.withLock { $0.count } }
}

extension NewAPIDoor {
    func limit(_ subject: NewAPIRateLimits.Subject) throws(NewAPIFailure) {
        guard settings.rateLimits, let seconds = limits.take(subject, now: clock()) else { return }
        throw .rateLimited(retryAfter: seconds)
    }

    /// Whoever has one address of an IPv6 network has the others too.
    func limitCritical(_ call: HTTPCall) throws(NewAPIFailure) {
        let client = call.client
        try limit(.critical(client.network))
    }
}
