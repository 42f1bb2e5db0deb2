import Atomics
import Glibc

/// A reader's read transaction, and who may touch it: the reader while it is inside, the writer while it is not.
///
/// The writer takes idle readers' transactions away when their environment is to close: they may be idle for days. Who comes back finds
/// none and begins one on the environment that is there then.
final class ReaderSeat: @unchecked Sendable {
    private static let withWriter = UInt64.max

    /// 0: idle; otherwise since when the reader is inside (Unix milliseconds), or ``withWriter``.
    private let since = ManagedAtomic<UInt64>(0)
    /// Only for whoever moved `since` away from 0. It counts as a user of its environment.
    private(set) var transaction: Transaction?

    /// Since when the reader is inside; 0: it is not.
    var began: UInt64 {
        let value = since.load(ordering: .relaxed)
        return value == Self.withWriter ? 0 : value
    }

    /// Waits for the writer where it has the seat just now: no longer than ending a transaction takes.
    func enter(at now: UInt64) {
        let now = Self.moment(now)
        while !since.compareExchange(expected: 0, desired: now, ordering: .acquiring).exchanged { sched_yield() }
    }

    /// The reader begins again without having left.
    func stay(from now: UInt64) { since.store(Self.moment(now), ordering: .relaxed) }

    func leave() { since.store(0, ordering: .releasing) }

    private static func moment(_ now: UInt64) -> UInt64 { min(max(now, 1), withWriter - 1) }

    /// - Parameter transaction: of an environment that was retained for it.
    func attach(_ transaction: Transaction) { self.transaction = transaction }

    func detach() {
        guard let transaction else { return }
        self.transaction = nil
        // In a child of fork the lock table is the parent's.
        if transaction.environment.isOurs { transaction.abort() }
        transaction.environment.release()
    }

    /// Takes an idle reader's transaction away; one that is inside keeps it.
    func evict() {
        guard since.compareExchange(expected: 0, desired: Self.withWriter, ordering: .acquiring).exchanged else { return }
        detach()
        leave()
    }
}
