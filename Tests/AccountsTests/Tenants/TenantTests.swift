import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct TenantTests {
    @Test func mainIsThereFromTheFirstLoad() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        #expect(tenants.find(.main)?.name.description == "main")
        #expect(tenants.find(name: Array("main".utf8))?.number == 1)
        // Any change stands behind the one that makes its document.
        _ = try await tenants.create(name: documentName("other"), allowsReveal: true, by: "test")
        #expect(try fixture.document(.tenants, "1") != nil)
        #expect(tenants.find(.main)?.revision != 0)
        #expect(await refusal { try await tenants.delete(.main, by: "test") } == "conflict:tenant")
        #expect(await refusal {
            _ = try await tenants.update(.main, name: documentName("first"), allowsReveal: nil, expected: nil, by: "test")
        } == "conflict:name")
    }

    @Test func createFindUpdateDelete() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        let made = try await tenants.create(name: documentName("team a/b"), allowsReveal: true, by: "test")
        #expect(made.number == 2 && made.created == fixture.clock.now && made.revision > 0)
        #expect(tenants.list().map(\.number) == [1, 2])
        let changed = try await tenants.update(
            2, name: documentName("team c"), allowsReveal: false, expected: made.revision, by: "test")
        #expect(changed.name.description == "team c" && !changed.allowsReveal && changed.revision > made.revision)
        #expect(tenants.find(name: Array("team a/b".utf8)) == nil)
        #expect(tenants.find(name: Array("team c".utf8)) == changed)
        // What was seen is old by now.
        #expect(await refusal {
            _ = try await tenants.update(2, name: nil, allowsReveal: true, expected: made.revision, by: "test")
        } == "conflict:revision")
        #expect(await refusal {
            _ = try await tenants.update(2, name: documentName("main"), allowsReveal: nil, expected: nil, by: "test")
        } == "alreadyExists:name")
        try await tenants.delete(2, by: "test")
        #expect(tenants.find(2) == nil)
        #expect(await refusal { try await tenants.delete(2, by: "test") } == "notFound:tenant")
    }

    @Test func numbersAreNeverGivenTwice() async throws {
        let fixture = try AccountsFixture()
        let first = try await fixture.accounts.tenants.create(name: documentName("a"), allowsReveal: true, by: "test")
        try await fixture.accounts.tenants.delete(first.number, by: "test")
        try fixture.reopen()
        let second = try await fixture.accounts.tenants.create(name: documentName("a"), allowsReveal: true, by: "test")
        #expect(second.number == first.number + 1)
    }

    @Test func namesAreUniqueByBytes() async throws {
        let fixture = try AccountsFixture()
        let tenants = fixture.accounts.tenants
        // One letter, and the same letter in two code points: equal for a String, not for us.
        _ = try await tenants.create(name: documentName("caf\u{E9}"), allowsReveal: true, by: "test")
        _ = try await tenants.create(name: documentName("cafe\u{301}"), allowsReveal: true, by: "test")
        #expect(await refusal {
            _ = try await tenants.create(name: documentName("caf\u{E9}"), allowsReveal: true, by: "test")
        } == "alreadyExists:name")
    }

    @Test func deleteIsRefusedWhileItIsUsed() async throws {
        let fixture = try AccountsFixture()
        let (tenants, users) = (fixture.accounts.tenants, fixture.accounts.users)
        let tenant = try await tenants.create(name: documentName("t"), allowsReveal: true, by: "test").number
        let member = try await fixture.user("member")
        try await tenants.add(tenant: tenant, user: member.number, role: .normal, by: "test")
        #expect(await refusal { try await tenants.delete(tenant, by: "test") } == "conflict:tenant")
        try await tenants.remove(tenant: tenant, user: member.number, by: "test")
        let resident = try await users.create(UserDraft(name: documentName("resident"), home: tenant), password: nil, by: "test")
        #expect(await refusal { try await tenants.delete(tenant, by: "test") } == "conflict:tenant")
        try await users.delete(resident.number, by: "test")
        try await tenants.delete(tenant, by: "test")
        #expect(tenants.find(tenant) == nil)
    }

    @Test func apiKeysHoldTheirTenantAndFollowItsSwitch() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        let tenant = try await accounts.tenants.create(name: documentName("t"), allowsReveal: true, by: "test").number
        let made = try await accounts.apiKeys.create(APIKeyDraft(tenant: tenant, form: .sk), by: "test")
        let number = made.view.key.number
        #expect(bytes(try await accounts.apiKeys.reveal(number)) == bytes(made.readable))
        #expect(await refusal { try await accounts.tenants.delete(tenant, by: "test") } == "conflict:tenant")
        _ = try await accounts.tenants.update(tenant, name: nil, allowsReveal: false, expected: nil, by: "test")
        #expect(try fixture.document(.apiKeyForms, "\(number)") == nil)
        // Switched on again, what was deleted stays deleted.
        _ = try await accounts.tenants.update(tenant, name: nil, allowsReveal: true, expected: nil, by: "test")
        #expect(await refusal { _ = try await accounts.apiKeys.reveal(number) }.hasPrefix("denied"))
        _ = try await accounts.apiKeys.delete([number], by: "test")
        try await accounts.tenants.delete(tenant, by: "test")
    }

    @Test func aStoreThatCannotBeWrittenHasMainAllTheSame() async throws {
        let fixture = try AccountsFixture(store: { $0.quotaBytes = 4_096 })
        #expect(await refusal {
            _ = try await fixture.accounts.tenants.create(name: documentName("t"), allowsReveal: true, by: "test")
        } == "storeFull")
        // The change that failed stood behind the one that makes the document.
        #expect(fixture.accounts.tenants.find(.main)?.revision == 0)
        #expect(try fixture.document(.tenants, "1") == nil)
        #expect(!fixture.accounts.isLocked)
    }
}
