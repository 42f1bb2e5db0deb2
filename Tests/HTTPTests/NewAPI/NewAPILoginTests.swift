import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPILoginTests {
    @Test func aLoginAnswersInBothForms() async throws {
        let fixture = try NewAPIFixture()
        let user = try await fixture.user("alice")
        try await fixture.run { (client) async throws in
            let reply = try await client.login("alice")
            #expect(reply.status == 200 && reply.success == true)
            #expect(reply.data?["id"]?.integer == user.newapiID && reply.data?["username"]?.string == "alice"
                && reply.data?["role"]?.integer == 1)
            #expect(reply.data?["status"]?.integer == 1 && reply.data?["group"]?.string == "default")
            #expect(reply.data?["token_type"]?.string == "Bearer" && reply.data?["user"]?["username"]?.string == "alice")
            #expect(reply.data?["access_expires_at"]?.integer == Int64(fixture.clock.now / 1_000) + 900)
            #expect(reply.text.contains("Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"))
            #expect(reply.text.contains("Path=/api/user/auth; Max-Age=2592000; HttpOnly; SameSite=Strict"))
            #expect(reply.text.header("X-Oneapi-Request-Id")?.count == 20 && reply.text.header("X-New-Api-Version") == "v0-test")
            #expect(!reply.text.contains("; Secure"))
            let jwt = try #require(reply.data?["access_token"]?.string)
            let session = try #require(reply.cookie("session"))
            for caller in [client.bearing(jwt), client.with("Authorization: \(jwt)"), client.with("Cookie: a=b; session=\(session)")] {
                #expect(try await caller.get("/api/user/self").data?["username"]?.string == "alice")
            }
            // A cookie's secret is no access token, and the other way round.
            #expect(try await client.bearing(session).get("/api/user/self").status == 401)
            #expect(try await client.with("Cookie: session=\(jwt)").get("/api/user/self").status == 401)
            let everything = client.serverLog.all.joined() + fixture.log.all.joined()
            #expect(!everything.contains(jwt) && !everything.contains(session) && !everything.contains(NewAPIFixture.password))
            #expect(everything.contains("login:alice"))
        }
    }

    @Test func theRefreshCookieGivesNewLoginTokensWhileTheSessionLasts() async throws {
        let fixture = try NewAPIFixture()
        try await fixture.user("alice")
        try await fixture.run { (client) async throws in
            let login = try await client.login("alice")
            let jwt = try #require(login.data?["access_token"]?.string)
            let browser = client.with("Cookie: new_api_refresh=\(try #require(login.cookie("new_api_refresh")))")
            fixture.clock.advance(900_000)
            let expired = try await client.bearing(jwt).get("/api/user/self")
            #expect(expired.status == 401 && expired.json["code"]?.string == "AUTH_TOKEN_EXPIRED" && expired.success == false)
            let fresh = try await browser.post("/api/user/auth/refresh")
            let second = try #require(fresh.data?["access_token"]?.string)
            #expect(second != jwt)
            #expect(try await client.bearing(second).get("/api/user/self").status == 200)

            // Logging out with the login token ends what hangs on the session.
            let logout = try await client.bearing(second).get("/api/user/logout")
            #expect(logout.success == true && logout.text.contains("session=; Path=/; Max-Age=0"))
            let dead = try await client.bearing(second).get("/api/user/self")
            #expect(dead.status == 401 && dead.json["code"]?.string == "AUTH_SESSION_REVOKED")
            let refused = try await browser.post("/api/user/auth/refresh")
            #expect(refused.status == 401 && refused.json["code"]?.string == "AUTH_SESSION_REVOKED")
            #expect(try await client.with("Cookie: session=\(try #require(login.cookie("session")))").get("/api/user/self").status == 401)
            #expect(try await client.post("/api/user/auth/refresh").status == 401)
            #expect(try await client.get("/api/user/logout").success == true)
        }
    }

    @Test func sessionsEndAfterTheirDays() async throws {
        let fixture = try NewAPIFixture()
        try await fixture.user("alice")
        try await fixture.run(.current, { $0.sessionDays = 1 }) { (client) async throws in
            let login = try await client.login("alice")
            let browser = client.with("Cookie: session=\(try #require(login.cookie("session")))")
            fixture.clock.advance(86_399_000)
            #expect(try await browser.get("/api/user/self").status == 200)
            fixture.clock.advance(1_000)
            #expect(try await browser.get("/api/user/self").status == 401)
            let refresh = client.with("Cookie: new_api_refresh=\(try #require(login.cookie("new_api_refresh")))")
            #expect(try await refresh.post("/api/user/auth/refresh").status == 401)
        }
    }

    @Test func wrongLoginsLookAlike() async throws {
        let fixture = try NewAPIFixture()
        let banned = try await fixture.user("banned")
        try await fixture.user("alice")
        _ = try await fixture.accounts.users.update(banned.number, UserChange(isEnabled: false), expected: nil, by: "test")
        try await fixture.run { (client) async throws in
            for (name, password) in [("alice", "wrong"), ("nobody", NewAPIFixture.password), ("banned", NewAPIFixture.password)] {
                let reply = try await client.login(name, password)
                #expect(reply.status == 200 && reply.success == false && reply.message == "用户名或密码错误，或用户已被封禁"
                    && reply.cookie("session") == nil)
            }
            for body in [nil, "", "{", "[]", "{}", #"{"username":"alice"}"#, #"{"username":1,"password":"x"}"#,
                #"{"username":"","password":""}"#] {
                let reply = try await client.with("Accept-Language: en").post("/api/user/login", body)
                #expect(reply.status == 200 && reply.success == false && reply.message == "Invalid parameters")
            }
            // Two more wrong ones make five: then even the right password waits.
            for _ in 0..<2 { #expect(try await client.login("alice", "wrong").status == 200) }
            let blocked = try await client.login("alice")
            #expect(blocked.status == 429 && blocked.success == false && blocked.text.header("Retry-After") == "1")
            fixture.clock.advance(1_000)
            #expect(try await client.login("alice").success == true)
        }
    }

    @Test func tamperedLoginTokensOpenNothing() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let store = fixture.store
        try await fixture.run { (client) async throws in
            let jwt = try #require(try await client.login("alice").data?["access_token"]?.string)
            let parts = jwt.split(separator: ".").map { String($0) }
            let claims = try #require(Base64URL.decoded(parts[1]).flatMap { try? JSONValue.parse($0) })
            let sid = try #require(claims["sid"]?.string)
            #expect(claims["iss"]?.string == "new-api" && claims["aud"]?.string == "new-api-dashboard"
                && claims["sub"]?.string == String(alice.newapiID))
            func text(_ json: String) -> String { Base64URL.encoded(Array(json.utf8)) }
            let now = Int64(fixture.clock.now / 1_000)
            let other = DashboardSigning { () throws(StoreError) in SecretBuffer([UInt8](repeating: 3, count: 32)) }
            let own = DashboardSigning { () throws(StoreError) in try store.signingKey("newapi__") }
            func token(_ sub: String, _ sid: String, iss: String = "new-api", aud: String = "new-api-dashboard",
                exp: Int64) -> DashboardToken {
                DashboardToken(iss: iss, aud: aud, sub: sub, sid: sid, iat: now, exp: exp)
            }
            let id = String(alice.newapiID)
            let forged = [
                "\(text(#"{"alg":"none","typ":"JWT"}"#)).\(parts[1]).", "\(text(#"{"alg":"none"}"#)).\(parts[1]).\(parts[2])",
                "\(text(#"{"alg":"HS512"}"#)).\(parts[1]).\(parts[2])", "\(parts[0]).\(text(#"{"sub":"1"}"#)).\(parts[2])",
                    "\(parts[0]).\(parts[1]).",
                "\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))", "..", "a.b.c", jwt + "A",
                try await other.signed(token(id, sid, exp: now + 900)), try await own.signed(token(id, sid, iss: "else", exp: now + 900)),
                try await own.signed(token(id, sid, aud: "else", exp: now + 900)),
            ]
            for forgery in forged {
                let reply = try await client.bearing(forgery).get("/api/user/self")
                #expect(reply.status == 401 && reply.json["code"]?.string == "AUTH_UNAUTHORIZED", "\(forgery)")
            }
            // Rightly signed, but of no session, of another's session, or past.
            for (made, code) in [
                (token(id, "none", exp: now + 900), "AUTH_SESSION_REVOKED"), (token(String(bob.newapiID), sid, exp: now + 900),
                    "AUTH_SESSION_REVOKED"),
                (token(id, sid, exp: now), "AUTH_TOKEN_EXPIRED"), (token(id, sid, exp: .min), "AUTH_TOKEN_EXPIRED"),
            ] {
                let reply = try await client.bearing(try await own.signed(made)).get("/api/user/self")
                #expect(reply.status == 401 && reply.json["code"]?.string == code)
            }
            #expect(try await client.bearing(jwt).get("/api/user/self").status == 200)
        }
    }

    @Test func anAccessTokenReplacesTheOneBefore() async throws {
        let fixture = try NewAPIFixture()
        try await fixture.user("alice")
        try await fixture.run { (client) async throws in
            let session = try #require(try await client.login("alice").cookie("session"))
            let browser = client.with("Cookie: session=\(session)")
            let first = try #require(try await browser.get("/api/user/token").data?.string)
            let second = try #require(try await client.bearing(first).get("/api/user/token/").data?.string)
            #expect(first.count == 32 && second.count == 32 && first != second)
            #expect(try await client.bearing(first).get("/api/user/self").status == 401)
            for header in ["Authorization: \(second)", "Authorization: Bearer \(second)", "Authorization: bearer  \(second)"] {
                #expect(try await client.with(header).get("/api/user/self").status == 200)
            }
            for header in ["Authorization: Basic \(second)", "Authorization: Bearer", "Authorization: Bearer \(second)x",
                "Authorization: Bearer \(second.dropLast())"] {
                #expect(try await client.with(header).get("/api/user/self").status == 401)
            }
            // The session goes on.
            #expect(try await browser.get("/api/user/self").status == 200)
            // A new password ends the session.
            let user = try #require(fixture.accounts.users.find(name: Array("alice".utf8)))
            try await fixture.accounts.users.setPassword(user.number, SecretBuffer(Array("another one 1234".utf8)), by: "test")
            #expect(try await browser.get("/api/user/self").status == 401)
        }
    }

    @Test func pagesOfOtherSitesChangeNothingThroughACookie() async throws {
        let fixture = try NewAPIFixture()
        try await fixture.user("alice")
        try await fixture.run(.document, { $0.serverAddress = "https://tokens.example.com/" }) { (client) async throws in
            let login = try await client.login("alice")
            let browser = client.with("Cookie: session=\(try #require(login.cookie("session")))")
            for header in ["Origin: http://evil.example", "Origin: null", "Origin: https://localhost", "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site"] {
                let page = browser.with(header)
                #expect(try await page.post("/api/token/", #"{"name":"x"}"#).status == 403, "\(header)")
                #expect(try await page.delete("/api/token/1").status == 403)
                #expect(try await page.get("/api/user/token").status == 403)
                #expect(try await page.get("/api/user/logout").status == 403)
                #expect(try await client.with(header).login("alice").status == 403)
                // Reading is kept apart by the browser itself.
                #expect(try await page.get("/api/token/").status == 200)
            }
            #expect(fixture.everything.isEmpty)
            for header in ["Origin: http://localhost", "Origin: https://tokens.example.com", "Sec-Fetch-Site: same-origin",
                "X-Nothing: 1"] {
                #expect(try await browser.with(header).post("/api/token/", #"{"name":"x"}"#).success == true, "\(header)")
            }
            // Not a cookie, nothing that a browser adds by itself.
            let jwt = try #require(login.data?["access_token"]?.string)
            #expect(try await client.bearing(jwt).with("Origin: http://evil.example").post("/api/token/", "{}").success == true)
        }
    }
}
