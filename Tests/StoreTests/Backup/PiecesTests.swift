import Foundation
import Testing

@testable import CofferStore

@Suite("Pieces between the two threads of a backup")
struct PiecesTests {
    private func buffer(_ text: String) -> LineBuffer {
        let buffer = LineBuffer()
        buffer.append(Array(text.utf8))
        return buffer
    }

    @Test("come in order, no more than three ahead, and what they lay in is wiped")
    func order() throws {
        let pieces = BackupPieces(pieceBytes: 64)
        let written = Monitor()
        nonisolated(unsafe) var count = 0
        let thread = try WorkerThread(name: "pieces") {
            do throws(StoreError) {
                for number in 0..<100 {
                    let buffer = LineBuffer()
                    buffer.append(Array("\(number)\n".utf8))
                    try pieces.put(buffer, done: UInt64(number), total: 100)
                    written.locked { count += 1 }
                }
                pieces.end(.success(BackupOutput.Tally(counts: BackupCounts(), lines: 100)))
            } catch {
                pieces.end(.failure(error))
            }
        }
        var seen: [String] = []
        var tally: BackupOutput.Tally?
        while tally == nil {
            tally = try pieces.next { (piece) throws(StoreError) in
                // Time for it to run ahead as far as it may.
                if seen.count < 10 { usleep(2_000) }
                #expect(written.locked { count } <= seen.count + 4)
                #expect(piece.done == UInt64(seen.count) && piece.total == 100)
                seen.append(String(decoding: piece.lines.bytes, as: UTF8.self))
            }
        }
        thread.joinUnlessCurrent()
        #expect(tally?.lines == 100 && seen == (0..<100).map { "\($0)\n" })
    }

    @Test("behind the last one comes what it came to")
    func failure() throws {
        let pieces = BackupPieces(pieceBytes: 64)
        let first = buffer("a\n")
        try pieces.put(first, done: 1, total: 2)
        #expect(first.count == 0)
        pieces.end(.failure(StoreError(.damaged, "no")))
        var seen = 0
        #expect(try pieces.next { (_) throws(StoreError) in seen += 1 } == nil)
        #expect(seen == 1)
        #expect(code { _ = try pieces.next { (_) throws(StoreError) in } } == .damaged)
    }

    @Test("whoever waits for room gives up where nobody takes anything any more")
    func abandoned() throws {
        let pieces = BackupPieces(pieceBytes: 64)
        for _ in 0..<3 { try pieces.put(buffer("a\n"), done: 0, total: 0) }
        let ending = Monitor()
        nonisolated(unsafe) var result: StoreError.Code?
        let thread = try WorkerThread(name: "pieces") {
            do throws(StoreError) { try pieces.put(LineBuffer(), done: 0, total: 0) } catch { ending.locked { result = error.code } }
        }
        usleep(10_000)
        #expect(ending.locked { result } == nil)
        pieces.abandon()
        thread.joinUnlessCurrent()
        #expect(ending.locked { result } == .failed)
    }
}
