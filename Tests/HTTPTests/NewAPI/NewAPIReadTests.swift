import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPIReadTests {
    private static let fields = [
        "id", "user_id", "key", "status", "name", "created_time", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
        "model_limits_enabled", "model_limits", "allow_ips", "used_quota", "group", "cross_group_retry", "DeletedAt", "auto_groups",
    ]

    @Test(arguments: NewAPISettings.Profile.allCases)
    func listsArePages(_ profile: NewAPISettings.Profile) async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        for number in 1...23 { try await fixture.token(alice, "a\(number)") }
        let other = try await fixture.token(bob, "b")
        // Keys of other forms belong to other doors.
        try await fixture.token(alice, "ragflow", form: .ragflow)
        let token = try await fixture.accessToken(alice)
        let standard: Int64 = profile == .document ? 20 : 10
        try await fixture.run(profile) { (client) async throws in
            let caller = client.bearing(token)
            let first = try await caller.get("/api/token/")
            #expect(first.status == 200 && first.success == true && first.message == "")
            #expect(first.data?.object?.map(\.0) == ["page", "page_size", "total", "items"])
            #expect(first.data?["page"]?.integer == 1 && first.data?["page_size"]?.integer == standard
                && first.data?["total"]?.integer == 23)
            #expect(first.names == (0..<Int(standard)).map { "a\(23 - $0)" })
            #expect(first.text.header("Content-Type") == "application/json; charset=utf-8"
                && first.text.header("Access-Control-Allow-Origin") == nil)

            let third = try await caller.get("/api/token?p=3&page_size=10")
            #expect(third.names == ["a3", "a2", "a1"] && third.data?["page"]?.integer == 3 && third.data?["page_size"]?.integer == 10)
            #expect(try await caller.get("/api/token/?p=2&ps=22").names == ["a1"])
            #expect(try await caller.get("/api/token/?p=0&size=1").data?["page"]?.integer == 1)
            let beyond = try await caller.get("/api/token/?p=99&size=10")
            #expect(beyond.items.isEmpty && beyond.body.contains("\"items\":[]") && beyond.data?["total"]?.integer == 23)
            // A negative size shows one, not all; a huge one 100.
            #expect(try await caller.get("/api/token/?p=-1&size=-1").items.count == 1)
            #expect(try await caller.get("/api/token/?size=99999").data?["page_size"]?.integer == 100)
            for query in ["p=9223372036854775808", "size=x&p=y", "p=9223372036854775807&size=100", "p[]=1", "%00=1&p=%zz"] {
                let reply = try await caller.get("/api/token/?\(query)")
                #expect(reply.status == 200 && reply.success == true && reply.data?["total"]?.integer == 23)
            }
            #expect(!first.text.contains(other.key))
        }
    }

    @Test func anObjectHasEveryField() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "测试 <n>", unlimited: false) { draft in
            draft.quota = 500_000
            draft.used = 7
            draft.expires = 1_800_000_000
            draft.modelLimitsEnabled = true
            draft.models = ["gpt-4", "o3"]
            draft.addresses = try AddressList("10.0.0.0/8,::1")
            draft.group = "vip"
        }
        let token = try await fixture.accessToken(alice)
        let seconds = Int64(fixture.clock.now / 1_000)
        try await fixture.run { (client) async throws in
            let object = try #require(try await client.bearing(token).get("/api/token/\(made.view.key.newapiID)").data)
            #expect(object.object?.map(\.0) == Self.fields)
            #expect(object["key"]?.string == made.key && made.key.count == 48 && made.key.allSatisfy { $0.isASCII
                && ($0.isLetter || $0.isNumber) })
            #expect(object["user_id"]?.integer == alice.newapiID && object["name"]?.string == "测试 <n>" && object["status"]?.integer == 1)
            #expect(object["created_time"]?.integer == seconds && object["accessed_time"]?.integer == seconds)
            #expect(object["expired_time"]?.integer == 1_800_000_000 && object["remain_quota"]?.integer == 500_000
                && object["used_quota"]?.integer == 7)
            #expect(object["model_limits"]?.string == "gpt-4,o3" && object["allow_ips"]?.string == "10.0.0.0/8,::1"
                && object["group"]?.string == "vip")
            #expect(object["unlimited_quota"]?.bool == false && object["DeletedAt"]?.isNull == true
                && object["auto_groups"]?.isNull == true)
        }
        try await fixture.run(.current) { (client) async throws in
            let reply = try await client.bearing(token).get("/api/token/\(made.view.key.newapiID)/")
            #expect(reply.data?["key"]?.string == "\(made.key.prefix(4))**********\(made.key.suffix(4))" && !reply.text.contains(made.key))
        }
    }

    @Test func whatIsNotOnesOwnIsNotThere() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let made = try await fixture.token(bob)
        let ragflow = try await fixture.token(alice, form: .ragflow)
        let token = try await fixture.accessToken(alice)
        let foreign = made.view.key.newapiID
        let expected: [(String, String)] = [
            ("\(foreign)", "record not found"), ("9223372036854775807", "record not found"), ("-1", "record not found"), ("0",
                "id 或 userId 为空！"),
            ("abc", "strconv.Atoi: parsing \"abc\": invalid syntax"), ("1.5", "strconv.Atoi: parsing \"1.5\": invalid syntax"),
            ("9223372036854775808", "strconv.Atoi: parsing \"9223372036854775808\": value out of range"),
        ]
        #expect(ragflow.view.key.newapiID == 0)
        for profile in NewAPISettings.Profile.allCases {
            try await fixture.run(profile) { (client) async throws in
                let caller = client.bearing(token)
                let before = fixture.everything
                for (id, message) in expected {
                    let shown = try await caller.get("/api/token/\(id)")
                    #expect(shown.status == 200 && shown.success == false
                        && shown.message == (profile == .document ? "Token不存在" : message), "\(id)")
                    let deleted = try await caller.delete("/api/token/\(id)/")
                    let isNumber = Int64(id) != nil
                    #expect(deleted.success == false
                        && deleted.message == (profile == .document ? "Token不存在" : isNumber ? message : "id 或 userId 为空！"))
                    let revealed = try await caller.post("/api/token/\(id)/key")
                    #expect(revealed.success == false && !(shown.text + deleted.text + revealed.text).contains(made.key))
                }
                let english = try await caller.with("Accept-Language: en-US").get("/api/token/\(foreign)")
                #expect(english.message == (profile == .document ? "Token does not exist" : "record not found"))
                #expect(fixture.everything == before)
            }
        }
    }

    @Test func keysAreShownOnDemandOnly() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let first = try await fixture.token(alice)
        let second = try await fixture.token(alice)
        let foreign = try await fixture.token(bob)
        let token = try await fixture.accessToken(alice)
        let ids = [first, second, foreign].map { $0.view.key.newapiID }
        try await fixture.run(.current) { (client) async throws in
            let caller = client.bearing(token)
            for path in ["/api/token/", "/api/token/search?p=1", "/api/token/search", "/api/token/\(ids[0])"] {
                #expect(!(try await caller.get(path)).text.contains(first.key), "\(path)")
            }
            let shown = try await caller.post("/api/token/\(ids[0])/key")
            #expect(shown.data?.object?.count == 1 && shown.data?["key"]?.string == first.key)
            #expect(shown.text.header("Cache-Control") == "no-store, no-cache, must-revalidate, private, max-age=0")
            #expect(shown.text.header("Pragma") == "no-cache" && shown.text.header("Expires") == "0")
            let batch = try await caller.post("/api/token/batch/keys", "{\"IDS\":[\(ids[2]),\(ids[1]),\(ids[0]),\(ids[0]),77]}")
            #expect(batch.data?["keys"]?.object?.map(\.0) == [String(ids[0]), String(ids[1])])
            #expect(batch.data?["keys"]?[String(ids[1])]?.string == second.key && !batch.text.contains(foreign.key))
            let many = (1...101).map { String($0) }.joined(separator: ",")
            #expect(try await caller.post("/api/token/batch/keys", "{\"ids\":[\(many)]}").message == "批量请求数量过多，最多 100 条")
            for body in [nil, "", "{}", "{\"ids\":[]}", "{\"ids\":[\"1\"]}", "{\"ids\":1}", "[1]"] {
                let reply = try await caller.with("Accept-Language: en").post("/api/token/batch/keys", body)
                #expect(reply.success == false && reply.message == "Invalid parameters")
            }
            #expect(!client.serverLog.all.joined().contains(first.key))

            // A tenant that keeps no readable forms.
            let main = try #require(fixture.accounts.tenants.find(.main))
            _ = try await fixture.accounts.tenants.update(main.number, name: nil, allowsReveal: false, expected: nil, by: "test")
            let refused = try await caller.post("/api/token/\(ids[0])/key")
            #expect(refused.success == false && refused.message == "该令牌的密钥不可查看")
            #expect(try await caller.post("/api/token/batch/keys", "{\"ids\":[\(ids[0])]}").data?["keys"]?.object?.isEmpty == true)
        }
        try await fixture.run(.document) { (client) async throws in
            let key = try await client.bearing(token).get("/api/token/\(ids[0])").data?["key"]?.string
            #expect(key == "\(first.key.prefix(4))**********\(first.key.suffix(4))")
        }
    }

    @Test func searchFindsPartsOfNamesAndKeys() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let one = try await fixture.token(alice, "My API token")
        let two = try await fixture.token(alice, "测试_api")
        try await fixture.token(alice, "other")
        let foreign = try await fixture.token(bob, "api of bob")
        let token = try await fixture.accessToken(alice)
        try await fixture.run(.document) { (client) async throws in
            let caller = client.bearing(token)
            func names(_ query: String) async throws -> [String] { try await caller.get("/api/token/search?\(query)").names }
            let found = try await caller.get("/api/token/search?keyword=api")
            // The document's array, in the order in which they were made.
            #expect(found.data?.array?.count == 2 && found.names == ["My API token", "测试_api"])
            #expect(found.items.first?["key"]?.string == one.key && !found.text.contains(foreign.key))
            #expect(try await names("") == ["My API token", "测试_api", "other"])
            #expect(try await names("keyword=测试") == ["测试_api"])
            #expect(try await names("keyword=%E6%B5%8B") == ["测试_api"])
            #expect(try await names("keyword=_api") == ["测试_api"])
            #expect(try await names("token=sk-\(one.key)") == ["My API token"])
            #expect(try await names("token=\(two.key)") == ["测试_api"])
            #expect(try await names("token=sk-\(one.key.dropFirst(9).prefix(20))") == ["My API token"])
            #expect(try await names("keyword=other&token=\(one.key)").isEmpty)
            #expect(try await names("token=sk-\(foreign.key)").isEmpty)
            #expect(try await names("token=\(String(repeating: "a", count: 4_000))").isEmpty)
            // Who speaks of pages gets pages, the newest first.
            let page = try await caller.get("/api/token/search?keyword=api&p=1&size=1")
            #expect(page.data?["total"]?.integer == 2 && page.data?["page_size"]?.integer == 1 && page.names == ["测试_api"])
            #expect(try await names("keyword=my%25") == ["My API token"])
            #expect(try await names("keyword=%25token") == ["My API token"])
            #expect(try await caller.get("/api/token/search?keyword=%25%25").message == "搜索Token失败")
        }
        try await fixture.run(.current) { (client) async throws in
            let caller = client.bearing(token)
            let found = try await caller.get("/api/token/search?keyword=API")
            #expect(found.data?["page_size"]?.integer == 10 && found.names == ["测试_api", "My API token"] && !found.text.contains(one.key))
            for (pattern, message) in [
                ("%25%25", "搜索模式中不允许包含连续的 % 通配符"), ("%25aa%25b%25", "搜索模式中最多允许包含 2 个 % 通配符"), ("%25a", "使用模糊搜索时，关键词长度至少为 2 个字符"),
            ] {
                let reply = try await caller.get("/api/token/search?keyword=\(pattern)")
                #expect(reply.status == 200 && reply.success == false && reply.message == message)
            }
        }
        try await fixture.run(.current, { $0.maxTokens = 2 }) { (client) async throws in
            let reply = try await client.bearing(token).get("/api/token/search?keyword=ap%25")
            #expect(reply.message == "令牌数量超过上限，仅允许精确搜索，请勿使用 % 通配符")
            #expect(try await client.bearing(token).get("/api/token/search?keyword=ap").success == true)
        }
    }

    @Test func limitsAnswerWithoutABody() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let made = try await fixture.token(alice)
        let (first, second) = (try await fixture.accessToken(alice), try await fixture.accessToken(bob))
        try await fixture.run(.current, { $0.rateLimits = true }) { (client) async throws in
            for _ in 0..<10 { #expect(try await client.bearing(first).get("/api/token/search").status == 200) }
            let refused = try await client.bearing(first).get("/api/token/search")
            #expect(refused.status == 429 && refused.body.isEmpty && refused.text.header("Retry-After") == "60")
            #expect(try await client.bearing(second).get("/api/token/search").status == 200)
            fixture.clock.advance(60_000)
            #expect(try await client.bearing(first).get("/api/token/search").status == 200)
            // All critical routes count together, by address.
            for _ in 0..<10 { #expect(try await client.bearing(first).post("/api/token/\(made.view.key.newapiID)/key").status == 200) }
            for _ in 0..<10 { #expect(try await client.bearing(made.key).get("/api/usage/token").status == 200) }
            #expect(try await client.bearing(first).post("/api/token/\(made.view.key.newapiID)/key").status == 429)
            #expect(try await client.login("alice").status == 429)
            fixture.clock.advance(1_200_000)
            #expect(try await client.login("alice").success == true)
        }
    }
}
