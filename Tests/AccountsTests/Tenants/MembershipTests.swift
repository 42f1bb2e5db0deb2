import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct MembershipTests {
    @Test func addListChangeRemove() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        let tenant = try await tenants.create(name: documentName("t"), allowsReveal: true, by: "test").number
        var numbers: [UInt64] = []
        for name in ["a", "b", "c"] { numbers.append(try await fixture.user(name).number) }
        // The order is that of creation, not of numbers.
        for number in numbers.reversed() {
            try await tenants.add(tenant: tenant, user: number, role: .invite, by: "test")
            fixture.clock.advance(1)
        }
        #expect(tenants.members(of: tenant).map(\.user) == numbers.reversed())
        #expect(tenants.memberships(of: numbers[0]).map(\.tenant) == [tenant])
        let accepted = try await tenants.changeRole(tenant: tenant, user: numbers[0], to: .normal, by: "test")
        #expect(accepted.role == .normal)
        #expect(tenants.members(of: tenant).map(\.role) == [.invite, .invite, .normal])
        #expect(await refusal { try await tenants.add(tenant: tenant, user: numbers[0], role: .owner, by: "test") } == "alreadyExists:user")
        try fixture.reopen()
        #expect(fixture.accounts.tenants.members(of: tenant).map(\.user) == numbers.reversed())
        try await fixture.accounts.tenants.remove(tenant: tenant, user: numbers[1], by: "test")
        #expect(fixture.accounts.tenants.members(of: tenant).map(\.user) == [numbers[2], numbers[0]])
        #expect(await refusal { try await fixture.accounts.tenants.remove(tenant: tenant, user: numbers[1], by: "test") }
            == "notFound:user")
    }

    @Test func bothEndsMustExist() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        let user = try await fixture.user("a").number
        #expect(await refusal { try await tenants.add(tenant: 99, user: user, role: .normal, by: "test") } == "notFound:tenant")
        #expect(await refusal { try await tenants.add(tenant: .main, user: 99, role: .normal, by: "test") } == "notFound:user")
    }
}
