import CofferStore
import CofferWire
import Dispatch
import Synchronization
import Testing

@testable import CofferDaemon

/// What lies between the threads of backups and restores and their connections.
@Suite struct BackupStreamTests {
    private final class Taken: Sendable {
        let chunks = Mutex<[BackupChunk]>([])
    }

    @Test func aPieceWaitsUntilAnEarlierOneWasTaken() throws {
        let taken = Taken()
        let pipe = BackupPipe { chunk in taken.chunks.withLock { $0.append(chunk) } }
        let done = DispatchSemaphore(value: 0)
        try thread {
            for number in 0..<5 {
                [UInt8](repeating: UInt8(number), count: 10).withUnsafeBytes { try? pipe.send($0, done: UInt64(number), total: 5) }
            }
            done.signal()
        }
        // No more than two are ever on their way, however long one waits.
        #expect(done.wait(timeout: .now() + .milliseconds(50)) == .timedOut)
        #expect(taken.chunks.withLock { $0.count } <= 2)
        for _ in 0..<5 { pipe.taken() }
        #expect(done.wait(timeout: .now() + .seconds(20)) == .success)
        #expect(taken.chunks.withLock { $0.map(\.done) } == [0, 1, 2, 3, 4])
    }

    @Test func largePiecesAreCut() throws {
        let taken = Taken()
        let pipe = BackupPipe { chunk in taken.chunks.withLock { $0.append(chunk) } }
        try [UInt8](repeating: 7, count: Limits.backupChunk + 1).withUnsafeBytes { try pipe.send($0, done: 1, total: 1) }
        #expect(taken.chunks.withLock { $0.map(\.data.count) } == [Limits.backupChunk, 1])
    }

    @Test func whoeverIsGoneEndsTheExport() throws {
        let pipe = BackupPipe { _ in }
        pipe.close(Failure(.cancelled, "gone"))
        pipe.close(Failure(.failed, "later"))
        #expect(throws: StoreError.self) { try [UInt8](repeating: 1, count: 1).withUnsafeBytes { try pipe.send($0, done: 0, total: 0) } }
        #expect(pipe.failure?.code == .cancelled)
    }

    @Test func aRestoreTakesWhatComesInOrder() {
        let feed = RestoreFeed()
        feed.add(.data([1]))
        feed.add(.data([2]))
        feed.add(.end(2))
        var seen: [String] = []
        for _ in 0..<3 { seen.append(feed.next(within: 20).map { "\($0)" } ?? "nothing") }
        #expect(seen == ["data([1])", "data([2])", "end(2)"])
        #expect(feed.next(within: 0) == nil)
    }

    @Test func whatIsAbandonedIsNotWorkedThrough() {
        let feed = RestoreFeed()
        feed.add(.data([1]))
        feed.add(.gone)
        guard case .gone? = feed.next(within: 20) else {
            Issue.record("the data came first")
            return
        }
        #expect(feed.next(within: 0) == nil)
    }

    @Test(arguments: ["", "zz", String(repeating: "A", count: 64), String(repeating: "0", count: 63)])
    func whatIsNoDigestIsZeros(_ text: String) { #expect(BackupDigest.bytes(text) == [UInt8](repeating: 0, count: 32)) }

    @Test func digestsAreBytes() { #expect(BackupDigest.bytes(String(repeating: "0f", count: 32)) == [UInt8](repeating: 15, count: 32)) }

    private func thread(_ body: @escaping @Sendable () -> Void) throws { _ = try LoopThread(name: "test", detached: true, body: body) }
}
