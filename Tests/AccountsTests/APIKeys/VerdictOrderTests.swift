import CofferStore
import Testing

@testable import CofferAccounts

@Suite("Verdicts: reasons and their order")
struct VerdictOrderTests {
    @Test("a key that breaks every rule gives the reasons in their order, as each is mended")
    func order() async throws {
        let store = try KeysFixture(groups: ["vip"])
        let owner = try await store.user("owner")
        let key = try await store.make(quota: 10) { draft in
            draft.owner = owner.number
            draft.addresses = try AddressList("10.0.0.0/8")
            draft.status = .disabled
            draft.expires = 1
            draft.group = "gone"
            draft.modelLimitsEnabled = true
            draft.models = ["m1"]
            draft.windows = Windows(requestsPerMinute: 1, tokensPerDay: 5, tokensPerMonth: 7, inFlight: 1)
        }
        try store.setWallet(owner.number, 1)
        _ = try await store.all.users.update(owner.number, UserChange(isEnabled: false), expected: nil, by: "test")
        let keys = try store.keys
        func reason(_ cost: Int64 = 11, _ address: String? = "10.1.1.1", _ model: String = "m1") async throws -> String {
            try await store.reason(key.bytes, cost: cost, address: address, model: model)
        }
        func change(_ change: APIKeyChange) async throws { _ = try await keys.update(key.number, change, expected: nil, by: "test") }

        #expect(try await store.reason(Array("sk-unknownunknownunknown".utf8)) == "unknown-key")
        #expect(try await reason(11, nil, "m2") == "address")
        #expect(try await reason(11, "11.0.0.1", "m2") == "address")
        #expect(try await reason(11, "10.1.1.1", "m2") == "disabled")
        try await change(APIKeyChange(status: .enabled))
        #expect(try await reason(11, "10.1.1.1", "m2") == "expired")
        try await store.drain()
        #expect(try store.key(key.number).status == .expired)
        try await change(APIKeyChange(status: .enabled, expires: -1))
        #expect(try await reason(11, "10.1.1.1", "m2") == "owner-disabled")
        _ = try await store.all.users.update(owner.number, UserChange(isEnabled: true), expected: nil, by: "test")
        #expect(try await reason(11, "10.1.1.1", "m2") == "group")
        try await change(APIKeyChange(group: "vip"))
        #expect(try await reason(11, "10.1.1.1", "m2") == "model")
        #expect(try await reason(11) == "quota")
        #expect(try await reason(6) == "wallet")
        try store.setWallet(owner.number, 1_000)
        #expect(try await reason(6) == "tokens-per-day")
        // The minute is full now.
        let full = try await store.verify(key.bytes, cost: 6, address: "10.1.1.1", model: "m1")
        #expect(full.reason == .requestsPerMinute && full.retryAfter > 0)
        try await change(APIKeyChange(windows: Windows(requestsPerMinute: 0, tokensPerDay: 5, tokensPerMonth: 7, inFlight: 1)))
        let today = try await store.verify(key.bytes, cost: 6, address: "10.1.1.1", model: "m1")
        #expect(today.reason == .tokensPerDay && today.retryAfter > 0)
        try await change(APIKeyChange(windows: Windows(tokensPerMonth: 5, inFlight: 1)))
        #expect(try await reason(6) == "tokens-per-month")
        try await change(APIKeyChange(addresses: .any, windows: Windows(tokensPerDay: 5, inFlight: 1)))
        #expect(try await store.reserve(key.bytes, 1, "r1", model: "m1").verdict.reason == .valid)
        #expect(try await reason(6) == "in-flight")
        _ = try await store.release(key.number, "r1")
        #expect(try await reason(5) == "valid")
        store.lock()
        #expect(try await reason(5) == "locked")
        try store.unlock()
        #expect(try await reason(0) == "valid")
    }

    @Test("a caller that may not ask is told that the key is unknown")
    func mayNotVerify() async throws {
        let store = try KeysFixture()
        let key = try await store.make { $0.name = try Label("mine") }
        var asked: [(TenantID, [UInt8])] = []
        let verdict = try key.bytes.withUnsafeBytes { bytes in
            try store.keys.verify(VerifyRequest(key: bytes), now: store.now) { tenant, name in
                asked.append((tenant, Array(name)))
                return false
            }
        }
        guard case .verdict(let answer) = verdict else { throw AccountError(.failed, "", "no verdict") }
        #expect(answer.reason == .unknown && answer.entry == nil)
        #expect(asked.map(\.0) == [.main] && asked.map(\.1) == [Array("mine".utf8)])
    }

    @Test("nothing is written before the address passed")
    func nothingBeforeAddress() async throws {
        let store = try KeysFixture()
        let key = try await store.make {
            $0.expires = 1
            $0.addresses = try AddressList("192.0.2.1")
        }
        let revision = store.store.revision
        #expect(try await store.reason(key.bytes, address: "192.0.2.2") == "address")
        try await store.drain()
        #expect(store.store.revision == revision)
        #expect(try await store.reason(key.bytes, address: "::ffff:192.0.2.1") == "expired")
        try await store.drain()
        #expect(try store.key(key.number).status == .expired)
        // Once is enough.
        let written = store.store.revision
        #expect(try await store.reason(key.bytes, address: "192.0.2.1") == "expired")
        try await store.drain()
        #expect(store.store.revision == written)
    }

    @Test("exhausted is written when nothing is left and nothing can come back")
    func exhausted() async throws {
        let store = try KeysFixture()
        let key = try await store.make(quota: 5)
        _ = try await store.reserve(key.bytes, 5, "r")
        #expect(try await store.reason(key.bytes) == "quota")
        try await store.drain()
        #expect(try store.key(key.number).status == .enabled)
        _ = try await store.settle(key.number, "r", 5)
        #expect(try await store.reason(key.bytes, cost: 1) == "quota")
        try await store.drain()
        #expect(try store.key(key.number).status == .exhausted)
        #expect(try await store.reason(key.bytes) == "quota")
        _ = try await store.keys.update(key.number, APIKeyChange(status: .enabled, quota: 9), expected: nil, by: "test")
        #expect(try await store.reason(key.bytes, cost: 9) == "valid")
        // More than is left, but not nothing.
        let other = try await store.make(quota: 5)
        #expect(try await store.reason(other.bytes, cost: 6) == "quota")
        try await store.drain()
        #expect(try store.key(other.number).status == .enabled)
    }

    @Test("model limits: exact, an empty list blocks all, no model passes, new-api's names fold for form sk only")
    func models() async throws {
        let store = try KeysFixture()
        let folded = ["gpt-4-gizmo-*", "gpt-4o-gizmo-*", "gemini-2.5-flash-thinking-*", " plain ", "plain"]
        let sk = try await store.make {
            $0.modelLimitsEnabled = true
            $0.models = folded
        }
        let coffer = try await store.make(.coffer) {
            $0.modelLimitsEnabled = true
            $0.models = folded
        }
        let none = try await store.make { $0.modelLimitsEnabled = true }
        let off = try await store.make { $0.models = ["plain"] }
        #expect(try store.key(sk.number).models == ["gpt-4-gizmo-*", "gpt-4o-gizmo-*", "gemini-2.5-flash-thinking-*", "plain"])
        let passing = ["", "plain", "gpt-4-gizmo-g-1", "gpt-4o-gizmo", "gemini-2.5-flash-preview-thinking-128"]
        for model in passing { #expect(try await store.reason(sk.bytes, model: model) == "valid", "\(model)") }
        for model in ["Plain", "plain2", "plai", "gemini-2.5-flash-lite-thinking-1", "gemini-2.5-flash"] {
            #expect(try await store.reason(sk.bytes, model: model) == "model", "\(model)")
        }
        #expect(try await store.reason(coffer.bytes, model: "gpt-4-gizmo-g-1") == "model")
        #expect(try await store.reason(coffer.bytes, model: "gpt-4-gizmo-*") == "valid")
        #expect(try await store.reason(none.bytes, model: "plain") == "model")
        #expect(try await store.reason(none.bytes) == "valid")
        #expect(try await store.reason(off.bytes, model: "other") == "valid")
    }

    @Test("what is presented: with and without sk-, with a channel behind, never longer than 512 bytes")
    func presented() async throws {
        let store = try KeysFixture()
        let sk = try await store.make()
        let text = String(decoding: sk.bytes, as: UTF8.self)
        #expect(sk.bytes.count == 48)
        for good in [text, "sk-" + text, "sk-" + text + "-12", text + "-12", "sk-" + text + "-"] {
            #expect(try await store.reason(Array(good.utf8)) == "valid", "\(good)")
        }
        let long = "sk-" + text + "-" + String(repeating: "x", count: 512)
        for bad in ["", "sk-", "sk-sk-" + text, "-" + text, String(text.dropLast()), text + "x", " " + text, "ck_" + text, long] {
            #expect(try await store.reason(Array(bad.utf8)) == "unknown-key", "\(bad)")
        }
        let ragflow = try await store.make(.ragflow)
        #expect(String(decoding: ragflow.bytes, as: UTF8.self).hasPrefix("ragflow-") && ragflow.bytes.count == 40)
        #expect(try await store.reason(ragflow.bytes) == "valid")
        #expect(try await store.reason(ragflow.bytes + Array("-1".utf8)) == "unknown-key")
        #expect(try await store.reason(Array("sk-".utf8) + ragflow.bytes) == "unknown-key")
        let coffer = try await store.make(.coffer)
        #expect(String(decoding: coffer.bytes, as: UTF8.self).hasPrefix("ck_") && coffer.bytes.count == 46)
        #expect(try await store.reason(coffer.bytes) == "valid")
        // What is unknown is never remembered, what is known once for each key.
        #expect(try store.keys.registry.lookup.count == 3)
        let found = try sk.bytes.withUnsafeBytes { try store.keys.find(readable: $0) }
        #expect(found?.key.number == sk.number)
    }
}
