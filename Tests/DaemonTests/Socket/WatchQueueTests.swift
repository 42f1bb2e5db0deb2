import CofferStore
import Testing

@testable import CofferDaemon

/// protocol.md, "Watch": order, gaps, resync.
@Suite struct WatchQueueTests {
    private func change(_ revision: UInt64, _ name: String = "a/x", tenant: TenantID = .main, table: Change.Table = .secrets) -> Change {
        Change(
            revision: revision, ordinal: 0, lastOfRevision: true, table: table, tenant: tenant, name: Array(name.utf8), operation: .put,
            version: 1, activeChanged: true)
    }

    private func queue(from: UInt64? = nil, present: UInt64 = 10, exact: Bool = false, name: String = "a/") -> WatchQueue {
        WatchQueue(exact: exact, name: Array(name.utf8), tenant: .main, present: present, from: from)
    }

    private func drain(_ queue: inout WatchQueue) -> [UInt64] {
        var revisions: [UInt64] = []
        while let next = queue.next() {
            switch next {
            case .change(let change): revisions.append(change.revision)
            case .resync(let revision): revisions.append(revision + 1_000_000)
            }
        }
        return revisions
    }

    @Test func fromNowOnlyWhatIsNew() {
        var queue = queue()
        queue.live([change(9), change(10), change(11), change(12)])
        #expect(drain(&queue) == [11, 12])
    }

    @Test func onlyWhatConcernsIt() {
        var prefix = queue()
        prefix.live([change(11, "b/x"), change(12, "a"), change(13, "a/"), change(14, "a/y", tenant: 2), change(15, "a/x", table: .policies), change(16)])
        #expect(drain(&prefix) == [13, 16])
        var exact = queue(exact: true, name: "a/x")
        exact.live([change(11, "a/x"), change(12, "a/xy"), change(13, "a")])
        #expect(drain(&exact) == [11])
    }

    @Test func historyThenLiveWithoutGapOrDouble() {
        var queue = queue(from: 5)
        #expect(queue.wantsHistory && queue.historyPosition == 5)
        // Live changes arrive meanwhile: the log has them as well.
        queue.live([change(11)])
        queue.history([change(6), change(7)], upTo: 7, complete: false)
        #expect(drain(&queue) == [6, 7])
        #expect(queue.wantsHistory && queue.historyPosition == 7)
        // The log was read before 11 was in it: one more piece is needed.
        queue.history([change(9)], upTo: 10, complete: true)
        #expect(drain(&queue) == [9])
        #expect(queue.wantsHistory && queue.historyPosition == 10)
        queue.history([change(11)], upTo: 11, complete: true)
        queue.live([change(12)])
        #expect(drain(&queue) == [11, 12])
        #expect(!queue.wantsHistory)
    }

    @Test func aLostLogIsOneResync() {
        var queue = queue(from: 2)
        queue.live([change(11)])
        queue.historyLost(present: 10)
        #expect(drain(&queue) == [1_000_011])
        queue.live([change(11), change(12)])
        #expect(drain(&queue) == [12])
    }

    @Test func theFutureIsAResync() {
        var queue = queue(from: 99)
        #expect(drain(&queue) == [1_000_010])
    }

    @Test func whoFallsBehindGetsOneResyncAndGoesOn() {
        var queue = queue()
        for revision in UInt64(11)...UInt64(11 + WatchQueue.capacity) { queue.live([change(revision)]) }
        queue.dropIfBehind()
        let last = UInt64(11 + WatchQueue.capacity)
        #expect(drain(&queue) == [1_000_000 + last])
        queue.live([change(last + 1)])
        #expect(drain(&queue) == [last + 1])
    }

    @Test func exactlyTheCapacityIsNotBehind() {
        var queue = queue()
        for revision in UInt64(11)..<UInt64(11 + WatchQueue.capacity) { queue.live([change(revision)]) }
        queue.dropIfBehind()
        #expect(drain(&queue).count == WatchQueue.capacity)
    }

    /// Any way of cutting a history into log pieces and live groups tells each change once, in order.
    @Test func randomInterleavings() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let present = UInt64.random(in: 1...30, using: &generator)
            let from = UInt64.random(in: 0...present, using: &generator)
            var queue = queue(from: from, present: present)
            var committed = present
            var told: [UInt64] = []
            for _ in 0..<60 {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    let next = committed + UInt64.random(in: 1...3, using: &generator)
                    queue.live((committed + 1...next).map { change($0) })
                    committed = next
                case 1:
                    guard queue.wantsHistory else { continue }
                    let upTo = min(committed, queue.historyPosition + UInt64.random(in: 1...5, using: &generator))
                    let piece = queue.historyPosition < upTo ? (queue.historyPosition + 1...upTo).map { change($0) } : []
                    queue.history(piece, upTo: upTo, complete: upTo == committed)
                default: told += drain(&queue)
                }
            }
            told += drain(&queue)
            while queue.wantsHistory {
                let piece = queue.historyPosition < committed ? (queue.historyPosition + 1...committed).map { change($0) } : []
                queue.history(piece, upTo: committed, complete: true)
                told += drain(&queue)
            }
            told += drain(&queue)
            #expect(told == Array(from + 1..<committed + 1))
        }
    }
}
