import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPICallerTests {
    private static let routes = [
        ("GET", "/api/token/"), ("GET", "/api/token"), ("GET", "/api/token/search"), ("GET", "/api/token/1"), ("POST", "/api/token/"),
        ("PUT", "/api/token/"), ("DELETE", "/api/token/1/"), ("POST", "/api/token/batch"), ("POST", "/api/token/1/key"),
        ("POST", "/api/token/batch/keys"), ("GET", "/api/token/auto-groups"), ("GET", "/api/user/self"), ("GET", "/api/user/self/groups"),
        ("GET", "/api/user/models"), ("GET", "/api/user/token"),
    ]

    @Test func nobodyGetsInWithoutCredentials() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice)
        try await fixture.run { (client) async throws in
            let before = fixture.everything
            for (method, path) in Self.routes {
                let reply = try await client.send(method, path, "{}")
                #expect(reply.status == 401 && reply.success == false
                    && reply.message == "无权进行此操作，未登录且未提供 access token", "\(method) \(path)")
                let unknown = try await client.bearing("0123456789abcdef0123456789abcdef").with("Accept-Language: en-GB").send(method,
                    path, "{}")
                #expect(unknown.status == 401 && unknown.message == "Unauthorized, invalid access token")
                // A key is not its owner.
                let key = try await client.bearing("sk-\(made.key)").send(method, path, "{}")
                #expect(key.status == 401 && !key.text.contains(made.key))
            }
            #expect(fixture.everything == before)
        }
        try await fixture.run(.document, { $0.legacyStatus = true }) { (client) async throws in
            #expect(try await client.get("/api/token/").status == 401)
            let unknown = try await client.bearing("0123456789abcdef0123456789abcdef").get("/api/token/")
            #expect(unknown.status == 200 && unknown.success == false && unknown.message == "无权进行此操作，access token 无效")
        }
    }

    @Test func theUserHeaderMustBeRightWhereItIsSent() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let token = try await fixture.accessToken(alice)
        let expected: [(String?, Int, String?)] = [
            ("New-Api-User: \(alice.newapiID)", 200, nil), ("new-api-user: \(alice.newapiID)", 200, nil),
            ("New-API-User: \(bob.newapiID)", 401, "无权进行此操作，New-Api-User 与登录用户不匹配"),
            ("New-Api-User: -1", 401, "无权进行此操作，New-Api-User 与登录用户不匹配"), ("New-Api-User: alice", 401, "无权进行此操作，New-Api-User 格式错误"),
            ("New-Api-User: 9223372036854775808", 401, "无权进行此操作，New-Api-User 格式错误"),
        ]
        try await fixture.run { (client) async throws in
            #expect(try await client.bearing(token).get("/api/token/").status == 200)
            for (header, status, message) in expected {
                let reply = try await client.bearing(token).with(header ?? "").get("/api/token/")
                #expect(reply.status == status && (message == nil || reply.message == message))
            }
        }
        try await fixture.run(.current, { $0.requireNewApiUser = true }) { (client) async throws in
            let missing = try await client.bearing(token).get("/api/token/")
            #expect(missing.status == 401 && missing.message == "无权进行此操作，未提供 New-Api-User")
            #expect(try await client.bearing(token).with("New-Api-User: \(alice.newapiID)").get("/api/token/").status == 200)
        }
    }

    @Test func bannedUsersAreToldSo() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let token = try await fixture.accessToken(alice)
        _ = try await fixture.accounts.users.update(alice.number, UserChange(isEnabled: false), expected: nil, by: "test")
        try await fixture.run { (client) async throws in
            let reply = try await client.bearing(token).get("/api/token/")
            #expect(reply.status == 401 && reply.message == "用户已被封禁" && reply.json["code"]?.string == "AUTH_USER_DISABLED")
            #expect(try await client.bearing(token).post("/api/token/", "{}").success == false)
        }
        try await fixture.run(.document, { $0.legacyStatus = true }) { (client) async throws in
            let reply = try await client.bearing(token).with("Accept-Language: en").get("/api/token/")
            #expect(reply.status == 200 && reply.success == false && reply.message == "User has been banned")
        }
        #expect(fixture.everything.isEmpty)
    }

    @Test func unknownPathsHaveTheirShape() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let token = try await fixture.accessToken(alice)
        try await fixture.token(alice)
        try await fixture.run { (client) async throws in
            let before = fixture.everything
            let caller = client.bearing(token)
            for (method, path) in [
                ("GET", "/api/foo"), ("PATCH", "/api/token/"), ("DELETE", "/api/token/"), ("GET", "/api/token/1/key"), ("OPTIONS",
                    "/api/token/"),
                ("GET", "/api//token/"), ("GET", "//api/token/"), ("GET", "/api/token/;login"), ("GET", "/api/user/;login/self"),
                ("DELETE", "/api/user/../token/1"), ("DELETE", "/api/user/%2e%2e/token/1"), ("GET", "/API/token/"), ("GET",
                    "/api/%74oken/"), ("GET", "/"),
            ] {
                let reply = try await caller.send(method, path)
                // `;login` stands where an id stands: then it is no id.
                if path == "/api/token/;login" {
                    #expect(reply.status == 200 && reply.success == false)
                    continue
                }
                #expect(reply.status == 404, "\(method) \(path)")
                #expect(reply.json["error"]?["message"]?.string == "Invalid URL (\(method) \(path))")
                #expect(reply.json["error"]?["type"]?.string == "invalid_request_error" && reply.json["error"]?["code"]?.string == "")
            }
            #expect(fixture.everything == before)
        }
    }

    @Test func aLockedStoreIsNoReasonToLogInAgain() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let token = try await fixture.accessToken(alice)
        let made = try await fixture.token(alice)
        try await fixture.run { (client) async throws in
            fixture.store.lock()
            for (method, path) in Self.routes + [("POST", "/api/user/login"), ("GET", "/api/usage/token/"), ("GET", "/api/status"),
                ("GET", "/v1/models")] {
                let reply = try await client.bearing(token).send(method, path, "{}")
                #expect(reply.status == 503 && reply.text.header("Retry-After") == "5", "\(method) \(path)")
                #expect(path == "/v1/models" ? reply.json["error"]?["message"]?.string != nil : reply.success == false)
            }
            #expect(try await client.bearing(token).get("/api/token/").message == "获取Token列表失败")
            #expect(try await client.bearing(token).get("/api/token/search").message == "搜索Token失败")
            #expect(try await client.get("/api/foo").status == 404)
            try fixture.store.unlock(.keyFile(NewAPIFixture.key))
            #expect(try await client.bearing(token).get("/api/token/").items.first?["key"]?.string == made.key)
        }
    }
}
