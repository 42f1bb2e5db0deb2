import CofferStore
import Testing

@testable import CofferAccounts

@Suite struct ImportBatchTests {
    private func rows(_ count: Int) -> [ImportRow] {
        let users = (1...10).map { Rows.newapiUser($0, "user \($0)") }
        return users + (1...count).map { number in
            let digits = String(number)
            let key = String(repeating: "k", count: 48 - digits.count) + digits
            return Rows.newapiKey(number, owner: number % 10 + 1, key, ["addresses": "10.0.0.0/8", "created": "1700000000000"])
        }
    }

    @Test("a commit that fails changes nothing")
    func fails() async throws {
        let fixture = try AccountsFixture({ _ in }, store: { $0.quotaBytes = 4 << 20 })
        let accounts = fixture.accounts
        // The tenant `main` is made.
        await fixture.accounts.apiKeys.context.queue.run {}
        let revision = fixture.store.revision
        #expect(await refusal { _ = try await accounts.bring(rows(3_000), dryRun: false, by: "import") } == "storeFull")
        #expect(fixture.store.revision == revision && accounts.users.count == 0 && accounts.apiKeys.count == 0)
        // Nor do the numbers move.
        #expect(try await accounts.bring(rows(1), dryRun: false, by: "import").word == String(repeating: "c", count: 11))
        #expect(accounts.users.find(newapiID: 10)?.number == 10 && accounts.apiKeys.find(newapiID: 1)?.key.number == 1)
        fixture.lock()
        #expect(await refusal { _ = try await accounts.bring(rows(1), dryRun: true, by: "import") } == "locked")
    }

    @Test("nothing, and only refused rows, make no revision")
    func nothing() async throws {
        let fixture = try AccountsFixture()
        // The tenant `main` is made.
        await fixture.accounts.apiKeys.context.queue.run {}
        let revision = fixture.store.revision
        #expect(try await fixture.accounts.bring([], dryRun: false, by: "import").effects.isEmpty)
        let report = try await fixture.accounts.bring([Rows.newapiUser(9, "a*b")], dryRun: false, by: "import")
        #expect(report.word == "r" && report.revision == revision && fixture.store.revision == revision)
        #expect(try await fixture.user("first").newapiID == 1, "a refused row moves no sequence")
    }

    @Test("rows in the words of the protocol, without another system's numbers")
    func plain() async throws {
        let store = try KeysFixture()
        let rows = [
            ImportRow(origin: "1", noun: "tenant", fields: ["name": "acme", "reveal": "false"]),
            ImportRow(origin: "2", noun: "user", fields: ["name": "ada", "home": "acme", "wallet": "unlimited"]),
            ImportRow(origin: "3", noun: "member", fields: ["tenant": "acme", "user": "ada", "role": "owner"]),
            ImportRow(
                origin: "4", noun: "apikey",
                fields: [
                    "name": "ci", "owner": "ada", "form": "coffer", "quota": "50", "tags": "a\nb", "models": "m", "tokens_per_day": "9",
                    "in_flight": "2", "requests_per_minute": "3", "time_zone": "Europe/Berlin",
                ], secrets: ["key": secret("ck_0123456789abcdefghij")]),
        ]
        #expect(try await store.bring(rows).word == "cccc")
        let key = try #require(try store.find("ck_0123456789abcdefghij")).key
        let ada = try #require(try store.all.users.find(name: Array("ada".utf8)))
        #expect(key.tenant == ada.home && key.owner == ada.number && key.tags == ["a", "b"] && key.modelLimitsEnabled && !key.isRevealable)
        #expect(key.windows == Windows(requestsPerMinute: 3, tokensPerDay: 9, tokensPerMonth: 0, timeZone: "Europe/Berlin", inFlight: 2))
        #expect(ada.newapiID == 1)
        #expect(try store.keys.wallet(of: ada.number) == nil)
        #expect(await refusal { _ = try await store.keys.reveal(key.number) } == "denied:key")
        #expect(try await store.bring(rows).word == "uuuu")
    }

    @Test("10,000 keys at once")
    func many() async throws {
        let store = try KeysFixture()
        let rows = rows(10_000)
        let clock = ContinuousClock()
        var report = ImportReport(revision: 0, effects: [], notes: [])
        let time = try await clock.measure { report = try await store.bring(rows) }
        #expect(report.effects.allSatisfy { $0 == .created } && report.effects.count == 10_010)
        // A tenth of what must come within a minute; other tests run beside it, so there is room.
        #expect(time < .seconds(20))
        #expect(try store.keys.count == 10_000 && store.keys.wallet(of: 1)?.remaining == 1_000_000)
        #expect(try await store.reason(Array((String(repeating: "k", count: 43) + "10000").utf8), address: "10.0.0.1") == "valid")
        #expect(try await store.bring(rows).effects.allSatisfy { $0 == .unchanged })
    }
}
