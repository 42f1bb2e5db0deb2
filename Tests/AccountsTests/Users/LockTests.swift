import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct LockTests {
    @Test func aLockedStoreHasNobody() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        let user = try await fixture.user("a", password: "p")
        let token = Array("0123456789abcdef".utf8)
        _ = try await accounts.tokens.issue(
            SecretBuffer(token), user: user.number, kind: .personal, name: .empty, expires: 0, replacing: false, by: "test")
        fixture.lock()
        #expect(accounts.isLocked)
        #expect(accounts.users.find(user.number) == nil && accounts.users.count == 0)
        #expect(accounts.tenants.list().isEmpty)
        #expect(accounts.tokens.authenticate(token, kinds: [.personal]) == nil)
        #expect(await refusal { _ = try await fixture.user("b") } == "locked")
        #expect(await refusal { _ = try await accounts.users.check(password: secret("p"), of: user) } == "locked")
        #expect(await refusal { try await accounts.doors.set("newapi", "price", secret("1"), allowSample: false, by: "test") } == "locked")
        accounts.tick()
        try fixture.unlock()
        #expect(!accounts.isLocked)
        #expect(accounts.users.find(user.number) == user)
        #expect(accounts.tokens.authenticate(token, kinds: [.personal])?.user == user)
        #expect(try await fixture.user("b").number == 2)
    }

    @Test func whatCannotBeReadLetsNobodyIn() async throws {
        let fixture = try AccountsFixture()
        _ = try await fixture.user("a", password: "p")
        // A format of a later version, behind our back.
        _ = try fixture.store.commit(Batch(principal: "test", mutations: [
            .putDocument(.users, try documentName("1"), SecretBuffer([9, 0, 0]), expected: .any),
        ]))
        #expect(fixture.accounts.isLocked)
        #expect(fixture.accounts.users.find(1) == nil)
        #expect(await refusal { _ = try await fixture.user("b") } == "failed")
    }

    @Test func theTickerStartsAndStops() async throws {
        let fixture = try AccountsFixture()
        fixture.accounts.start()
        fixture.accounts.start()
        fixture.accounts.stop()
        #expect(fixture.accounts.isLocked)
    }
}
