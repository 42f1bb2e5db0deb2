import CofferStore
import Testing

@testable import CofferDaemon

/// protocol.md, "Watch": a watch of tokens tells how things stand, each of them once, in the order of their last change.
@Suite struct TokenWatchQueueTests {
    private func change(_ revision: UInt64, _ number: UInt64, ordinal: UInt32 = 0) -> Change {
        Change(
            revision: revision, ordinal: ordinal, lastOfRevision: true, table: .credentialStates, tenant: .main, name: Array("\(number)".utf8),
            operation: .put, version: 0, activeChanged: false)
    }

    private func numbers(_ change: Change) -> [UInt64] { UInt64(String(decoding: change.name, as: UTF8.self)).map { [$0] } ?? [] }

    private func drain(_ queue: inout TokenWatchQueue) -> [String] {
        var told: [String] = []
        while let next = queue.next() {
            switch next {
            case .change(let number, let revision, let last): told.append("\(number)@\(revision)\(last ? "" : "+")")
            case .resync(let revision): told.append("resync@\(revision)")
            }
        }
        return told
    }

    @Test func fromNowOnlyWhatIsNew() {
        var queue = TokenWatchQueue(present: 10, from: nil)
        queue.live([change(9, 1), change(10, 1), change(11, 2)], numbersOf: numbers)
        #expect(drain(&queue) == ["2@11"])
        #expect(queue.isEmpty)
    }

    @Test func severalChangesOfOneAreToldAsOne() {
        var queue = TokenWatchQueue(present: 10, from: nil)
        queue.live([change(11, 1), change(12, 2), change(13, 1)], numbersOf: numbers)
        queue.live([change(14, 3), change(15, 2)], numbersOf: numbers)
        #expect(drain(&queue) == ["1@13", "3@14", "2@15"])
        queue.live([change(16, 1)], numbersOf: numbers)
        #expect(drain(&queue) == ["1@16"])
    }

    @Test func theLastOfARevisionIsSaidToBe() {
        var queue = TokenWatchQueue(present: 10, from: nil)
        queue.live([change(11, 1), change(11, 1, ordinal: 1), change(11, 2, ordinal: 2), change(11, 3, ordinal: 3)], numbersOf: numbers)
        #expect(drain(&queue) == ["1@11+", "2@11+", "3@11"])
        // What was told later goes away from where it stood.
        queue.live([change(12, 1), change(12, 2, ordinal: 1)], numbersOf: numbers)
        queue.live([change(13, 2)], numbersOf: numbers)
        #expect(drain(&queue) == ["1@12", "2@13"])
    }

    @Test func itNeverHoldsMoreThanThereAre() {
        var queue = TokenWatchQueue(present: 0, from: nil)
        for revision in 1...100_000 { queue.live([change(UInt64(revision), UInt64(revision % 10))], numbersOf: numbers) }
        #expect(drain(&queue) == (99_991...100_000).map { "\($0 % 10)@\($0)" })
    }

    @Test func historyThenLiveWithoutGap() {
        var queue = TokenWatchQueue(present: 10, from: 5)
        #expect(queue.wantsHistory && queue.historyPosition == 5)
        // Live changes arrive meanwhile: the log has them as well.
        queue.live([change(11, 1)], numbersOf: numbers)
        queue.history([change(6, 1), change(7, 2)], upTo: 7, complete: false, numbersOf: numbers)
        #expect(queue.wantsHistory && queue.historyPosition == 7)
        queue.history([change(8, 3)], upTo: 10, complete: true, numbersOf: numbers)
        #expect(queue.wantsHistory)
        queue.history([change(11, 1)], upTo: 11, complete: true, numbersOf: numbers)
        #expect(!queue.wantsHistory)
        #expect(drain(&queue) == ["2@7", "3@8", "1@11"])
        queue.live([change(12, 4)], numbersOf: numbers)
        #expect(drain(&queue) == ["4@12"])
    }

    @Test func aPositionThatCannotBeHadStartsWithAResync() {
        var future = TokenWatchQueue(present: 10, from: 11)
        #expect(drain(&future) == ["resync@10"])
        var lost = TokenWatchQueue(present: 10, from: 2)
        lost.live([change(11, 1)], numbersOf: numbers)
        lost.historyLost(present: 10)
        lost.live([change(12, 1)], numbersOf: numbers)
        #expect(drain(&lost) == ["resync@11", "1@12"])
    }
}
