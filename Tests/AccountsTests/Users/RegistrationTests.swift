import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct RegistrationTests {
    @Test func userTenantAndMembershipComeTogether() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        // Behind the batch that makes `main`.
        _ = try await fixture.user("before")
        let revision = fixture.store.revision
        let user = try await accounts.users.register(name: documentName("ann"), email: "ann@example.org", password: secret("p"), by: "test")
        #expect(fixture.store.revision == revision + 1)
        #expect(user.ragflowID.utf8.count == 32 && user.newapiID == 0 && !user.mustSetPassword)
        let home = try #require(accounts.tenants.find(user.home))
        #expect(home.name.description == user.ragflowID)
        #expect(accounts.tenants.memberships(of: user.number).map(\.role) == [.owner])
        #expect(accounts.tenants.members(of: home.number).map(\.user) == [user.number])
        #expect(try await accounts.users.check(password: secret("p"), of: user) == user)
        #expect(await refusal {
            _ = try await accounts.tenants.update(home.number, name: documentName("x"), allowsReveal: nil, expected: nil, by: "test")
        } == "conflict:name")
        #expect(await refusal {
            _ = try await accounts.users.register(name: documentName("bob"), email: "ANN@example.org", password: secret("p"), by: "test")
        } == "alreadyExists:email")
        #expect(accounts.tenants.list().count == 2)
        let other = try await accounts.users.register(name: documentName("bob"), email: "bob@b", password: secret("p"), by: "test")
        #expect(other.ragflowID != user.ragflowID && other.home == user.home + 1)
        // After the user is gone nobody needs the tenant.
        try await accounts.users.delete(user.number, by: "test")
        try await accounts.tenants.delete(home.number, by: "test")
    }
}
