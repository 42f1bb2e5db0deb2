import CofferStore
import Synchronization

/// When open reservations end, so that the ticker need not ask the store. Rebuilt from the store at each load.
final class ReservationTimes: Sendable {
    struct Identity: Hashable, Sendable {
        var key: UInt64
        var requestID: DocumentName
    }

    private struct Timed: Sendable {
        var expires: UInt64
        var identity: Identity
    }

    private struct State {
        var expires: [Identity: UInt64] = [:]
        /// A binary heap, the earliest first. Holds ended ones too, until their time comes or too many have gathered.
        var heap: [Timed] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.expires.count } }

    func add(_ key: UInt64, _ requestID: DocumentName, expires: UInt64) {
        state.withLock { state in
            let identity = Identity(key: key, requestID: requestID)
            guard state.expires.updateValue(expires, forKey: identity) != expires else { return }
            state.heap.append(Timed(expires: expires, identity: identity))
            Self.siftUp(&state.heap)
        }
    }

    func remove(_ key: UInt64, _ requestID: DocumentName) {
        state.withLock { state in
            state.expires[Identity(key: key, requestID: requestID)] = nil
            guard state.heap.count > 2 * state.expires.count + 1_024 else { return }
            // Sorted is a heap too.
            state.heap = state.expires.map { Timed(expires: $0.value, identity: $0.key) }.sorted { $0.expires < $1.expires }
        }
    }

    /// Takes out what has ended, at most `limit` of them.
    func takeEnded(at now: UInt64, limit: Int) -> [Identity] {
        state.withLock { state in
            var ended: [Identity] = []
            while ended.count < limit, let first = state.heap.first, first.expires <= now {
                Self.removeFirst(&state.heap)
                if state.expires[first.identity] == first.expires {
                    state.expires[first.identity] = nil
                    ended.append(first.identity)
                }
            }
            return ended
        }
    }

    func clear() { state.withLock { $0 = State() } }

    private static func siftUp(_ heap: inout [Timed]) {
        var place = heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].expires < heap[parent].expires else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }

    private static func removeFirst(_ heap: inout [Timed]) {
        let last = heap.count - 1
        heap.swapAt(0, last)
        heap.removeLast()
        var place = 0
        while true {
            var smallest = place
            for child in (2 * place + 1)...(2 * place + 2) where child < last && heap[child].expires < heap[smallest].expires {
                smallest = child
            }
            guard smallest != place else { return }
            heap.swapAt(place, smallest)
            place = smallest
        }
    }
}
