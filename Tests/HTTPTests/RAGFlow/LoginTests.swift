import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

@Suite struct RAGFlowLoginTests {
    @Test func registeringAndLoggingIn() async throws {
        let fixture = try RAGFlowFixture()
        try await fixture.run { (client) async throws in
            for (register, login) in [("/v1/user/register", "/v1/user/login"), ("/api/v1/users", "/api/v1/auth/login")] {
                let email = "qa\(login.utf8.count)@example.org"
                let unknown = try await client.login(email, path: login)
                #expect(unknown.verdict == "200 109")
                #expect(unknown.message == "Email: \(email) is not registered!")
                let made = try await client.register(email, path: register)
                #expect(made.verdict == "200 0")
                #expect(made.message == "qa, welcome aboard!")
                let first = try #require(made.text.header("Authorization"))
                #expect(try await client.with(first).get("/v1/system/token_list").verdict == "200 0")
                let again = try await client.register(email.uppercased(), path: register)
                #expect(again.code != 0)
                #expect(again.message?.contains("has already registered") == true)

                let reply = try await client.login(email, path: login)
                #expect(reply.verdict == "200 0")
                #expect(reply.message == "Welcome back!")
                #expect(reply.text.header("Access-Control-Expose-Headers") == "Authorization")
                let second = try #require(reply.text.header("Authorization"))
                #expect(reply.data?["email"]?.string == email)
                #expect(reply.data?["nickname"]?.string == "qa")
                #expect(reply.data?["password"] == nil)
                // The new login ends the one before.
                #expect(try await client.with(first).get("/v1/user/info").code == 401)
                let info = try await client.with(second).get("/v1/user/info")
                let id = try #require(info.data?["id"]?.string)
                #expect(id.utf8.count == 32)
                let tenant = try await client.with(second).get("/v1/user/tenant_info")
                #expect(tenant.data?["tenant_id"]?.string == id)
            }
        }
    }

    @Test func wrongPasswordsAndCiphertexts() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            let wrong = try await client.login("qa@example.org", "1234")
            #expect(wrong.verdict == "200 109")
            #expect(wrong.message == "Email and password do not match!")
            #expect(wrong.data == .bool(false))
            #expect(wrong.text.header("Authorization") == nil)
            for password in ["\"123\"", "\"\"", "null", "17", "\"QUJD\""] {
                let reply = try await client.post("/v1/user/login", "{\"email\":\"qa@example.org\",\"password\":\(password)}")
                #expect(reply.verdict == "200 500" || reply.status == 429)
                if reply.status == 200 { #expect(reply.message == "Fail to crypt password") }
            }
        }
        try await fixture.run { (client) async throws in
            for body in [nil, "", "{}", "[]", "null", "{\"email\":", "\"x\"", String(repeating: "[", count: 5_000)] {
                let reply = try await client.post("/v1/user/login", body)
                #expect(reply.verdict == "200 109")
                #expect(reply.message == "Unauthorized!")
            }
            let typed = try await client.post("/v1/user/login", "{\"email\":{\"a\":1},\"password\":[]}")
            #expect(typed.message == "Email:  is not registered!")
        }
        #expect(fixture.log.all.isEmpty)
    }

    @Test func guessingIsSlowedDown() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            for _ in 0..<5 { #expect(try await client.login("qa@example.org", "no").code == 109) }
            let reply = try await client.login("qa@example.org")
            #expect(reply.verdict == "429 429")
            #expect(reply.text.header("Retry-After") == "1")
            #expect(try await client.register("new@example.org").status == 429)
            fixture.clock.advance(1_000)
            #expect(try await client.login("qa@example.org").code == 0)
        }
    }

    @Test func endsOfALogin() async throws {
        let fixture = try RAGFlowFixture()
        let user = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            let first = try await client.loggedIn("qa@example.org")
            #expect(try await first.get("/v1/user/logout").data == .bool(true))
            #expect(try await first.get("/v1/user/info").verdict == "401 401")
            let second = try await client.loggedIn("qa@example.org")
            #expect(try await second.post("/api/v1/auth/logout").code == 0)
            #expect(try await second.get("/api/v1/users/me").verdict == "401 401")
            let third = try await client.loggedIn("qa@example.org")
            fixture.clock.advance(30 * RAGFlowFixture.day - 1)
            #expect(try await third.get("/v1/user/info").code == 0)
            fixture.clock.advance(1)
            #expect(try await third.get("/v1/user/info").code == 401)
            let fourth = try await client.loggedIn("qa@example.org")
            _ = try await fixture.accounts.users.update(user.number, UserChange(isEnabled: false), expected: nil, by: "test")
            #expect(try await fourth.get("/v1/user/info").code == 401)
            let disabled = try await client.login("qa@example.org")
            #expect(disabled.verdict == "200 403")
            #expect(disabled.text.header("Authorization") == nil)
        }
    }

    @Test func tokensOfAnotherSecretAndTamperedOnes() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        let foreign = try await fixture.token(of: "qa@example.org") { () throws(StoreError) in
            SecretBuffer([UInt8](repeating: 1, count: 32))
        }
        try await fixture.run { (client) async throws in
            #expect(try await client.with(foreign).get("/v1/user/info").code == 401)
            let own = try await client.loggedIn("qa@example.org")
            let token = own.authorization ?? ""
            for changed in [String(token.dropLast()), token + "A", token.uppercased(), "INVALID_" + token, token.replacing(".", with: "")] {
                #expect(try await client.with(changed).get("/v1/user/info").code == 401)
            }
            // The digits inside are no credential by themselves.
            let digits = RAGFlowBase64.decodeURLText(Array(token.utf8.prefix { $0 != UInt8(ascii: ".") })) ?? []
            let bare = String(decoding: digits.dropFirst().dropLast(), as: UTF8.self)
            #expect(bare.utf8.count == 32)
            #expect(try await client.with(bare).get("/v1/user/info").code == 401)
            #expect(try await own.get("/v1/user/info").code == 0)
        }
    }

    @Test func headerFormsAndCookie() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            let login = try await client.login("qa@example.org")
            let token = try #require(login.text.header("Authorization"))
            for form in [token, "Bearer \(token)", "bearer \(token)", "Token \(token)", "  Bearer\t\(token)  "] {
                #expect(try await client.with(form).get("/v1/system/token_list").code == 0, "\(form.prefix(9))")
                #expect(try await client.with(form).get("/api/v1/system/tokens").code == 0, "\(form.prefix(9))")
            }
            let long = String(repeating: "a", count: 5_000)
            for form in ["", "Bearer", "Bearer ", "Bearer x \(token)", "\(token) Bearer", "Bearer \(token) x", long] {
                #expect(try await client.with(form).get("/v1/system/token_list").code == 401, "\(form.prefix(9))")
            }
            let cookie = try #require(login.text.header("Set-Cookie"))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"))
            let sent = "Cookie: " + cookie.prefix { $0 != ";" }
            #expect(try await client.send("GET", "/v1/system/token_list", headers: [sent]).code == 0)
            #expect(try await client.send("POST", "/v1/system/new_token", headers: [sent, "Origin: http://localhost"]).code == 0)
            #expect(try await client.send("POST", "/v1/system/new_token", headers: [sent, "Origin: http://evil.example"]).code == 401)
            #expect(try await client.send("POST", "/v1/system/new_token", headers: [sent, "Sec-Fetch-Site: cross-site"]).code == 401)
            // A header goes before the cookie.
            #expect(try await client.with("wrong").send("GET", "/v1/system/token_list", headers: [sent]).code == 401)
        }
    }

    @Test func withoutAKeyNobodyLogsIn() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run({ $0.loginKey = nil }) { (client) async throws in
            for _ in 0..<3 {
                let reply = try await client.login("qa@example.org")
                #expect(reply.verdict == "200 500")
                #expect(reply.message == "Fail to crypt password")
            }
            #expect(try await client.get("/v1/system/config").data?["disablePasswordLogin"] == .bool(true))
        }
        #expect(fixture.log.all.count == 1)
        #expect(fixture.log.all.first?.contains("http.ragflow.login_key") == true)
    }

    @Test func registrationRules() async throws {
        let fixture = try RAGFlowFixture()
        try await fixture.run({ $0.registration = false }) { (client) async throws in
            #expect(try await client.register("qa@example.org").verdict == "200 103")
            #expect(try await client.get("/api/v1/system/config").data?["registerEnabled"] == .integer(0))
        }
        #expect(fixture.accounts.users.count == 0)
        try await fixture.run { (client) async throws in
            for email in [
                "", "qa", "@example.org", "qa@", "qa@example", "a@b@c.org", "q a@example.org", "qä@example.org", "q*@example.org",
                String(repeating: "a", count: 250) + "@example.org", "qa@.org", "qa@example.org.",
            ] {
                let reply = try await client.register(email)
                #expect(reply.code == 103, "\(email.prefix(20))")
                #expect(reply.message?.hasPrefix("Invalid email address") == true)
            }
            #expect(try await client.register("qa@example.org", nickname: "a\\u0000b").code == 101)
            #expect(try await client.post("/v1/user/register", "{\"email\":\"qa@example.org\"}").verdict == "200 101")
            #expect(try await client.post("/v1/user/register", "nonsense").verdict == "200 101")
            let garbage = try await client.post(
                "/v1/user/register", "{\"email\":\"qa@example.org\",\"nickname\":\"qa\",\"password\":\"123\"}")
            #expect(garbage.verdict == "200 500")
        }
        #expect(fixture.accounts.users.count == 0)
    }

    @Test func theLogHasNoSecrets() async throws {
        let fixture = try RAGFlowFixture()
        try await fixture.run { (client) async throws in
            let password = try await LoginKeyPair.shared.seal("123")
            let made = try await client.register("qa@example.org")
            let user = client.with(made.text.header("Authorization"))
            let key = try await user.newToken()
            _ = try await user.delete("/v1/system/token/\(key)")
            _ = try await user.get("/v1/system/token_list?token=\(key)")
            let lines = client.serverLog.all.joined(separator: "\n") + fixture.log.all.joined(separator: "\n")
            #expect(lines.contains("/v1/system/token/:token"))
            #expect(lines.contains("login:qa@example.org"))
            for secret in [key, password, user.authorization ?? "-", String(key.dropFirst(8)), "MTIz"] { #expect(!lines.contains(secret)) }
        }
    }
}

extension RAGFlowFixture {
    /// A login token of a door with this signing key.
    func token(of email: String, signingKey: @escaping @Sendable () throws(StoreError) -> SecretBuffer) async throws -> String {
        let box = LogLines()
        try await run(signingKey: signingKey) { (client) async throws in box.add(try await client.loggedIn(email).authorization ?? "") }
        return box.all.first ?? ""
    }
}
