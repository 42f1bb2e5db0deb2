/// Collects lines into pieces for whoever takes them, and keeps the numbers of the last line.
final class BackupOutput {
    private let sink: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    let buffer = LineBuffer(capacity: pieceBytes * 2)
    private var lineStart = 0
    private var counts = BackupCounts()
    private var lines: UInt64 = 0
    private var bytes: UInt64 = 0
    private var digest = LineDigest()

    private static let pieceBytes = 256 << 10

    init(sink: @escaping (UnsafeRawBufferPointer) throws(StoreError) -> Void) { self.sink = sink }

    /// Ends the line that was written behind the last one.
    /// - Parameter kind: `nil` for the first and the last line.
    func endLine(_ kind: BackupCounts.Kind?) throws(StoreError) {
        let line = buffer.bytes(from: lineStart)
        guard line.count <= BackupLineReader.largestLine else {
            throw StoreError(.failed, "a line of the backup (\(kind?.name ?? "")) has more than \(BackupLineReader.largestLine) bytes")
        }
        if let kind {
            counts[kind] += 1
            lines += 1
            digest.add(line)
        }
        buffer.append("\n")
        lineStart = buffer.count
        if buffer.count >= Self.pieceBytes { try flush() }
    }

    func flush() throws(StoreError) {
        bytes += UInt64(buffer.count)
        try sink(buffer.bytes)
        buffer.removeAll()
        lineStart = 0
    }

    /// What the last line says.
    var trailer: BackupTrailer { BackupTrailer(lines: lines, counts: counts, digest: digest.hex) }

    func summary(_ header: BackupHeader) -> BackupSummary {
        BackupSummary(
            created: header.created, daemon: header.daemon, storeID: header.storeID, incarnation: header.incarnation,
            revision: header.revision, counts: counts.list, digest: digest.hex, lines: lines, bytes: bytes)
    }
}
