/// An export on two threads: one reads the store and writes lines, the other takes their digest and hands them on. Where there are two
/// processors, both go on at once.
struct BackupPipeline {
    let export: BackupExport
    let pieces: BackupPieces

    init(
        _ transaction: Transaction, keys: KeySet, isLocked: @escaping () -> Bool, fileBytes: @escaping () -> UInt64
    ) throws(StoreError) {
        pieces = BackupPieces(pieceBytes: BackupOutput.pieceBytes * 2)
        export = try BackupExport(
            transaction: transaction, keys: keys, output: BackupOutput(pieces),
            progress: BackupProgress(isLocked: isLocked, fileBytes: fileBytes))
    }

    /// Reads on a thread that is started for it and has ended when this returns; the closures are called on the calling one.
    /// - Parameters:
    ///   - progress: how many of how many records are in what was handed on.
    ///   - sink: gets the lines; their memory is wiped behind the call.
    func run(
        _ header: BackupHeader, progress: (UInt64, UInt64) -> Void, to sink: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) -> BackupSummary {
        nonisolated(unsafe) let export = export
        let pieces = pieces
        let thread = try WorkerThread(name: "coffer-backup", isBackground: true) {
            do throws(StoreError) { pieces.end(.success(try export.run(header))) } catch { pieces.end(.failure(error)) }
        }
        defer {
            pieces.abandon()
            thread.joinUnlessCurrent()
        }
        var digest = LineDigest()
        var bytes: UInt64 = 0
        func handOn(_ lines: UnsafeRawBufferPointer) throws(StoreError) {
            bytes += UInt64(lines.count)
            try sink(lines)
        }
        var tally: BackupOutput.Tally?
        while tally == nil {
            tally = try pieces.next { (piece) throws(StoreError) in
                digest.add(linesOfContent: piece.lines.bytes)
                progress(piece.done, piece.total)
                try handOn(piece.lines.bytes)
            }
        }
        let (counts, lines) = (tally?.counts ?? BackupCounts(), tally?.lines ?? 0)
        let last = LineBuffer()
        BackupLineWriter(output: last).trailer(BackupTrailer(lines: lines, counts: counts, digest: digest.hex))
        last.append("\n")
        try handOn(last.bytes)
        return BackupSummary(
            created: header.created, daemon: header.daemon, storeID: header.storeID, incarnation: header.incarnation,
            revision: header.revision, counts: counts.list, digest: digest.hex, lines: lines, bytes: bytes)
    }
}
