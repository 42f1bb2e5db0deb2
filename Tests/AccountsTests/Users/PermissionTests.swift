import CofferStore
import Synchronization
import Testing

@testable import CofferAccounts

/// Whether the caller may still do it is asked about the record as it is when the change is made; without leave nothing moves.
@Suite struct PermissionTests {
    /// Allows so many times, and no more.
    private final class Leave: Sendable {
        private let left: Mutex<Int>
        init(_ times: Int) { left = Mutex(times) }
        func take() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    @Test func usersAndTheirTokens() async throws {
        let fixture = try AccountsFixture()
        let (users, tokens) = (fixture.accounts.users, fixture.accounts.tokens)
        let user = try await fixture.user("ann", password: "correct horse")
        let change = UserChange(name: try documentName("eve"))
        let token = try await tokens.issue(
            secret("0123456789abcdef"), user: user.number, kind: .personal, name: Label("t"), expires: 0, replacing: false, by: "test")
        for times in [0, 1] {
            let leave = Leave(times)
            #expect(await refusal {
                _ = try await users.update(
                    user.number, change, password: secret("another"), expected: nil, by: "test", where: { _ in leave.take() })
            } == "denied")
        }
        #expect(await refusal { _ = try await users.update(user.number, change, expected: nil, by: "test") { _ in false } } == "denied")
        #expect(await refusal { try await users.delete(user.number, by: "test") { $0.name != user.name } } == "denied")
        #expect(await refusal { try await tokens.revoke(token.number, by: "test") { _ in false } } == "denied")
        #expect(await refusal {
            _ = try await tokens.issue(
                secret("fedcba9876543210"), user: user.number, kind: .personal, name: Label("t"), expires: 0, replacing: false, by: "test"
            ) { $0.role != .common }
        } == "denied")
        let keys = fixture.accounts.apiKeys
        #expect(await refusal { try await keys.setWallet(of: user.number, units: 1, by: "test") { _ in false } } == "denied")
        #expect(users.find(user.number) == user && tokens.list(user: user.number).map(\.number) == [token.number])
        #expect(keys.wallet(of: user.number) == nil)
        #expect(try await users.check(password: secret("correct horse"), of: user) == user)
    }

    @Test func passwordAndFieldsAreOneChange() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let user = try await fixture.user("ann", password: "correct horse")
        _ = try await fixture.user("bob")
        let taken = UserChange(name: try documentName("bob"))
        #expect(await refusal {
            _ = try await users.update(user.number, taken, password: secret("another"), expected: nil, by: "test")
        } == "alreadyExists:name")
        #expect(await refusal {
            _ = try await users.update(user.number, UserChange(), password: secret("another"), expected: user.revision + 9, by: "test")
        } == "conflict:revision")
        #expect(try await users.check(password: secret("correct horse"), of: user) == user)
        let new = try await users.update(
            user.number, UserChange(name: documentName("eve")), password: secret("another"), expected: user.revision, by: "test")
        #expect(new.name == (try documentName("eve")))
        #expect(try await users.check(password: secret("another"), of: new) == new)
    }

    @Test func tenantsAndMembers() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        let user = try await fixture.user("ann").number
        let tenant = try await tenants.create(name: documentName("t"), allowsReveal: true, by: "test")
        #expect(await refusal {
            _ = try await tenants.update(
                tenant.number, name: documentName("u"), allowsReveal: false, expected: nil, by: "test", where: { _ in false })
        } == "denied")
        #expect(await refusal { try await tenants.delete(tenant.number, by: "test") { $0.number != tenant.number } } == "denied")
        #expect(await refusal {
            try await tenants.add(tenant: tenant.number, user: user, role: .owner, by: "test") { _ in false }
        } == "denied")
        #expect(tenants.find(tenant.number) == tenant && tenants.members(of: tenant.number).isEmpty)
        try await tenants.add(tenant: tenant.number, user: user, role: .owner, by: "test") { $0.name == tenant.name }
        #expect(await refusal { try await tenants.remove(tenant: tenant.number, user: user, by: "test") { _ in false } } == "denied")
        #expect(tenants.members(of: tenant.number).count == 1)
    }

    @Test func apiKeys() async throws {
        let fixture = try AccountsFixture()
        let keys = fixture.accounts.apiKeys
        var numbers: [UInt64] = []
        for name in ["a", "b", "c"] {
            let draft = APIKeyDraft(tenant: .main, owner: 0, form: .coffer, name: try Label(name))
            numbers.append(try await keys.create(draft, by: "test").view.key.number)
        }
        var change = APIKeyChange()
        change.group = "other"
        let ready = change
        let isA: Permission<APIKey> = { $0.name.text == "a" }
        #expect(await refusal { _ = try await keys.update(numbers[1], ready, expected: nil, by: "test", where: isA) } == "denied")
        #expect(keys.find(numbers[1])?.key.group != "other")
        #expect(try await keys.update(numbers[0], ready, expected: nil, by: "test", where: isA).key.group == "other")
        // One that is not allowed keeps them all.
        #expect(await refusal { _ = try await keys.delete(numbers, by: "test", where: isA) } == "denied")
        #expect(numbers.allSatisfy { keys.find($0) != nil })
        #expect(try await keys.delete([numbers[0]], by: "test", where: isA) == 1)
        // Pages count only what is allowed, and go on behind the number.
        let page = keys.page(.init(), after: numbers[1], limit: 10) { $0.name.text != "x" }
        #expect(page.total == 2 && page.items.map(\.key.number) == [numbers[2]])
        #expect(keys.page(.init(), after: 0, limit: 1) { $0.name.text == "c" }.items.map(\.key.number) == [numbers[2]])
    }

    @Test func pagesOfUsers() async throws {
        let fixture = try AccountsFixture()
        for name in ["ann", "bob", "cat", "dan"] { _ = try await fixture.user(name) }
        let users = fixture.accounts.users
        let page = users.page(tenant: .main, containing: "A", after: 1, limit: 1) { $0.name.description != "dan" }
        #expect(page.total == 2 && page.users.map(\.name.description) == ["cat"])
        #expect(users.page(tenant: 77, containing: "", after: 0, limit: 9) { _ in true }.total == 0)
    }
}
