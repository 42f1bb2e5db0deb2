import CofferStore

// A burst needs much memory for what it brings; a quiet log gives it back, but not between two bursts that follow each other.
extension LogCore {
    private static let restDelay = 2_000

    /// When the memory is to be given back, on the monotonic clock; `nil`: it was.
    var restDue: Int? { busyAt.map { $0 + Self.restDelay } }

    func giveBackMemory() {
        guard let restDue, restDue <= Clock.monotonic else { return }
        // What could not be written yet needs its place.
        guard work.isEmpty else { return busyAt = Clock.monotonic }
        busyAt = nil
        work.shrink()
        spare.shrink()
        log.monitor.locked { log.incoming.shrink() }
        // One after the other, and not behind the lock: loops may come for one of them meanwhile.
        while let table = log.takeLarge() {
            table.giveBackPages()
            log.giveBack(table)
        }
    }
}

extension AuditLog {
    fileprivate func takeLarge() -> ReadTable? {
        monitor.locked { free.firstIndex(where: \.isLarge).map { free.remove(at: $0) } }
    }
}
