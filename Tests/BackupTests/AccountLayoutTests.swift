import CofferStore
import Testing

@testable import CofferAccounts

@Suite("Documents of accounts in a backup")
struct AccountLayoutTests {
    @Test("what the services write goes out and comes back")
    func services() async throws {
        let fixture = try DocumentStore()
        let accounts = Accounts(store: fixture.store, options: AccountOptions(clock: { DocumentStore.now }, passwordMemory: 64 << 10))
        defer { accounts.stop() }
        let tenant = try await accounts.tenants.create(name: named("payments"), allowsReveal: true, by: "test")
        let user = try await accounts.users.create(
            UserDraft(name: named("anna"), displayName: Label("Anna \"Ä\""), email: "a@example.org", role: .admin),
            password: secret("a long password"), by: "test")
        _ = try await accounts.tenants.add(tenant: tenant.number, user: user.number, role: .normal, by: "test")
        for (index, kind) in AccessToken.Kind.allCases.enumerated() {
            _ = try await accounts.tokens.issue(
                secret("token-\(index)-0123456789012345678901234567890"), user: user.number, kind: kind, name: Label("t"), expires: 0,
                replacing: false, by: "test")
        }
        for form in APIKey.Form.allCases {
            let draft = APIKeyDraft(
                tenant: tenant.number, owner: user.number, form: form, name: try Label("key"), expires: -1, unlimited: form == .sk, quota: 1_000,
                modelLimitsEnabled: true, models: ["gpt", "模型"], addresses: try AddressList("10.0.0.0/8\n::1"), tags: ["a"],
                windows: Windows(requestsPerMinute: 3, tokensPerDay: 4, tokensPerMonth: 5, inFlight: 6), autoGroups: form == .sk ? ["g"] : nil,
                dialogID: form == .ragflow ? "d" : nil, source: form == .ragflow ? "s" : nil)
            _ = try await accounts.apiKeys.create(draft, by: "test")
        }
        _ = try await accounts.apiKeys.betas(owner: user.number)
        try await accounts.doors.set("newapi", "price", secret("7.3"), allowSample: false, by: "test")
        try await accounts.doors.set("rtmanage", "password", SecretBuffer([0, 255, 1, 2]), allowSample: false, by: "test")
        let (tables, text) = try fixture.check { (table, name, bytes) throws(StoreError) in try AccountDocumentCheck.judge(table, name, bytes) }
        #expect(tables == [.tenants, .users, .memberships, .accessTokens, .apiKeys, .apiKeyForms, .passwords, .doors, .sequences])
        #expect(text.contains(#""role":"admin","enabled":true,"#) && text.contains(#""display_name":"Anna \"Ä\"""#))
        #expect(text.contains(#"{"changed":1700000000000,"value64":"AP8BAg=="}"#) && text.contains(#""value":"7.3""#))
        #expect(text.contains(#""readable":"ragflow-"#) && text.contains(#""scheme":"argon2id","hash":"$argon2id$"#))
        for kind in ["personal", "newapi-access", "newapi-session", "newapi-refresh", "ragflow-login", "admin-session"] {
            #expect(text.contains(#""kind":"\#(kind)""#))
        }
    }

    @Test("each word of each enumeration")
    func words() throws {
        let fixture = try DocumentStore()
        let digest = KeyDigest(keyID: 3, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        var number: UInt64 = 0
        for role in Role.allCases {
            number += 1
            let user = User(number: number, name: try named("u\(number)"), role: role, newapiID: .min, created: 1, updated: .max)
            try fixture.put(.users, "\(number)", AccountDocuments.encode(user))
        }
        for role in MembershipRole.allCases {
            try fixture.put(.memberships, "1/\(role.rawValue.count)", AccountDocuments.encode(Membership(tenant: 1, user: 2, role: role, created: 3)))
        }
        for form in APIKey.Form.allCases {
            for status in APIKey.Status.allCases {
                number += 1
                let key = APIKey(
                    number: number, tenant: 1, owner: 2, form: form, name: .empty, status: status, expires: -1, modelLimitsEnabled: false,
                    models: [], addresses: .any, group: "", tags: [], windows: .none, created: 1, updated: 2, hintEnds: .max, newapiID: -1,
                    crossGroupRetry: true, autoGroups: [], dialogID: "", source: nil, hasBeta: true, isRevealable: false, revision: 0)
                let record = APIKeyRecord(key: key, hash: digest, beta: status == .enabled ? nil : digest, hasForm: true)
                try fixture.put(.apiKeys, "\(number)", record.encoded())
            }
        }
        for scheme: StoredPassword.Scheme in [.argon2id, .bcrypt, .werkzeug] {
            try fixture.put(.passwords, "\(scheme.rawValue)", StoredPassword(scheme: scheme, hash: secret("$2b$")).encoded())
        }
        let (_, text) = try fixture.check()
        for word in ["common", "admin", "root"] + APIKey.Form.allCases.map(\.word) + APIKey.Status.allCases.map(\.word) + ["bcrypt", "werkzeug"] {
            #expect(text.contains(#":"\#(word)","#), "\(word)")
        }
    }
    @Test("a usage line is written by its fields")
    func usage() throws {
        let fixture = try DocumentStore()
        let budget = try named("k/1")
        let line = UsageLine(time: 5, amount: 15, requestID: "r", model: "m", inputTokens: 1, outputTokens: 2)
        let limits = WindowLimits(dayPeriod: 20_261_121, dayLimit: 0, monthPeriod: 202_611, monthLimit: 0, inFlight: 0)
        let steps: [BudgetStep] = [
            .set(budget, unlimited: false, remaining: 100, used: nil),
            .reserve(ReservationRequest(budget: budget, requestID: try named("r"), amount: 20, expires: DocumentStore.now + 1_000, limits: limits)),
            .settle(budget: budget, requestID: try named("r"), amount: 15, line: line.encoded()),
        ]
        for step in steps { _ = try fixture.store.commit(Batch(principal: "test", mutations: [.budget(step)])) }
        let expected = #""line":{"time":5,"amount":15,"request":"r","model":"m","input_tokens":1,"output_tokens":2}}"#
        #expect(try fixture.check().text.contains(expected))
    }
}
