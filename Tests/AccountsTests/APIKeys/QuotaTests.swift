import CofferStore
import Testing

@testable import CofferAccounts

@Suite("Quota: reserve, settle, blocks")
struct QuotaTests {
    @Test("1,000 concurrent reserves over a budget of 100: exactly 100 succeed")
    func concurrentReserves() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 100)
        let reasons = try await withThrowingTaskGroup(of: VerdictReason.self) { group in
            for index in 0..<1_000 { group.addTask { try await store.reserve(key.bytes, 1, "r\(index)").verdict.reason } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(reasons == [.valid: 100, .quota: 900])
        let state = try store.state(key.number)
        #expect(state.remaining == 0 && state.reserved == 100 && state.inFlight == 100 && state.used == 0)
    }

    @Test("settle charges what it cost, gives back the rest, and keeps a line; a repeat changes nothing")
    func settle() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 100)
        let reserved = try await store.reserve(key.bytes, 60, "r")
        #expect(reserved.verdict.reason == .valid && reserved.amount == 60 && reserved.number == key.number && !reserved.repeated)
        #expect(reserved.expires == store.now + 60_000 && reserved.verdict.remaining == 40)
        let line = UsageLine(time: store.now, amount: 25, requestID: "r", model: "m", inputTokens: 20, outputTokens: 5)
        let settled = try await store.settle(key.number, "r", 25, line: line)
        #expect(settled.charged == 25 && settled.shortfall == 0 && settled.remaining == 75 && !settled.repeated && !settled.unlimited)
        #expect(try await store.settle(key.number, "r", 25, line: line).repeated)
        #expect(try await store.keys.usageLines(key.number, limit: 10) == [line])
        #expect(await refusal { _ = try await store.settle(key.number, "r", 26) } == "conflict:request_id")
        #expect(await refusal { _ = try await store.release(key.number, "r") } == "conflict:request_id")
        #expect(await refusal { _ = try await store.settle(key.number, "never", 1) } == "notFound:request_id")
        // More than reserved takes what is there, never below zero.
        _ = try await store.reserve(key.bytes, 70, "s")
        let over = try await store.settle(key.number, "s", 80)
        #expect(over.charged == 75 && over.shortfall == 5 && over.remaining == 0)
        let state = try store.state(key.number)
        #expect(state.used == 100 && state.remaining == 0 && state.dayUsed == 100 && state.monthUsed == 100 && state.accessed == store.now)
    }

    @Test("a request id is answered as before: after exhaustion, after the end, after a restart")
    func repeated() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 10) { $0.windows = Windows(requestsPerMinute: 100) }
        let first = try await store.reserve(key.bytes, 10, "r")
        #expect(try await store.reserve(key.bytes, 1, "other").verdict.reason == .quota)
        #expect(try await store.reason(key.bytes) == "quota")
        func isTheSame() async throws {
            let again = try await store.reserve(key.bytes, 10, "r")
            #expect(again.verdict.reason == .valid && again.repeated && again.expires == first.expires && again.amount == 10)
        }
        try await isTheSame()
        try store.restart()
        try await isTheSame()
        #expect(await refusal { _ = try await store.reserve(key.bytes, 9, "r") } == "conflict:request_id")
        _ = try await store.settle(key.number, "r", 10)
        #expect(try await store.reason(key.bytes) == "quota")
        try await store.drain()
        #expect(try store.key(key.number).status == .exhausted)
        try await isTheSame()
        try store.restart(dying: true)
        try await isTheSame()
        #expect(try await store.reserve(key.bytes, 1, "new").verdict.reason == .quota)
        #expect(try store.state(key.number).used == 10)
        // Also where the minute is full.
        _ = try await store.keys.update(
            key.number, APIKeyChange(status: .enabled, windows: Windows(requestsPerMinute: 1)), expected: nil, by: "test")
        try await isTheSame()
        #expect(try await store.reserve(key.bytes, 1, "newer").verdict.reason == .requestsPerMinute)
    }

    @Test("reservations end by themselves, also those that were made before a restart")
    func expire() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 10)
        _ = try await store.reserve(key.bytes, 4, "a", lifetime: 1_000)
        _ = try await store.reserve(key.bytes, 5, "b", lifetime: 5_000)
        try store.restart()
        store.advance(999)
        try store.all.tick()
        #expect(try store.state(key.number).remaining == 1)
        store.advance(1)
        try store.all.tick()
        #expect(try store.state(key.number).remaining == 5 && store.state(key.number).inFlight == 1)
        store.advance(4_000)
        try store.all.tick()
        #expect(try store.state(key.number).remaining == 10 && store.keys.reservations.count == 0)
        #expect(await refusal { _ = try await store.settle(key.number, "a", 1) } == "conflict:request_id")
    }

    @Test("verify's own cost draws on a block of at most 1 %; one commit serves many")
    func blocks() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 100_000)
        #expect(try await store.reason(key.bytes, cost: 10) == "valid")
        let budget = try store.budget(key.number)
        #expect(budget.block == 1_000 && budget.remaining == 99_000)
        let revision = store.store.revision
        for _ in 0..<99 { #expect(try await store.reason(key.bytes, cost: 10) == "valid") }
        #expect(store.store.revision == revision)
        #expect(try store.state(key.number).used == 1_000 && store.state(key.number).remaining == 99_000)
        // The block is used up: the next one is 1 % of what is left.
        let verdict = try await store.verify(key.bytes, cost: 10)
        #expect(verdict.reason == .valid && verdict.remaining == 98_990)
        #expect(store.store.revision == revision + 1)
        #expect(try store.budget(key.number).used == 1_000 && store.budget(key.number).block == 990)
        // More than 1 %: a commit of its own, and the block stays.
        #expect(try await store.verify(key.bytes, cost: 5_000).remaining == 93_990)
        #expect(try store.budget(key.number).used == 6_000 && store.budget(key.number).block == 990)
        // Given back by an orderly stop.
        try store.restart()
        let after = try store.budget(key.number)
        #expect(after.block == 0 && after.forfeited == 0 && after.used == 6_010 && after.remaining == 93_990)
    }

    @Test("what is left in a block can be had by a large charge or reservation")
    func blockGivenBack() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 1_000)
        #expect(try await store.reason(key.bytes, cost: 1) == "valid")
        #expect(try store.budget(key.number).block == 10)
        #expect(try await store.verify(key.bytes, cost: 998).remaining == 1)
        #expect(try await store.reason(key.bytes, cost: 2) == "quota")
        #expect(try await store.verify(key.bytes, cost: 1).remaining == 0)
        #expect(try await store.reason(key.bytes) == "quota")
        let other = try await store.make(quota: 1_000)
        #expect(try await store.reason(other.bytes, cost: 1) == "valid")
        #expect(try await store.reserve(other.bytes, 999, "r").verdict.reason == .valid)
        #expect(try store.state(other.number).remaining == 0)
    }

    @Test("a death forfeits the open block, never more, and says so")
    func forfeit() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 10_000)
        #expect(try await store.reason(key.bytes, cost: 30) == "valid")
        try store.restart(dying: true)
        // The writer answers in order: behind this commit the one that loading submitted is done.
        _ = try await store.make()
        let state = try store.state(key.number)
        #expect(state.forfeited == 100 && state.remaining == 9_900 && state.used == 0)
        #expect(try await store.verify(key.bytes, cost: 1).remaining == 9_899)
    }

    @Test("a lock is no death: blocks and spending go on behind the next unlocking")
    func lock() async throws {
        let store = try KeysFixture()
        let limited = try await store.make(quota: 10_000)
        let unlimited = try await store.make(unlimited: true, quota: 0)
        #expect(try await store.reason(limited.bytes, cost: 30) == "valid")
        #expect(try await store.reason(unlimited.bytes, cost: 7) == "valid")
        store.lock()
        #expect(try await store.reason(limited.bytes) == "locked")
        #expect(try store.keys.find(limited.number) == nil && store.keys.registry.lookup.count == 0)
        try store.unlock()
        #expect(try store.state(limited.number).remaining == 9_970 && store.state(limited.number).used == 30)
        try store.all.tick()
        #expect(try store.budget(unlimited.number).used == 7)
        try store.restart()
        let budget = try store.budget(limited.number)
        #expect(budget.used == 30 && budget.forfeited == 0 && budget.remaining == 9_970)
    }

    @Test("500 concurrent verifies with a cost never take more than there is")
    func concurrentVerifies() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 1_000)
        let reasons = try await withThrowingTaskGroup(of: VerdictReason.self) { group in
            for _ in 0..<500 { group.addTask { try await store.verify(key.bytes, cost: 3).reason } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(reasons == [.valid: 333, .quota: 167])
        #expect(try store.state(key.number).used == 999 && store.state(key.number).remaining == 1)
        try store.restart()
        #expect(try store.budget(key.number).used == 999)
    }

    @Test("an unlimited key spends in memory; the ticker tells the store")
    func unlimited() async throws {
        let store = try KeysFixture()
        let key = try await store.make(unlimited: true, quota: 0)
        let revision = store.store.revision
        for _ in 0..<10 { #expect(try await store.reason(key.bytes, cost: 5) == "valid") }
        #expect(store.store.revision == revision)
        #expect(try store.state(key.number).used == 50 && store.state(key.number).remaining == -50 && store.state(key.number).dayUsed == 50)
        try store.all.tick()
        #expect(try store.budget(key.number).used == 50 && store.budget(key.number).remaining == -50)
        let told = store.store.revision
        try store.all.tick()
        #expect(store.store.revision == told)
        #expect(try await store.verify(key.bytes, cost: 5).remaining == -55)
        try store.restart()
        #expect(try store.state(key.number).used == 55)
        // Limited from now on: what memory had is told first.
        #expect(try await store.reason(key.bytes, cost: 5) == "valid")
        let view = try await store.keys.update(key.number, APIKeyChange(unlimited: false, quota: 100), expected: nil, by: "test")
        #expect(view.state.used == 60 && view.state.remaining == 100 && !view.state.unlimited)
        #expect(try await store.reason(key.bytes, cost: 101) == "quota")
    }

    @Test("nobody takes from a block that is on its way back")
    func renewing() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 10_000)
        #expect(try await store.reason(key.bytes, cost: 1) == "valid")
        let account = try #require(try store.keys.registry.account(key.number))
        func needsCommit() throws -> Bool {
            try key.bytes.withUnsafeBytes { bytes in
                let outcome = try store.keys.verify(VerifyRequest(key: bytes, cost: 1), now: store.now) { _, _ in true }
                if case .needsCommit = outcome { return true }
                return false
            }
        }
        #expect(try !needsCommit())
        account.lock.locked { account.isRenewing = true }
        #expect(try needsCommit())
        account.lock.locked { account.isRenewing = false }
        #expect(try !needsCommit() && store.state(key.number).used == 3)
    }

    @Test("a charge whose key is deleted before it is committed finds no key")
    func deletedBeforeFinish() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 1_000)
        let keys = try store.keys
        let outcome = key.bytes.withUnsafeBytes { bytes in
            keys.verify(VerifyRequest(key: bytes, cost: 500), now: store.now) { _, _ in true }
        }
        guard case .needsCommit(let charge) = outcome else { throw AccountError(.failed, "", "memory took more than a block") }
        #expect(try await keys.delete([key.number, 99], by: "test") == 1)
        let verdict = await withCheckedContinuation { continuation in keys.finish(charge) { continuation.resume(returning: $0) } }
        #expect(verdict.reason == .unknown && verdict.entry == nil)
        #expect(await refusal { _ = try await store.keys.usageLines(key.number, limit: 1) } == "notFound:key")
    }

    @Test("setting the quota takes an open block along")
    func setQuota() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 10_000)
        #expect(try await store.reason(key.bytes, cost: 30) == "valid")
        let view = try await store.keys.update(key.number, APIKeyChange(quota: 500), expected: nil, by: "test")
        #expect(view.state.remaining == 500 && view.state.used == 30)
        #expect(try store.budget(key.number).block == 0)
        let open = try await store.keys.update(key.number, APIKeyChange(unlimited: true), expected: nil, by: "test")
        #expect(open.state.unlimited && open.state.remaining == 500)
        #expect(try await store.reason(key.bytes, cost: 1_000) == "valid")
    }

    @Test("a wallet is charged together with the key, or not at all")
    func wallet() async throws {
        let store = try KeysFixture()
        let owner = try await store.user("rich")
        let key = try await store.make(quota: 1_000_000) { $0.owner = owner.number }
        let free = try await store.make(unlimited: true) { $0.owner = owner.number }
        #expect(try await store.reason(key.bytes, cost: 1) == "valid")
        try store.setWallet(owner.number, 100)
        #expect(try await store.reason(key.bytes, cost: 60) == "valid")
        #expect(try await store.reason(free.bytes, cost: 41) == "wallet")
        #expect(try await store.reserve(free.bytes, 40, "r").verdict.reason == .valid)
        #expect(try await store.reason(free.bytes) == "wallet")
        #expect(try await store.reserve(key.bytes, 1, "s").verdict.reason == .wallet)
        _ = try await store.release(free.number, "r")
        #expect(try await store.reason(free.bytes, cost: 40) == "valid")
        #expect(try store.state(free.number).used == 40 && store.state(key.number).used == 61)
    }

    @Test("amounts out of range are refused, and name the field")
    func overflow() async throws {
        let store = try KeysFixture()
        let largest = APIKeyLimits.quota
        let key = try await store.make(quota: largest)
        let unlimited = try await store.make(unlimited: true)
        for amount in [Int64.min, -1, largest + 1, .max] {
            #expect(try await store.reason(key.bytes, cost: amount) == "failed")
            #expect(await refusal { _ = try await store.reserve(key.bytes, amount, "r") } == "invalidArgument:amount")
            #expect(await refusal { _ = try await store.settle(key.number, "r", amount) } == "invalidArgument:amount")
            #expect(await refusal { _ = try await store.make(quota: amount) } == "invalidArgument:quota")
            #expect(
                await refusal { _ = try await store.keys.update(key.number, APIKeyChange(quota: amount), expected: nil, by: "test") }
                    == "invalidArgument:quota")
        }
        #expect(await refusal { _ = try await store.reserve(key.bytes, 1, "r", lifetime: 999) } == "invalidArgument:lifetime")
        #expect(await refusal { _ = try await store.reserve(key.bytes, 1, "r", lifetime: .max) } == "invalidArgument:lifetime")
        #expect(await refusal { _ = try await store.reserve(key.bytes, 1, "") } == "invalidArgument:request_id")
        #expect(await refusal { _ = try await store.reserve(key.bytes, 1, "a\u{0}b") } == "invalidArgument:request_id")
        #expect(try await store.reason(key.bytes, cost: largest) == "valid")
        #expect(try store.state(key.number).used == largest)
        for _ in 0..<5 { #expect(try await store.reason(unlimited.bytes, cost: largest) == "valid") }
        try store.all.tick()
        #expect(try store.budget(unlimited.number).used == 5 * largest)
    }
}
