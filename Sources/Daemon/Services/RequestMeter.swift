import Atomics

/// Requests on the socket since the start, and those that were refused. Loops count by themselves and tell it once a turn.
final class RequestMeter: Sendable {
    private let requests = ManagedAtomic<UInt64>(0)
    private let refused = ManagedAtomic<UInt64>(0)

    func add(requests: UInt64, refused: UInt64) {
        if requests > 0 { self.requests.wrappingIncrement(by: requests, ordering: .relaxed) }
        if refused > 0 { self.refused.wrappingIncrement(by: refused, ordering: .relaxed) }
    }

    var totals: (requests: UInt64, refused: UInt64) { (requests.load(ordering: .relaxed), refused.load(ordering: .relaxed)) }
}
