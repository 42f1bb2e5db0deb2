import Synchronization

/// How many listen at once: each holds a connection and three watches.
final class EventPlaces: Sendable {
    static let most = 200
    private let taken = Mutex(0)

    func enter() throws(AdminFailure) {
        let isFree = taken.withLock { taken in
            guard taken < Self.most else { return false }
            taken += 1
            return true
        }
        guard isFree else {
            throw AdminFailure(status: 503, code: "busy", message: "\(Self.most) others listen already", retryAfterSeconds: 10)
        }
    }

    func leave() { taken.withLock { $0 -= 1 } }
}
