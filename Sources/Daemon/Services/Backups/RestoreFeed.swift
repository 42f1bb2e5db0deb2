import Dispatch
import Synchronization

/// What arrives for a restore, on its way to the thread that takes it in. Credit bounds it: it holds no more than the window.
final class RestoreFeed: Sendable {
    enum Piece: Sendable {
        case data([UInt8])
        /// The client says that it sent so many bytes.
        case end(UInt64)
        /// Nobody waits for it any more.
        case gone
    }

    private let pieces = Mutex<[Piece]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func add(_ piece: Piece) {
        pieces.withLock { pieces in
            // What is abandoned is not worked through first.
            if case .gone = piece { pieces.removeAll() }
            pieces.append(piece)
        }
        arrived.signal()
    }

    /// Waits for the next piece. On the restore's thread only.
    /// - Returns: `nil` where none came in time.
    func next(within seconds: Int) -> Piece? {
        let deadline = DispatchTime.now() + .seconds(seconds)
        while true {
            if let piece = pieces.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return piece }
            guard arrived.wait(timeout: deadline) == .success else { return nil }
        }
    }
}
