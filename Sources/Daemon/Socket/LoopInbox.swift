import CLinux
import CofferStore
import Synchronization

/// What other threads hand to a loop: jobs, and the changes that its watches follow. The first one in wakes the loop.
final class LoopInbox: Sendable {
    enum Item: Sendable {
        case job(@Sendable (SocketLoop) -> Void)
        case changes([Change])
    }

    private struct State {
        var items: [Item] = []
        /// More will come in a moment: the loop is woken once for all of it.
        var isHeld = false
    }

    private let state = Mutex(State())
    let wakeDescriptor: Int32

    init() throws(SocketError) {
        wakeDescriptor = coffer_eventfd()
        guard wakeDescriptor >= 0 else { throw SocketError.system("cannot make an eventfd", -wakeDescriptor) }
    }

    func post(_ item: Item) {
        let first = state.withLock { state in
            state.items.append(item)
            return state.items.count == 1 && !state.isHeld
        }
        if first { coffer_eventfd_raise(wakeDescriptor) }
    }

    /// Wakes nobody until ``release()``: for a few microseconds, in which many answers come.
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let isWaiting = state.withLock { state in
            state.isHeld = false
            return !state.items.isEmpty
        }
        if isWaiting { coffer_eventfd_raise(wakeDescriptor) }
    }

    func take() -> [Item] {
        coffer_eventfd_clear(wakeDescriptor)
        return state.withLock { state in
            defer { state.items = [] }
            return state.items
        }
    }
}
