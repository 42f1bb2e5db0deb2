import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct UserChangeTests {
    @Test func absentFieldsKeep() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let old = try await fixture.user("ann", email: "ann@example.org")
        fixture.clock.advance(1_000)
        let new = try await users.update(
            old.number, UserChange(name: documentName("anna"), email: "ANN@example.org"), expected: old.revision, by: "test")
        var expected = old
        expected.name = try documentName("anna")
        expected.email = "ANN@example.org"
        expected.updated = fixture.clock.now
        expected.revision = new.revision
        #expect(new == expected && new.revision > old.revision)
        #expect(users.find(name: Array("ann".utf8)) == nil && users.find(name: Array("anna".utf8)) == new)
        #expect(users.find(email: "ann@example.org") == new)
        #expect(await refusal { _ = try await users.update(1, UserChange(role: .root), expected: old.revision, by: "test") }
            == "conflict:revision")
        #expect(await refusal { _ = try await users.update(9, UserChange(), expected: nil, by: "test") } == "notFound:user")
        let same = try await users.update(1, UserChange(role: .common), expected: nil, by: "test")
        #expect(same == new)
    }

    @Test func takenNamesAndAddresses() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        _ = try await fixture.user("a", email: "a@b")
        let other = try await fixture.user("b", email: "b@b").number
        #expect(await refusal { _ = try await users.update(other, UserChange(name: documentName("a")), expected: nil, by: "test") }
            == "alreadyExists:name")
        #expect(await refusal { _ = try await users.update(other, UserChange(email: "A@B"), expected: nil, by: "test") }
            == "alreadyExists:email")
        let without = try await users.update(other, UserChange(email: ""), expected: nil, by: "test")
        #expect(without.email.isEmpty && users.find(email: "b@b") == nil)
        _ = try await fixture.user("c", email: "B@B")
    }

    @Test func theLastEnabledRootStays() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        // A store may have none: a common user goes without a question.
        try await users.delete(try await fixture.user("common").number, by: "test")
        let root = try await fixture.user("root", role: .root).number
        func attempts(_ number: UInt64) async -> [String] {
            [
                await refusal { _ = try await users.update(number, UserChange(isEnabled: false), expected: nil, by: "test") },
                await refusal { _ = try await users.update(number, UserChange(role: .admin), expected: nil, by: "test") },
                await refusal { try await users.delete(number, by: "test") },
            ]
        }
        #expect(await attempts(root) == ["conflict:role", "conflict:role", "conflict:role"])
        // A disabled root is none that could help.
        let second = try await fixture.user("second", role: .root).number
        _ = try await users.update(second, UserChange(isEnabled: false), expected: nil, by: "test")
        #expect(await attempts(root) == ["conflict:role", "conflict:role", "conflict:role"])
        _ = try await users.update(root, UserChange(displayName: Label("R")), expected: nil, by: "test")
        _ = try await users.update(second, UserChange(isEnabled: true), expected: nil, by: "test")
        try await users.delete(root, by: "test")
        #expect(await attempts(second) == ["conflict:role", "conflict:role", "conflict:role"])
    }

    @Test func deletingTakesEverythingAlong() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        let user = try await fixture.user("a", password: "p")
        let bystander = try await fixture.user("b", password: "p")
        let tenant = try await accounts.tenants.create(name: documentName("t"), allowsReveal: true, by: "test").number
        for number in [user.number, bystander.number] {
            try await accounts.tenants.add(tenant: tenant, user: number, role: .normal, by: "test")
            _ = try await accounts.tokens.issue(
                secret("token-of-user-000\(number)"), user: number, kind: .personal, name: .empty, expires: 0, replacing: false, by: "test")
            _ = try fixture.store.commit(Batch(principal: "test", mutations: [
                .budget(.set(try documentName("u/\(number)"), unlimited: false, remaining: 10, used: 0)),
            ]))
        }
        let key = try await accounts.apiKeys.create(APIKeyDraft(owner: user.number, form: .sk), by: "test").view.key.number
        let other = try await accounts.apiKeys.create(APIKeyDraft(owner: bystander.number, form: .sk), by: "test").view.key.number
        let before = fixture.store.revision
        try await accounts.users.delete(user.number, by: "test")
        #expect(fixture.store.revision == before + 1)
        #expect(accounts.tenants.members(of: tenant).map(\.user) == [bystander.number])
        #expect(accounts.tokens.authenticate(Array("token-of-user-0001".utf8), kinds: [.personal]) == nil)
        #expect(accounts.tokens.authenticate(Array("token-of-user-0002".utf8), kinds: [.personal])?.user == bystander)
        #expect(try fixture.document(.users, "1") == nil)
        #expect(try fixture.document(.passwords, "1") == nil)
        #expect(try fixture.document(.passwords, "2") != nil)
        let wallets = try fixture.store.withWorker { (worker) throws(StoreError) in
            var names: [String] = []
            try worker.reader.forEachBudget { (name, _) throws(StoreError) in names.append(name.description) }
            return names
        }
        #expect(wallets.filter { $0.hasPrefix("u/") } == ["u/2"])
        #expect(accounts.apiKeys.find(key) == nil && accounts.apiKeys.find(other) != nil)
        #expect(try fixture.document(.apiKeys, "\(key)") == nil && fixture.document(.apiKeyForms, "\(key)") == nil)
        #expect(await refusal { try await accounts.users.delete(user.number, by: "test") } == "notFound:user")
    }
}
