import CofferStore
import CofferWire
import Dispatch
import Synchronization

/// What the thread of an export hands to its connection: few pieces at a time, so that memory stays flat however slow the client is.
final class BackupPipe: Sendable {
    /// Pieces that wait for credit or room; one more is being made.
    private static let capacity = 2
    /// A client that takes nothing for so long has lost its snapshot: its reader keeps the store's file growing.
    private static let patience = DispatchTimeInterval.seconds(60)

    private let slots = DispatchSemaphore(value: 0)
    private let ending = Mutex<Failure?>(nil)
    private let deliver: @Sendable (BackupChunk) -> Void

    /// - Parameter deliver: brings a piece to the connection; ``taken()`` follows when it was sent.
    init(deliver: @escaping @Sendable (BackupChunk) -> Void) {
        self.deliver = deliver
        for _ in 0..<Self.capacity { slots.signal() }
    }

    /// Why nothing more is taken; `nil` while it is.
    var failure: Failure? { ending.withLock { $0 } }

    /// On the export's thread: waits until there is room.
    /// - Throws: where nobody takes anything any more; ``failure`` says why.
    func send(_ bytes: UnsafeRawBufferPointer, done: UInt64, total: UInt64) throws(StoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Limits.backupChunk)
            rest = rest.dropFirst(piece.count)
            if slots.wait(timeout: .now() + Self.patience) == .timedOut {
                close(Failure(.deadlineExceeded, "the client took no piece of the backup for 60 s", retry: .now))
            }
            guard failure == nil else { throw StoreError(.failed, "nobody takes the backup any more") }
            deliver(BackupChunk(done: done, total: total, data: Array(piece)))
        }
    }

    func taken() { slots.signal() }

    func close(_ failure: Failure) {
        ending.withLock { ending in if ending == nil { ending = failure } }
        slots.signal()
    }
}
