import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct TokenTests {
    private func issue(
        _ fixture: AccountsFixture, _ text: String, user: UInt64, _ kind: AccessToken.Kind, expires: UInt64 = 0, replacing: Bool = false
    ) async throws -> AccessToken {
        try await fixture.accounts.tokens.issue(
            secret(text), user: user, kind: kind, name: Label("t"), expires: expires, replacing: replacing, by: "test")
    }

    private func accepts(_ fixture: AccountsFixture, _ text: String, _ kinds: Set<AccessToken.Kind>) -> Bool {
        fixture.accounts.tokens.authenticate(Array(text.utf8), kinds: kinds) != nil
    }

    @Test(arguments: AccessToken.Kind.allCases) func isAcceptedAsItsKindOnly(_ kind: AccessToken.Kind) async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a")
        let token = try await issue(fixture, "0123456789abcdef", user: user.number, kind)
        #expect(token.number == 1 && token.kind == kind && token.user == user.number && token.created == fixture.clock.now)
        let others = Set(AccessToken.Kind.allCases).subtracting([kind])
        #expect(accepts(fixture, "0123456789abcdef", [kind]))
        #expect(!accepts(fixture, "0123456789abcdef", others))
        for wrong in ["0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", "", String(repeating: "x", count: 5_000)] {
            #expect(!accepts(fixture, wrong, [kind]))
        }
        try fixture.reopen()
        #expect(accepts(fixture, "0123456789abcdef", [kind]))
        try await fixture.accounts.tokens.revoke(token.number, by: "test")
        #expect(!accepts(fixture, "0123456789abcdef", [kind]))
        #expect(await refusal { try await fixture.accounts.tokens.revoke(token.number, by: "test") } == "notFound:token")
    }

    @Test func replacingEndsEarlierOnesOfUserAndKind() async throws {
        let fixture = try AccountsFixture()
        let (user, other) = (try await fixture.user("a").number, try await fixture.user("b").number)
        _ = try await issue(fixture, "first-login-of-a-0", user: user, .ragflowLogin)
        _ = try await issue(fixture, "personal-of-a-0000", user: user, .personal)
        _ = try await issue(fixture, "first-login-of-b-0", user: other, .ragflowLogin)
        let revision = fixture.store.revision
        _ = try await issue(fixture, "second-login-of-a-", user: user, .ragflowLogin, replacing: true)
        #expect(fixture.store.revision == revision + 1)
        #expect(!accepts(fixture, "first-login-of-a-0", [.ragflowLogin]))
        #expect(accepts(fixture, "second-login-of-a-", [.ragflowLogin]))
        #expect(accepts(fixture, "personal-of-a-0000", [.personal]))
        #expect(accepts(fixture, "first-login-of-b-0", [.ragflowLogin]))
        // The same bytes again are only allowed to take their own place.
        _ = try await issue(fixture, "second-login-of-a-", user: user, .ragflowLogin, replacing: true)
        #expect(accepts(fixture, "second-login-of-a-", [.ragflowLogin]))
        #expect(await refusal { _ = try await issue(fixture, "second-login-of-a-", user: other, .personal) } == "alreadyExists:token")
    }

    @Test func refusesWhatCannotBe() async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a").number
        #expect(await refusal { _ = try await issue(fixture, "fifteen-letters", user: user, .personal) } == "invalidArgument:token")
        #expect(await refusal { _ = try await issue(fixture, String(repeating: "x", count: 4_097), user: user, .personal) }
            == "invalidArgument:token")
        #expect(await refusal { _ = try await issue(fixture, "0123456789abcdef", user: 9, .personal) } == "notFound:user")
        #expect(await refusal {
            _ = try await issue(fixture, "0123456789abcdef", user: user, .personal, expires: fixture.clock.now)
        } == "invalidArgument:expires")
    }

    @Test func expiryAndTheSweep() async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a").number
        let end = fixture.clock.now + 1_000
        _ = try await issue(fixture, "session-0000000000", user: user, .newapiSession, expires: end)
        _ = try await issue(fixture, "later-session-0000", user: user, .newapiSession, expires: end + 1_000)
        let personal = try await issue(fixture, "personal-000000000", user: user, .personal, expires: end)
        fixture.clock.advance(999)
        #expect(accepts(fixture, "session-0000000000", [.newapiSession]))
        fixture.clock.advance(1)
        #expect(!accepts(fixture, "session-0000000000", [.newapiSession]))
        #expect(!accepts(fixture, "personal-000000000", [.personal]))
        #expect(try fixture.document(.accessTokens, "1") != nil)
        fixture.accounts.tick()
        #expect(try fixture.document(.accessTokens, "1") == nil)
        #expect(try fixture.document(.accessTokens, "2") != nil)
        // People see that theirs has expired, until they revoke it.
        #expect(fixture.accounts.tokens.list(user: user).map(\.number) == [personal.number])
        fixture.clock.advance(1_000)
        fixture.accounts.tick()
        #expect(try fixture.document(.accessTokens, "2") == nil)
        let revision = fixture.store.revision
        fixture.accounts.tick()
        #expect(fixture.store.revision == revision)
    }

    @Test func lastUseIsWrittenOnceAMinute() async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a").number
        _ = try await issue(fixture, "0123456789abcdef", user: user, .personal)
        func lastUsed() -> UInt64? { fixture.accounts.tokens.list(user: user).first?.lastUsed }
        #expect(lastUsed() == 0)
        fixture.clock.advance(5)
        #expect(accepts(fixture, "0123456789abcdef", [.personal]))
        let first = fixture.clock.now
        #expect(lastUsed() == first)
        fixture.accounts.tick()
        let revision = fixture.store.revision
        fixture.clock.advance(59_999)
        #expect(accepts(fixture, "0123456789abcdef", [.personal]))
        fixture.accounts.tick()
        #expect(fixture.store.revision == revision)
        fixture.clock.advance(1)
        #expect(accepts(fixture, "0123456789abcdef", [.personal]))
        fixture.accounts.tick()
        #expect(fixture.store.revision == revision + 1)
        // A store that closes in order loses none.
        fixture.clock.advance(7)
        #expect(accepts(fixture, "0123456789abcdef", [.personal]))
        try fixture.reopen()
        #expect(lastUsed() == fixture.clock.now)
    }

    @Test func aDisabledUserIsReturnedAndARevokedOneIsNot() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        let user = try await fixture.user("a").number
        _ = try await issue(fixture, "0123456789abcdef", user: user, .newapiSession)
        _ = try await issue(fixture, "0123456789abcdeF", user: user, .newapiRefresh)
        _ = try await issue(fixture, "0123456789abcdEf", user: user, .personal)
        _ = try await accounts.users.update(user, UserChange(isEnabled: false), expected: nil, by: "test")
        let found = accounts.tokens.authenticate(Array("0123456789abcdef".utf8), kinds: [.newapiSession])
        #expect(found?.user.isEnabled == false)
        #expect(try await accounts.tokens.revoke(user: user, kinds: .sessions, by: "test") == 2)
        #expect(try await accounts.tokens.revoke(user: user, kinds: .sessions, by: "test") == 0)
        #expect(!accepts(fixture, "0123456789abcdef", [.newapiSession]))
        #expect(accepts(fixture, "0123456789abcdEf", [.personal]))
    }

    @Test func nothingOfATokenLiesInTheStoreOrItsErrors() async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a").number
        _ = try await issue(fixture, "0123456789abcdef", user: user, .personal)
        let document = try #require(bytes(try fixture.document(.accessTokens, "1")))
        #expect(!document.contains(Array("0123456789abcdef".utf8)))
        do {
            _ = try await issue(fixture, "0123456789abcdef", user: user, .personal)
            Issue.record("the same bytes were taken twice")
        } catch let error as AccountError {
            #expect(!error.description.contains("0123456789"))
        }
    }

    @Test func randomTokens() {
        let text = bytes(TokenService.random(prefix: "sk-", characters: 4_000)) ?? []
        #expect(text.count == 4_003 && text.starts(with: Array("sk-".utf8)))
        // 4,000 draws of 62: that one of them is missing has a chance below 10^-26.
        let letters = Set(text.dropFirst(3))
        #expect(letters == Set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8))
        let two = (0..<2).map { _ in bytes(TokenService.random(prefix: "", characters: 32)) }
        #expect(two[0] != two[1])
    }
}
