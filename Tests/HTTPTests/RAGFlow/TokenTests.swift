import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

@Suite struct RAGFlowTokenTests {
    private static let spellings = [
        (list: "/v1/system/token_list", create: "/v1/system/new_token", delete: "/v1/system/token/"),
        (list: "/v1/system/tokens", create: "/v1/system/tokens", delete: "/v1/system/tokens/"),
        (list: "/api/v1/system/tokens", create: "/api/v1/system/tokens", delete: "/api/v1/system/tokens/"),
        (list: "/api/v1/system/keys/", create: "/api/v1/system/keys/", delete: "/api/v1/system/keys/"),
    ]

    private func keys(_ value: JSONValue?) -> [String] { (value?.object ?? []).map(\.0) }

    @Test(arguments: RAGFlowSettings.Profile.allCases) func aKeysLife(_ profile: RAGFlowSettings.Profile) async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run({ $0.profile = profile }) { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            let tenant = try #require(try await user.get("/v1/user/tenant_info").data?["tenant_id"]?.string)
            for (index, paths) in Self.spellings.enumerated() {
                #expect(try await user.get(paths.list).body == "{\"code\":0,\"data\":[],\"message\":\"success\"}\n")
                let bodies = [nil, "{}", "{\"dialogId\":\"x\"}", "nonsense"]
                let made = try await user.post(paths.create + (index == 1 ? "?name=x" : ""), bodies[index])
                #expect(made.verdict == "200 0")
                #expect(made.text.header("Content-Type") == "application/json")
                #expect(keys(made.data) == ["beta", "create_date", "create_time", "tenant_id", "token", "update_date", "update_time"])
                let token = try #require(made.data?["token"]?.string)
                let beta = try #require(made.data?["beta"]?.string)
                #expect(token.hasPrefix("ragflow-") && token.utf8.count == 40)
                #expect(beta.utf8.count == 32 && beta != token.dropFirst(8))
                #expect(made.data?["update_time"] == .null && made.data?["update_date"] == .null)
                #expect(made.data?["create_time"] == .integer(1_700_000_000_000))
                #expect(made.data?["create_date"] == .string("Tue, 14 Nov 2023 22:13:20 GMT"))
                #expect(made.data?["tenant_id"] == .string(tenant))

                let row = try #require(try await user.get(paths.list + "?page=7&page_size=-1").data?.array?.first)
                #expect(keys(row) == [
                    "beta", "create_date", "create_time", "dialog_id", "source", "tenant_id", "token", "update_date", "update_time",
                ])
                #expect(row["token"] == .string(token) && row["beta"] == .string(beta) && row["tenant_id"] == .string(tenant))
                #expect(row["dialog_id"] == .null && row["source"] == .null)
                #expect(row["update_time"] == .integer(1_700_000_000_000))
                #expect(row["update_date"] == .string("Tue, 14 Nov 2023 22:13:20 GMT"))

                let missing = try await user.delete(paths.delete + "missing_token")
                #expect(missing.body == "{\"code\":0,\"data\":true,\"message\":\"success\"}\n")
                // A beta deletes nothing.
                #expect(try await user.delete(paths.delete + beta).code == 0)
                #expect(try await user.tokens() == [token])
                #expect(try await user.delete(paths.delete + token.replacing("-", with: "%2D") + "/").data == .bool(true))
                #expect(try await user.delete(paths.delete + token).data == .bool(true))
                #expect(try await user.tokens() == [])
            }
        }
    }

    @Test func longKeys() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run({ $0.tokenLength = 43 }) { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            #expect(try await user.newToken().utf8.count == 51)
        }
    }

    @Test func orderIsCreationThenToken() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        let letters = ["c", "a", "b", "d"].map { "ragflow-" + String(repeating: $0, count: 32) }
        for (index, token) in letters.enumerated() { _ = try await fixture.addKey(token, to: user, created: index == 3 ? 1_000 : 2_000) }
        try await fixture.run { (client) async throws in
            #expect(try await client.loggedIn("qa@example.org").tokens() == [letters[3], letters[1], letters[2], letters[0]])
        }
    }

    @Test func fiftyListsAtOnceGiveOneBeta() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        for index in 0..<3 { _ = try await fixture.addKey("ragflow-imported-key-number-\(index)", to: user, created: 5_000) }
        let brought = "brought-beta-that-has-32-letters"
        _ = try await fixture.addKey("ragflow-imported-key-with-beta", to: user, beta: brought, created: 9_000)
        try await fixture.run { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            let bodies = try await withThrowingTaskGroup(of: String.self) { tasks in
                for _ in 0..<50 { tasks.addTask { try await user.get("/v1/system/token_list").body } }
                return try await tasks.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(bodies.count == 1)
            let rows = try #require(try await user.get("/v1/system/token_list").data?.array)
            let betas = rows.compactMap { $0["beta"]?.string }
            #expect(Set(betas).count == 4 && betas.allSatisfy { $0.utf8.count == 32 })
            #expect(betas.last == brought)
            #expect(rows.allSatisfy { $0["update_time"] == $0["create_time"] })
        }
    }

    @Test func onlyTheOwnersTenant() async throws {
        let fixture = try RAGFlowFixture()
        let owner = try await fixture.user("owner@example.org")
        let member = try await fixture.user("member@example.org")
        for role in [MembershipRole.normal] {
            _ = try await fixture.accounts.tenants.add(tenant: owner.home, user: member.number, role: role, by: "test")
        }
        // Somebody without RAGFlow's registration, who is only invited.
        let guest = try await fixture.accounts.users.create(
            UserDraft(name: DocumentName("guest".utf8), email: "guest@example.org"), password: SecretBuffer(Array("123".utf8)), by: "test")
        try await fixture.run { (client) async throws in
            let first = try await client.loggedIn("owner@example.org")
            let second = try await client.loggedIn("member@example.org")
            let token = try await first.newToken()
            let own = try await second.newToken()
            #expect(try await second.tokens() == [own])
            for path in ["/v1/system/token/", "/api/v1/system/tokens/"] {
                #expect(try await second.delete(path + token).data == .bool(true))
            }
            #expect(try await first.tokens() == [token])
            let theft = "{\"tokens\":[\"\(token)\"],\"tenant_id\":\"\(owner.ragflowID)\"}"
            #expect(try await second.post("/v1/api/rm", theft).data == .bool(true))
            #expect(try await first.tokens() == [token])

            let third = try await client.loggedIn("guest@example.org")
            func none(_ reply: RAGFlowClient.Reply) { #expect(reply.body == "{\"code\":102,\"message\":\"Tenant not found!\"}\n") }
            none(try await third.get("/v1/system/token_list"))
            none(try await third.post("/api/v1/system/tokens"))
            none(try await third.delete("/v1/system/token/" + token))
            _ = try await fixture.accounts.tenants.add(tenant: owner.home, user: guest.number, role: .admin, by: "test")
            none(try await third.get("/v1/system/token_list"))
            none(try await third.get("/v1/user/tenant_info"))
            #expect(try await third.post("/v1/tenant/create", "{\"name\":\"mine\"}").code == 0)
            #expect(try await third.newToken().hasPrefix("ragflow-"))
            #expect(try await first.tokens() == [token])
        }
    }

    @Test func aTenantWithoutReadableForms() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        _ = try await fixture.accounts.tenants.update(user.home, name: nil, allowsReveal: false, expected: nil, by: "test")
        try await fixture.run { (client) async throws in
            let caller = try await client.loggedIn("qa@example.org")
            let token = try await caller.newToken()
            #expect(token.hasPrefix("ragflow-"))
            let shown = try await caller.tokens()
            #expect(try await caller.get("/v1/system/token_list").data?.array?.first?["beta"] == .null)
            #expect(shown.count == 1 && shown != [token] && shown.first?.contains("*") == true)
            #expect(try await caller.delete("/v1/system/token/\(token)").body == "{\"code\":0,\"data\":true,\"message\":\"success\"}\n")
            #expect(try await caller.tokens() == [])
        }
    }

    @Test func apiKeysAsCredentials() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        let draft = APIKeyDraft(tenant: user.home, owner: user.number, form: .coffer, unlimited: true)
        let other = try await fixture.accounts.apiKeys.create(draft, by: "test")
        let foreign = RAGFlowDoor.text(other.readable)
        let key = "ragflow-" + String(repeating: "k", count: 32)
        let beta = String(repeating: "b", count: 32)
        let number = try await fixture.addKey(key, to: user, beta: beta).number
        try await fixture.run { (client) async throws in
            for form in [key, "Bearer \(key)"] {
                let caller = client.with(form)
                #expect(try await caller.get("/v1/system/status").code == 0)
                #expect(try await caller.get("/api/v1/users/me").data?["email"]?.string == "qa@example.org")
                for reply in [
                    try await caller.get("/v1/system/token_list"), try await caller.post("/api/v1/system/tokens"),
                    try await caller.delete("/v1/system/token/\(key)"), try await caller.post("/v1/api/new_token", "{\"dialog_id\":\"x\"}"),
                    try await caller.get("/v1/user/logout"), try await caller.post("/v1/tenant/create"),
                ] { #expect(reply.verdict == "401 401") }
            }
            for form in [foreign, "Bearer \(beta)", beta, key + "x", "ragflow-" + String(repeating: "z", count: 32)] {
                #expect(try await client.with(form).get("/v1/system/status").verdict == "401 401")
            }
        }
        try await fixture.run({ $0.apiKeysManageKeys = true }) { (client) async throws in
            let caller = client.with("Bearer \(key)")
            let made = try await caller.newToken()
            #expect(try await caller.tokens() == [key, made].sorted())
            #expect(try await client.with("Bearer \(beta)").get("/v1/system/token_list").code == 401)
            #expect(try await caller.get("/v1/user/logout").code == 401)
            _ = try await fixture.accounts.apiKeys.update(number, APIKeyChange(status: .disabled), expected: nil, by: "test")
            #expect(try await caller.get("/v1/system/token_list").verdict == "401 401")
        }
    }

    @Test func betasOfBots() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        let key = "ragflow-" + String(repeating: "k", count: 32)
        let beta = String(repeating: "b", count: 32)
        _ = try await fixture.addKey(key, to: user, beta: beta)
        try await fixture.run { (client) async throws in
            for path in ["/api/v1/chatbots/x/completions", "/api/v1/agentbots/x/inputs", "/api/v1/searchbots/ask"] {
                for form in [nil, beta, "a b c"] {
                    let reply = try await client.with(form).post(path)
                    #expect(reply.body == "{\"code\":102,\"message\":\"Authorization is not valid!\"}\n")
                }
                for form in ["Bearer \(key)", "Bearer wrong"] {
                    let reply = try await client.with(form).get(path)
                    #expect(reply.body == "{\"code\":102,\"message\":\"Authentication error: API key is invalid!\"}\n")
                }
                #expect(try await client.with("Bearer \(beta)").post(path).verdict == "404 404")
            }
        }
    }
}
