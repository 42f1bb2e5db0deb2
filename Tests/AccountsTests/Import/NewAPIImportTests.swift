import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct NewAPIImportTests {
    static let first = String(repeating: "A", count: 48)
    static let second = String(repeating: "B", count: 48)

    private func rows() -> [ImportRow] {
        [
            Rows.newapiUser(
                7, "ada",
                ["display_name": "Ada L.", "email": "Ada@example.org", "role": "admin", "group": "vip", "wallet": "500"],
                secrets: [
                    "password_hash": secret(ForeignPasswordTests.bcrypt), "newapi_access_token": secret("access-token-of-ada-0123456789ab"),
                ]),
            Rows.newapiUser(9, "bob", ["enabled": "false", "wallet": "0"]),
            Rows.newapiKey(
                40, owner: 7, Self.first,
                [
                    "addresses": "10.0.0.0/8\n2001:db8::/32", "models": "gpt-4o\ngpt-4o-mini", "model_limits": "true", "group": "vip",
                    "cross_group_retry": "true", "auto_groups": "a\nb", "created": "1700000000000", "accessed": "1700000001000",
                ]),
            Rows.newapiKey(41, owner: 7, Self.second, ["unlimited": "true", "quota": "0", "status": "disabled"]),
            Rows.newapiKey(42, owner: 7, "expiredexpiredexpired", ["expires": "1"]),
            Rows.newapiKey(43, owner: 9, "short"),
        ]
    }

    @Test("users, wallets, access tokens and keys come as they were, in one revision")
    func everything() async throws {
        let store = try KeysFixture()
        try await store.drain()
        let revision = store.store.revision
        let report = try await store.bring(rows())
        #expect(report.word == "cccccc" && report.revision == revision + 1 && store.store.revision == revision + 1)
        #expect(report.notes(1).count == 1 && report.notes.count == 1, "bob brings no password: \(report.notes)")
        let users = try store.all.users
        let ada = try #require(users.find(newapiID: 7))
        #expect(ada.name.description == "ada" && ada.displayName.text == "Ada L." && ada.email == "Ada@example.org" && ada.role == .admin)
        #expect(ada.group == "vip" && ada.isEnabled && !ada.mustSetPassword && ada.home == .main && ada.created == store.now)
        let bob = try #require(users.find(newapiID: 9))
        #expect(!bob.isEnabled && bob.mustSetPassword && bob.group == "default")
        #expect(try store.keys.wallet(of: ada.number)?.remaining == 500 && store.keys.wallet(of: ada.number)?.used == 3)
        #expect(try store.keys.wallet(of: bob.number)?.remaining == 0)

        let view = try #require(try store.find("sk-" + Self.first))
        let key = view.key
        #expect(key.newapiID == 40 && key.owner == ada.number && key.tenant == .main && key.form == .sk && key.name.text == "key 40")
        #expect(key.models == ["gpt-4o", "gpt-4o-mini"] && key.modelLimitsEnabled && key.group == "vip" && key.crossGroupRetry)
        #expect(key.autoGroups == ["a", "b"] && key.created == 1_700_000_000_000 && key.expires == -1)
        #expect(view.state.remaining == 100 && view.state.used == 4 && !view.state.unlimited && view.state.accessed == 1_700_000_001_000)
        #expect(try text(await store.keys.reveal(key.number)) == Self.first)
        try store.restart()
        #expect(try store.find(Self.first)?.state == view.state)
    }

    @Test("verdicts, logins and access tokens are what the older system's were")
    func inForce() async throws {
        let store = try KeysFixture()
        _ = try await store.bring(rows())
        let first = Array(Self.first.utf8)
        #expect(try await store.reason(first, address: "10.1.1.1", model: "gpt-4o") == "valid")
        #expect(try await store.reason(first, address: "11.1.1.1", model: "gpt-4o") == "address")
        #expect(try await store.reason(first, address: "2001:db8::7", model: "o3") == "model")
        #expect(try await store.reason(first, cost: 101, address: "10.1.1.1", model: "gpt-4o") == "quota")
        #expect(try await store.reason(first, cost: 90, address: "10.1.1.1", model: "gpt-4o") == "valid")
        #expect(try await store.reason(first, cost: 20, address: "10.1.1.1", model: "gpt-4o") == "quota")
        #expect(try await store.reason(Array(Self.second.utf8)) == "disabled")
        #expect(try await store.reason(Array("expiredexpiredexpired".utf8)) == "expired")
        #expect(try await store.reason(Array("sk-short".utf8)) == "owner-disabled")
        let users = try store.all.users
        let ada = try #require(users.find(newapiID: 7))
        _ = try await users.check(password: secret("abc"), of: ada)
        #expect(await refusal { _ = try await users.check(password: secret("abd"), of: ada) } == "loginFailed")
        let tokens = try store.all.tokens
        let token = Array("access-token-of-ada-0123456789ab".utf8)
        #expect(tokens.authenticate(token, kinds: [.newapiAccess])?.user.number == ada.number)
        #expect(tokens.authenticate(token, kinds: [.personal]) == nil)
        // The keys of one who may again are valid again; an empty wallet covers nothing.
        let bob = try #require(users.find(newapiID: 9))
        _ = try await users.update(bob.number, UserChange(isEnabled: true), expected: nil, by: "test")
        #expect(try await store.reason(Array("short".utf8)) == "wallet")
    }

    @Test("again changes nothing, whatever has become of them")
    func again() async throws {
        let store = try KeysFixture()
        _ = try await store.bring(rows())
        let number = try #require(try store.find(Self.first)).key.number
        _ = try await store.keys.update(number, APIKeyChange(status: .disabled, quota: 7), expected: nil, by: "test")
        let revision = store.store.revision
        let report = try await store.bring(rows())
        #expect(report.word == "uuuuuu" && report.notes.isEmpty && report.revision == revision && store.store.revision == revision)
        #expect(try store.key(number).status == .disabled && store.state(number).remaining == 7)
        // What is new comes, behind the numbers that were brought.
        let more = try await store.bring(rows() + [Rows.newapiKey(44, owner: 7, String(repeating: "C", count: 48))])
        #expect(more.word == "uuuuuuc" && more.revision == revision + 1)
        let owner = try #require(try store.all.users.find(newapiID: 7)).number
        let made = try await store.make { $0.owner = owner }
        #expect(try store.key(made.number).newapiID == 45)
        #expect(try await store.user("new").newapiID == 10)
    }

    @Test("a dry run says the same and writes nothing")
    func dryRun() async throws {
        let store = try KeysFixture()
        try await store.drain()
        let revision = store.store.revision
        let rows = rows() + [Rows.newapiUser(11, "ada")]
        let dry = try await store.bring(rows, dryRun: true)
        #expect(dry.word == "ccccccr" && dry.revision == revision && store.store.revision == revision)
        #expect(try store.users().isEmpty && store.keys.count == 0)
        #expect(try await store.reason(Array(Self.first.utf8)) == "unknown-key")
        let real = try await store.bring(rows)
        #expect(real.effects == dry.effects && real.notes.map(\.row) == dry.notes.map(\.row))
        #expect(real.notes.map(\.text) == dry.notes.map(\.text))
        #expect(try store.users().count == 2 && store.keys.count == 4)
    }

    @Test("a number of new-api that a key has already stays with that key")
    func newapiNumbers() async throws {
        let store = try KeysFixture()
        let other = try await store.make { $0.newapiID = 40 }
        let report = try await store.bring(rows())
        #expect(report.word == "cccccc" && report.notes(2).count == 1)
        #expect(try store.key(other.number).newapiID == 40)
        #expect(try store.find(Self.first)?.key.newapiID == 44, "above all that the rows bring")
        #expect(try store.find("short")?.key.newapiID == 43)
        #expect(try await store.bring(rows()).word == "uuuuuu")
    }

    @Test("a user owns more keys than they could make")
    func manyOfOne() async throws {
        let store = try KeysFixture()
        let keys = (1...1_200).map { Rows.newapiKey($0, owner: 1, "list\($0)") }
        let report = try await store.bring([Rows.newapiUser(1, "ada")] + keys)
        #expect(report.effects.allSatisfy { $0 == .created })
        let owner = try #require(try store.all.users.find(newapiID: 1)).number
        #expect(try store.keys.numbers(owner: owner).count == 1_200)
        #expect(await refusal { _ = try await store.make { $0.owner = owner; $0.limit = 1_000 } } == "tooMany:owner")
        let short = try #require(try store.find("sk-list7"))
        #expect(short.key.hint == "**********" && short.key.newapiID == 7)
        #expect(try await store.reason(Array("list7".utf8)) == "valid")
        #expect(try await store.reason(Array("list".utf8)) == "unknown-key")
    }
}
