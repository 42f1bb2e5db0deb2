import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPIKeyTests {
    @Test func aKeyReadsItsOwnUsage() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "n", unlimited: false) { draft in
            draft.quota = 987_655
            draft.used = 12_345
            draft.modelLimitsEnabled = true
            draft.models = ["gpt-4o"]
        }
        try await fixture.run { (client) async throws in
            let reply = try await client.bearing("sk-\(made.key)").get("/api/usage/token/")
            #expect(reply.status == 200 && reply.json["code"]?.bool == true && reply.json["message"]?.string == "ok"
                && reply.success == nil)
            let data = try #require(reply.data)
            #expect(data["object"]?.string == "token_usage" && data["name"]?.string == "n" && data["total_granted"]?.integer == 1_000_000)
            #expect(data["total_used"]?.integer == 12_345 && data["total_available"]?.integer == 987_655
                && data["unlimited_quota"]?.bool == false)
            #expect(data["model_limits"]?["gpt-4o"]?.bool == true && data["model_limits_enabled"]?.bool == true
                && data["expires_at"]?.integer == 0)
            #expect(reply.text.header("Access-Control-Allow-Origin") == "*" && reply.text.header("Access-Control-Allow-Credentials") == nil)
            #expect(try await client.bearing(made.key).get("/api/usage/token").status == 200)

            let missing = try await client.get("/api/usage/token/")
            #expect(missing.status == 401 && missing.success == false && missing.message == "未提供令牌"
                && missing.text.header("Access-Control-Allow-Origin") == "*")
            #expect(try await client.with("Authorization: sk-\(made.key)").get("/api/usage/token/").message == "Invalid Bearer token")
            for header in ["Authorization: Basic \(made.key)", "Authorization: Bearer sk-\(made.key.dropLast())",
                "Authorization: Bearer sk-"] {
                let reply = try await client.with(header, "Accept-Language: en").get("/api/usage/token/")
                #expect(reply.status == 401 && reply.message == "Invalid token")
            }
            let preflight = try await client.with("Origin: https://x.example").send("OPTIONS", "/api/usage/token/")
            #expect(preflight.status == 204 && preflight.text.header("Access-Control-Allow-Origin") == "*")
            #expect(preflight.text.header("Access-Control-Allow-Headers")?.contains("Authorization") == true)
        }
    }

    @Test func whatIsWrongWithAKeyIsToldOnlyAtTheRightAddress() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let elsewhere = try await fixture.token(alice) {
            $0.addresses = try AddressList("10.1.2.3")
            $0.status = .disabled
        }.key
        let disabled = try await fixture.token(alice) { $0.status = .disabled }.key
        let expired = try await fixture.token(alice) { $0.expires = 1 }.key
        let exhausted = try await fixture.token(alice, unlimited: false).key
        let banned = try await fixture.token(bob).key
        let ragflow = try await fixture.token(alice, form: .ragflow).key
        _ = try await fixture.accounts.users.update(bob.number, UserChange(isEnabled: false), expected: nil, by: "test")
        try await fixture.run { (client) async throws in
            let before = fixture.everything
            for (key, status, message) in [
                (elsewhere, 403, "您的 IP 不在令牌允许访问的列表中"), (disabled, 401, "该令牌状态不可用"), (banned, 403, "用户已被封禁"), (ragflow, 401, "无效的令牌"),
            ] {
                for path in ["/api/usage/token/", "/api/log/token"] {
                    let reply = try await client.bearing(key).get(path)
                    #expect(reply.status == status && reply.success == false && reply.message == message)
                }
            }
            for key in [expired, exhausted] { #expect(try await client.bearing(key).get("/api/usage/token/").status == 200) }
            #expect(fixture.everything == before)

            // The gateway tells less: a key that is dead is unknown.
            for (key, status, text) in [
                (elsewhere, 403, "您的 IP 不在令牌允许访问的列表中"), (disabled, 401, "无效的令牌"), (expired, 401, "无效的令牌"), (exhausted, 401, "无效的令牌"),
                (banned, 403, "用户已被封禁"), (ragflow, 401, "无效的令牌"), ("nothing", 401, "无效的令牌"),
            ] {
                for path in ["/v1/models", "/v1/dashboard/billing/subscription", "/dashboard/billing/usage"] {
                    let reply = try await client.bearing(key).get(path)
                    #expect(reply.status == status && reply.json["error"]?["type"]?.string == "new_api_error")
                    #expect(reply.json["error"]?["message"]?.string?.hasPrefix("\(text) (request id: ") == true
                        && !reply.text.contains(key))
                }
            }
            #expect(try await client.get("/v1/models").json["error"]?["message"]?.string?.hasPrefix("未提供令牌") == true)
        }
        try await fixture.run(.current) { (client) async throws in
            #expect(try await client.get("/v1/models").json["error"]?["message"]?.string?.hasPrefix("无效的令牌") == true)
        }
    }

    @Test func groupsThatDoNotExistAreRefused() async throws {
        let fixture = try NewAPIFixture(groups: ["default"])
        let alice = try await fixture.user("alice")
        let key = try await fixture.token(alice) { $0.group = "gone" }.key
        try await fixture.run { (client) async throws in
            let reply = try await client.bearing(key).get("/v1/models")
            #expect(reply.status == 403 && reply.json["error"]?["message"]?.string?.hasPrefix("无权访问 gone 分组") == true)
        }
    }

    @Test func billingAndModels() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let limited = try await fixture.token(alice, unlimited: false) { draft in
            draft.quota = 750_000
            draft.used = 250_000
            draft.expires = 1_900_000_000
            draft.modelLimitsEnabled = true
            draft.models = ["b", "unknown"]
        }.key
        let unlimited = try await fixture.token(alice).key
        try await fixture.run(.document, { $0.models = ["a", "b"] }) { (client) async throws in
            for path in ["/v1/dashboard/billing/subscription", "/dashboard/billing/subscription/"] {
                let reply = try await client.bearing("sk-\(limited)").get(path)
                #expect(reply.status == 200 && reply.json["object"]?.string == "billing_subscription"
                    && reply.json["has_payment_method"]?.bool == true)
                for field in ["soft_limit_usd", "hard_limit_usd", "system_hard_limit_usd"] { #expect(reply.json[field]?.integer == 2) }
                #expect(reply.json["access_until"]?.integer == 1_900_000_000)
            }
            let endless = try await client.bearing(unlimited).get("/v1/dashboard/billing/subscription")
            #expect(endless.json["hard_limit_usd"]?.integer == 100_000_000 && endless.json["access_until"]?.integer == 0)
            let usage = try await client.bearing(limited).get("/v1/dashboard/billing/usage?start_date=2024-01-01&end_date=x")
            #expect(usage.json["object"]?.string == "list" && usage.json["total_usage"]?.integer == 50)
            func models(_ client: NewAPIClient) async throws -> [String] {
                try await client.get("/v1/models").data?.array?.compactMap { $0["id"]?.string } ?? []
            }
            #expect(try await models(client.bearing(unlimited)) == ["a", "b"])
            #expect(try await models(client.bearing(limited)) == ["b"])
            #expect(try await models(client.with("x-api-key: sk-\(limited)")) == ["b"])
            #expect(try await models(client.with("mj-api-secret: \(limited)")) == ["b"])
            #expect(try await models(client.bearing("midjourney-proxy").with("mj-api-secret: \(limited)")) == ["b"])
            let object = try await client.bearing(unlimited).get("/v1/models").json
            #expect(object["object"]?.string == "list" && object["data"]?.array?.first?["object"]?.string == "model")
        }
    }

    @Test func theLogHasWhatWasSettled() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "n", unlimited: false) { $0.quota = 1_000 }
        let service = fixture.accounts.apiKeys
        for (number, model) in [(1, "first"), (2, "second")] {
            let id = Array("request-\(number)".utf8)
            fixture.clock.advance(1_000)
            let time = fixture.clock.now
            _ = await withCheckedContinuation { continuation in
                Array(made.key.utf8).withUnsafeBytes { key in
                    Array(model.utf8).withUnsafeBytes { model in
                        service.reserve(
                            key: key, address: nil, model: model, amount: 10, requestID: id, lifetime: 60_000, by: "test",
                            mayReserve: { _, _ in true }
                        ) { continuation.resume(returning: $0) }
                    }
                }
            }
            let line = UsageLine(time: time, amount: 7, requestID: "request-\(number)", model: model, inputTokens: 3, outputTokens: 4)
            let settled = await withCheckedContinuation { continuation in
                service.settle(made.view.key.number, requestID: id, amount: 7, line: line,
                    by: "test") { continuation.resume(returning: $0) }
            }
            #expect(try settled.get().charged == 7)
        }
        try await fixture.run { (client) async throws in
            let reply = try await client.bearing("sk-\(made.key)").get("/api/log/token")
            let lines = try #require(reply.data?.array)
            #expect(reply.success == true && lines.compactMap { $0["model_name"]?.string } == ["second", "first"])
            let line = lines[0]
            #expect(line["quota"]?.integer == 7 && line["prompt_tokens"]?.integer == 3 && line["completion_tokens"]?.integer == 4
                && line["type"]?.integer == 2)
            #expect(line["created_at"]?.integer == Int64(fixture.clock.now / 1_000) && line["token_name"]?.string == "n"
                && line["username"]?.string == "alice")
            // A key in the address is not read.
            let query = try await client.get("/api/log/token?key=sk-\(made.key)")
            #expect(query.status == 401 && query.message == "未提供令牌")
            #expect(!client.serverLog.all.joined().contains(made.key))
        }
    }

    @Test func pagesLearnAboutUserAndDoor() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        try await fixture.token(alice, unlimited: false) { $0.used = 41 }
        try await fixture.token(alice, unlimited: false) { $0.used = 1 }
        let token = try await fixture.accessToken(alice)
        try await fixture.run(.document, { settings in
            settings.models = ["a", "b"]
            settings.systemName = "Tokens"
        }) { (client) async throws in
            let caller = client.bearing(token)
            let user = try await caller.get("/api/user/self").data
            #expect(user?["quota"]?.integer == 50_000_000_000_000 && user?["used_quota"]?.integer == 42
                && user?["group"]?.string == "default")
            try await fixture.accounts.apiKeys.setWallet(of: alice.number, units: 77, by: "test")
            #expect(try await caller.get("/api/user/self/").data?["quota"]?.integer == 77)
            #expect(try await caller.get("/api/user/models").data == .strings(["a", "b"]))
            #expect(try await caller.get("/api/user/self/groups").data?["default"]?["ratio"]?.integer == 1)

            let status = try await client.get("/api/status").data
            #expect(status?["quota_per_unit"]?.integer == 500_000 && status?["price"] == .number("7.3")
                && status?["system_name"]?.string == "Tokens")
            #expect(status?["version"]?.string == "v0-test" && status?["start_time"]?.integer == Int64(fixture.clock.now / 1_000))
            for (field, value) in [("quota_per_unit", "1000"), ("price", "2"), ("system_name", "Stored"), ("server_address",
                "https://t.example")] {
                try await fixture.accounts.doors.set("newapi", field, SecretBuffer(Array(value.utf8)), allowSample: false, by: "test")
            }
            let changed = try await client.get("/api/status/").data
            #expect(changed?["quota_per_unit"]?.integer == 1_000 && changed?["price"]?.integer == 2
                && changed?["system_name"]?.string == "Stored")
            #expect(changed?["server_address"]?.string == "https://t.example")
        }
    }

    @Test func refusalsOfTheServerHaveTheDoorsShape() async throws {
        let fixture = try NewAPIFixture()
        let door = fixture.door(NewAPISettings())
        func json(_ reply: HTTPReply) -> JSONValue { (try? JSONValue.parse(reply.body)) ?? .null }
        let draining = door.refusal(.draining, method: "GET", path: "/api/token/")
        #expect(draining.status == 503 && json(draining)["success"]?.bool == false
            && draining.headers.contains { $0.name == "Retry-After" && $0.value == "5" })
        let large = door.refusal(.bodyTooLarge(limit: 9), method: "POST", path: "/v1/models")
        #expect(large.status == 413 && json(large)["error"]?["message"]?.string == "the body is longer than 9 bytes")
        try await fixture.run { (client) async throws in
            let reply = try await client.post("/api/token/", String(repeating: " ", count: 1 << 20) + " ")
            #expect(reply.status == 413 && reply.success == false)
        }
    }
}
