/// Collects lines into pieces for whoever takes them, and counts what the last line will say.
final class BackupOutput {
    /// What was written, in lines of content.
    struct Tally {
        var counts = BackupCounts()
        var lines: UInt64 = 0
    }

    static let pieceBytes = 256 << 10

    let buffer = LineBuffer(capacity: pieceBytes * 2)
    private(set) var tally = Tally()
    /// How far the records have come, for who waits.
    var position: (done: UInt64, total: UInt64) = (0, 0)
    private let pieces: BackupPieces
    private var lineStart = 0

    init(_ pieces: BackupPieces) { self.pieces = pieces }

    /// Ends the line that was written behind the last one.
    /// - Parameter kind: `nil` for the first line.
    func endLine(_ kind: BackupCounts.Kind?) throws(StoreError) {
        guard buffer.count - lineStart <= BackupLineReader.largestLine else {
            throw StoreError(.failed, "a line of the backup (\(kind?.name ?? "")) has more than \(BackupLineReader.largestLine) bytes")
        }
        if let kind {
            tally.counts[kind] += 1
            tally.lines += 1
        }
        buffer.append("\n")
        lineStart = buffer.count
        if buffer.count >= Self.pieceBytes { try flush() }
    }

    func flush() throws(StoreError) {
        guard buffer.count > 0 else { return }
        try pieces.put(buffer, done: position.done, total: position.total)
        lineStart = 0
    }
}
