/// What goes from the thread that writes the lines of a backup to the one that takes them: in order, few pieces at a time, so that memory
/// stays flat however slow the one that takes is.
final class BackupPieces: @unchecked Sendable {
    /// Whole lines, and how far the backup had come with them.
    struct Piece {
        let lines: LineBuffer
        let done: UInt64
        let total: UInt64
    }

    /// Pieces that wait to be taken, at most.
    private static let capacity = 3

    private let monitor = Monitor()
    /// The memory of pieces that were taken, for those to come.
    private var empty: [LineBuffer]
    private var waiting: [Piece] = []
    private var isAbandoned = false
    private var ending: Result<BackupOutput.Tally, StoreError>?

    /// - Parameter bytes: how long a piece is about to be.
    init(pieceBytes: Int) {
        empty = (0..<Self.capacity).map { _ in LineBuffer(capacity: pieceBytes) }
    }

    // MARK: The thread that writes

    /// Hands on what is in `buffer`, which is empty then. Waits for room.
    /// - Throws: `failed` where nobody takes anything any more.
    func put(_ buffer: LineBuffer, done: UInt64, total: UInt64) throws(StoreError) {
        try monitor.locked { () throws(StoreError) in
            while empty.isEmpty, !isAbandoned { monitor.wait() }
            guard !isAbandoned, let lines = empty.popLast() else { throw StoreError(.failed, "nobody takes the backup any more") }
            lines.exchange(with: buffer)
            waiting.append(Piece(lines: lines, done: done, total: total))
            monitor.signal()
        }
    }

    /// Nothing comes behind it.
    func end(_ result: Result<BackupOutput.Tally, StoreError>) {
        monitor.locked {
            ending = result
            monitor.signal()
        }
    }

    // MARK: The thread that takes

    /// Gives the next piece to `take`, and its memory back behind it. Waits for one.
    /// - Returns: `nil` while there may be more; what it came to behind the last one.
    func next(_ take: (Piece) throws(StoreError) -> Void) throws(StoreError) -> BackupOutput.Tally? {
        let piece = try monitor.locked { () throws(StoreError) -> Piece? in
            while waiting.isEmpty, ending == nil { monitor.wait() }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
        guard let piece else { return try monitor.locked { ending }?.get() }
        try take(piece)
        piece.lines.removeAll()
        monitor.locked {
            empty.append(piece.lines)
            monitor.signal()
        }
        return nil
    }

    /// The thread that writes gives up.
    func abandon() {
        monitor.locked {
            isAbandoned = true
            monitor.signal()
        }
    }
}
