import Synchronization

/// Bounds what requests about accounts hold while they are carried out, over all connections.
///
/// A connection has at most 256 unfinished ones, but a cancel or a deadline finishes a request for its client only: the work behind it
/// goes on, and its memory stays.
final class RequestBudget: Sendable {
    private static let requests = 16_384
    private static let bytes = 512 << 20
    /// A decoded body beside the one that arrived, and the task.
    private static let overhead = 4 << 10

    private let held = Mutex((requests: 0, bytes: 0))

    /// - Parameter body: bytes of the request's body.
    /// - Returns: false where there is no room for it.
    func take(_ body: Int) -> Bool {
        held.withLock { held in
            guard held.requests < Self.requests, held.bytes + Self.weight(body) <= Self.bytes else { return false }
            held.requests += 1
            held.bytes += Self.weight(body)
            return true
        }
    }

    func giveBack(_ body: Int) {
        held.withLock { held in
            held.requests -= 1
            held.bytes -= Self.weight(body)
        }
    }

    private static func weight(_ body: Int) -> Int { 2 * body + overhead }
}
