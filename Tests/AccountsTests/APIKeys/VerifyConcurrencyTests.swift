import CofferStore
import Foundation
import Synchronization
import Testing

@testable import CofferAccounts

@Suite("Verify under concurrency, and its price")
struct VerifyConcurrencyTests {
    /// Plain threads: the test is about memory, not about the pool.
    private static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> DispatchGroup {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread.detachNewThread {
                body(index)
                group.leave()
            }
        }
        return group
    }

    private final class Race: Sendable {
        let answered = Atomic<Bool>(false)
        let stop = Atomic<Bool>(false)
        let passedBefore = Atomic<Int>(0)
        let passedAfter = Atomic<Int>(0)
    }

    @Test("no verify that begins behind the answer of a disable or delete passes")
    func disable() async throws {
        let store = try KeysFixture()
        let keys = try store.keys
        for round in 0..<60 {
            let key = try await store.make(unlimited: true)
            let race = Race()
            let threads = Self.onThreads(4) { _ in
                while !race.stop.load(ordering: .acquiring) {
                    let wasAnswered = race.answered.load(ordering: .acquiring)
                    let valid = key.bytes.withUnsafeBytes { bytes in
                        if case .verdict(let verdict) = keys.verify(VerifyRequest(key: bytes), now: store.now, mayVerify: { _, _ in true }) {
                            return verdict.reason == .valid
                        }
                        return true
                    }
                    guard valid else { continue }
                    if wasAnswered {
                        race.passedAfter.wrappingAdd(1, ordering: .relaxed)
                    } else {
                        race.passedBefore.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }
            while race.passedBefore.load(ordering: .relaxed) < 50 { await Task.yield() }
            if round % 2 == 0 {
                _ = try await keys.update(key.number, APIKeyChange(status: .disabled), expected: nil, by: "test")
            } else {
                _ = try await keys.delete([key.number], by: "test")
            }
            race.answered.store(true, ordering: .releasing)
            for _ in 0..<50 { await Task.yield() }
            race.stop.store(true, ordering: .releasing)
            await withCheckedContinuation { continuation in threads.notify(queue: .global()) { continuation.resume() } }
            #expect(race.passedAfter.load(ordering: .relaxed) == 0)
        }
    }

    @Test("the price of a verify, printed")
    func price() async throws {
        let store = try KeysFixture()
        let keys = try store.keys
        let drafts = (0..<1_000).map { _ in APIKeyDraft(form: .coffer, unlimited: true) }
        _ = try await keys.createAll(drafts, by: "test")
        let unlimited = try await store.make(unlimited: true) { $0.addresses = try AddressList("10.0.0.0/8") }
        let limited = try await store.make(quota: APIKeyLimits.quota)
        _ = try await store.verify(limited.bytes, cost: 1)
        let address = ClientAddress("10.1.2.3")
        for (name, key, cost) in [("unlimited, cost 0", unlimited, 0), ("unlimited, cost 3", unlimited, 3), ("block, cost 3", limited, 3)] {
            let count = 200_000
            var valid = 0
            let took = ContinuousClock().measure {
                key.bytes.withUnsafeBytes { bytes in
                    let request = VerifyRequest(key: bytes, address: address, cost: Int64(cost))
                    for _ in 0..<count {
                        if case .verdict(let verdict) = keys.verify(request, now: store.now, mayVerify: { _, _ in true }),
                            verdict.reason == .valid { valid += 1 }
                    }
                }
            }
            #expect(valid == count)
            print("VerifyConcurrencyTests: \(name): \(Int(took / .nanoseconds(1)) / count) ns")
        }
    }
}
