import CofferStore
import Dispatch
import Synchronization
import Testing

@testable import CofferAccounts

@Suite struct PasswordTests {
    @Test func rightWrongUnknownDisabled() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        let user = try await fixture.user("a", password: "correct horse")
        #expect(try await users.check(password: secret("correct horse"), of: user) == user)
        #expect(await refusal { _ = try await users.check(password: secret("correct hors"), of: user) } == "loginFailed")
        #expect(await refusal { _ = try await users.check(password: secret(""), of: user) } == "loginFailed")
        #expect(await refusal { _ = try await users.check(password: secret("correct horse"), of: nil) } == "loginFailed")
        let without = try await fixture.user("b")
        #expect(without.mustSetPassword)
        #expect(await refusal { _ = try await users.check(password: secret(""), of: without) } == "loginFailed")
        _ = try await users.update(user.number, UserChange(isEnabled: false), expected: nil, by: "test")
        #expect(await refusal { _ = try await users.check(password: secret("correct horse"), of: user) } == "denied:user")
        // Who is disabled is told only to who knows the password.
        #expect(await refusal { _ = try await users.check(password: secret("wrong"), of: user) } == "loginFailed")
    }

    @Test func lengths() async throws {
        let fixture = try AccountsFixture()
        let users = fixture.accounts.users
        #expect(await refusal { _ = try await fixture.user("a", password: "") } == "invalidArgument:password")
        let long = String(repeating: "x", count: 1_024)
        #expect(await refusal { _ = try await fixture.user("a", password: long + "x") } == "invalidArgument:password")
        let user = try await fixture.user("a", password: long)
        #expect(try await users.check(password: secret(long), of: user) == user)
        #expect(await refusal { _ = try await users.check(password: secret(long + "x"), of: user) } == "loginFailed")
        // A zero in a password does not end it.
        try await users.setPassword(user.number, secret("a\u{0}b"), by: "test")
        #expect(await refusal { _ = try await users.check(password: secret("a\u{0}c"), of: user) } == "loginFailed")
        _ = try await users.check(password: secret("a\u{0}b"), of: user)
    }

    @Test func settingEndsSessionsAndNothingElse() async throws {
        let fixture = try AccountsFixture()
        let accounts = fixture.accounts
        let user = try await fixture.user("a")
        for kind in AccessToken.Kind.allCases {
            _ = try await accounts.tokens.issue(
                secret("token-of-kind-000\(kind.rawValue)"), user: user.number, kind: kind, name: .empty, expires: 0, replacing: false,
                by: "test")
        }
        try await accounts.users.setPassword(user.number, secret("new"), by: "test")
        let alive = AccessToken.Kind.allCases.filter {
            accounts.tokens.authenticate(Array("token-of-kind-000\($0.rawValue)".utf8), kinds: [$0]) != nil
        }
        #expect(alive == [.personal, .newapiAccess])
        #expect(accounts.users.find(user.number)?.mustSetPassword == false)
        try fixture.reopen()
        let back = try #require(fixture.accounts.users.find(user.number))
        #expect(try await fixture.accounts.users.check(password: secret("new"), of: back) == back)
        #expect(await refusal { try await fixture.accounts.users.setPassword(9, secret("x"), by: "test") } == "notFound:user")
    }

    @Test func otherParametersAreHashedAgainAtTheNextLogin() async throws {
        let fixture = try AccountsFixture()
        let user = try await fixture.user("a", password: "p")
        let weak = StoredPassword(scheme: .argon2id, hash: try PasswordHasher(memory: 8 << 10).hash(secret("p"))).encoded()
        let name = try documentName("1")
        _ = try fixture.store.commit(Batch(principal: "test", mutations: [.putDocument(.passwords, name, weak, expected: .any)]))
        #expect(await refusal { _ = try await fixture.accounts.users.check(password: secret("q"), of: user) } == "loginFailed")
        #expect(bytes(try fixture.document(.passwords, "1")) == bytes(weak))
        _ = try await fixture.accounts.users.check(password: secret("p"), of: user)
        let strong = bytes(try fixture.document(.passwords, "1"))
        #expect(strong != bytes(weak))
        _ = try await fixture.accounts.users.check(password: secret("p"), of: user)
        #expect(bytes(try fixture.document(.passwords, "1")) == strong)
    }

    @Test func theQueueIsShort() async throws {
        let queue = PasswordQueue()
        let gate = DispatchSemaphore(value: 0)
        // One runs and eight wait: each is let in before it suspends, so the tenth finds no place.
        await withTaskGroup(of: String.self) { group in
            for _ in 0..<(PasswordQueue.waiting + 1) {
                group.addTask { await refusal { try await queue.run { () throws(AccountError) in gate.wait() } } }
            }
            while queue.length < PasswordQueue.waiting + 1 { await Task.yield() }
            let isAnswered = Mutex(false)
            async let tenth = refusal {
                defer { isAnswered.withLock { $0 = true } }
                try await queue.run { () throws(AccountError) in }
            }
            // Refused, or let in by mistake: then the gate must open for it to end.
            while !isAnswered.withLock({ $0 }) && queue.length == PasswordQueue.waiting + 1 { await Task.yield() }
            for _ in 0..<(PasswordQueue.waiting + 1) { gate.signal() }
            #expect(await tenth == "busy")
            for await outcome in group { #expect(outcome.isEmpty) }
        }
        #expect(await refusal { try await queue.run { () throws(AccountError) in } } == "")
    }
}
