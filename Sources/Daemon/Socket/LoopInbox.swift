import CLinux
import CofferStore
import Synchronization

/// What other threads hand to a loop: jobs, and the changes that its watches follow. The first one in wakes the loop.
final class LoopInbox: Sendable {
    enum Item: Sendable {
        case job(@Sendable (SocketLoop) -> Void)
        case changes([Change])
    }

    private let items = Mutex<[Item]>([])
    let wakeDescriptor: Int32

    init() throws(SocketError) {
        wakeDescriptor = coffer_eventfd()
        guard wakeDescriptor >= 0 else { throw SocketError.system("cannot make an eventfd", -wakeDescriptor) }
    }

    func post(_ item: Item) {
        let first = items.withLock { items in
            items.append(item)
            return items.count == 1
        }
        if first { coffer_eventfd_raise(wakeDescriptor) }
    }

    func take() -> [Item] {
        coffer_eventfd_clear(wakeDescriptor)
        return items.withLock { items in
            defer { items = [] }
            return items
        }
    }
}
