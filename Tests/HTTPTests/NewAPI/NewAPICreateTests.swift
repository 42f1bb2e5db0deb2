import CofferAccounts
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPICreateTests {
    @Test(arguments: NewAPISettings.Profile.allCases)
    func creatingAnswersNothing(_ profile: NewAPISettings.Profile) async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let token = try await fixture.accessToken(alice)
        try await fixture.run(profile) { (client) async throws in
            let caller = client.bearing(token)
            let reply = try await caller.post(
                "/api/token/",
                #"""
                {"Name":"My API Token","expired_time":1640995200,"REMAIN_quota":1000000,"unlimited_quota":false,
                "model_limits_enabled":true,
                "model_limits":["gpt-3.5-turbo"," gpt-4 ","gpt-4",""],"allow_ips":"192.168.1.1,10.0.0.1","group":"vip","id":99,"user_id":5,
                "key":"mine","status":2,"used_quota":9,
                "created_time":1,"DeletedAt":"x","remain_amount":1.5,"tokenCount":3,"cross_group_retry":true}
                """#)
            #expect(reply.status == 200 && reply.body == #"{"success":true,"message":""}"#)
            #expect(try await caller.post("/api/token", "{} trailing").success == true)
            #expect(try await caller.post("/api/token", "null").success == true)
            let views = fixture.everything
            let (full, empty) = (try #require(views.first), views[1])
            #expect(full.key.owner == alice.number && full.key.status == .enabled && full.key.newapiID != 99 && full.state.used == 0)
            #expect(full.key.expires == 1_640_995_200 && full.state.remaining == 1_000_000 && !full.state.unlimited
                && full.key.models == ["gpt-3.5-turbo", "gpt-4"])
            #expect(full.key.addresses.ranges.count == 2 && full.key.group == "vip" && !full.key.crossGroupRetry)
            #expect(empty.key.name.text == "" && empty.key.expires == -1 && empty.state.remaining == 0 && !empty.state.unlimited
                && empty.key.addresses.isEmpty)
            // Zero means never; the past is taken as it is; nulls are absent.
            _ = try await caller.post("/api/token/",
                #"{"name":null,"expired_time":0,"model_limits":null,"allow_ips":null,"auto_groups":null}"#)
            _ = try await caller.post("/api/token/",
                #"{"expired_time":-7,"unlimited_quota":true,"remain_quota":-5,"allow_ips":["::1","10.0.0.0/8"]}"#)
            #expect(fixture.everything[3].key.expires == -1 && fixture.everything[4].key.expires == -7)
            // Names of fields match in any case; the last one counts, and null is none.
            _ = try await caller.post("/api/token/", #"{"name":"a","NAME":"b","Name":null,"name2":"c"}"#)
            #expect(fixture.everything[5].key.name.text == "b")
            #expect(fixture.everything[4].state.unlimited && fixture.everything[4].key.addresses.ranges.count == 2)
        }
    }

    /// Name, and whether each profile takes it.
    @Test(arguments: [
        ("x", 30, true, true), ("x", 31, false, true), ("x", 50, false, true), ("x", 51, false, false), ("测", 16, true, true), ("测", 17,
            true, false),
        ("测", 30, true, false), ("😀", 31, false, false), ("x", 1_000_000, false, false),
    ])
    func namesAreMeasuredByTheProfile(_ character: String, _ count: Int, _ document: Bool, _ current: Bool) async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "kept")
        let token = try await fixture.accessToken(alice)
        let name = String(repeating: character, count: count)
        for (profile, isTaken) in [(NewAPISettings.Profile.document, document), (.current, current)] {
            try await fixture.run(profile) { (client) async throws in
                let before = fixture.everything
                for body in ["{\"name\":\"\(name)\"}", "{\"id\":\(made.view.key.newapiID),\"name\":\"\(name)\"}"] {
                    let isUpdate = body.hasPrefix("{\"id")
                    let reply = try await client.bearing(token).send(isUpdate ? "PUT" : "POST", "/api/token/", body)
                    #expect(reply.success == isTaken)
                    if !isTaken { #expect(reply.message == "令牌名称过长" && fixture.everything == before) }
                }
                if !isTaken {
                    let english = try await client.bearing(token).with("Accept-Language: en").post("/api/token/", "{\"name\":\"\(name)\"}")
                    #expect(english.message == "Token name is too long")
                }
            }
        }
    }

    @Test func hostileBodiesChangeNothing() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "kept", unlimited: false) { $0.quota = 10 }
        let token = try await fixture.accessToken(alice)
        let id = made.view.key.newapiID
        let rest: [(String, String)] = [
            (#""name":1"#, "json: cannot unmarshal number into Go struct field Token.name of type string"),
            (#""name":["a"]"#, "json: cannot unmarshal array into Go struct field Token.name of type string"),
            (#""expired_time":"1""#, "json: cannot unmarshal string into Go struct field Token.expired_time of type int64"),
            (#""expired_time":1.5"#, "json: cannot unmarshal number 1.5 into Go struct field Token.expired_time of type int64"),
            (#""expired_time":9223372036854775808"#,
                "json: cannot unmarshal number 9223372036854775808 into Go struct field Token.expired_time of type int64"),
            (#""remain_quota":"NaN""#, "json: cannot unmarshal string into Go struct field Token.remain_quota of type int"),
            (#""remain_quota":NaN"#, "invalid character 'N' looking for beginning of value"),
            (#""remain_quota":1e3"#, "json: cannot unmarshal number 1e3 into Go struct field Token.remain_quota of type int"),
            (#""remain_quota":-1"#, "额度值不能为负数"), (#""remain_quota":-9223372036854775808"#, "额度值不能为负数"),
            (#""remain_quota":500000000000001"#, "额度值超出有效范围，最大值为 500000000000000"),
            (#""remain_quota":9223372036854775807"#, "额度值超出有效范围，最大值为 500000000000000"),
            (#""unlimited_quota":"true""#, "json: cannot unmarshal string into Go struct field Token.unlimited_quota of type bool"),
            (#""unlimited_quota":1"#, "json: cannot unmarshal number into Go struct field Token.unlimited_quota of type bool"),
            (#""model_limits":[1]"#, "json: cannot unmarshal number into Go struct field Token.model_limits of type string"),
            (#""model_limits":{}"#, "json: cannot unmarshal object into Go struct field Token.model_limits of type string"),
            (#""name":"a","name":7"#, "json: cannot unmarshal number into Go struct field Token.name of type string"),
            (#""name":"a"#, "unexpected EOF"), (#""name":"a\q"}"#, "invalid character 'q' in string escape code"),
        ]
        let addresses = ["1.2.3", "10.0.0.0/33", "192.168.1.110.0.0.1", "::g", "1.2.3.4/x", "localhost", "1.2.3.4,oops", "fe80::1%eth0",
            "010.0.0.1"]
        for profile in NewAPISettings.Profile.allCases {
            try await fixture.run(profile) { (client) async throws in
                let caller = client.bearing(token)
                let before = fixture.everything
                for (body, message) in rest {
                    let end = message == "unexpected EOF" || message.hasSuffix("escape code") ? "" : "}"
                    let created = try await caller.post("/api/token/", "{\(body)\(end)")
                    #expect(created.status == 200 && created.success == false && created.message == message, "\(body)")
                    let updated = try await caller.put("/api/token/", "{\"id\":\(id),\(body)\(end)")
                    #expect(updated.success == false && updated.message == message, "\(body)")
                }
                for address in addresses {
                    let created = try await caller.post("/api/token/", "{\"allow_ips\":\"\(address)\"}")
                    let updated = try await caller.put("/api/token/", "{\"id\":\(id),\"allow_ips\":[\"\(address)\"]}")
                    #expect(created.success == false && updated.success == false, "\(address)")
                    #expect(created.message?.hasPrefix(profile == .document ? "参数错误：" : "无效的参数：") == true)
                }
                for (body, message) in [
                    (nil, "EOF"), ("", "EOF"), ("{", "unexpected EOF"), ("x", "invalid character 'x' looking for beginning of value"),
                    ("[]", "json: cannot unmarshal array into Go value of type model.Token"), ("7",
                        "json: cannot unmarshal number into Go value of type model.Token"),
                    (String(repeating: "[", count: 70), "exceeded max depth"),
                ] {
                    let created = try await caller.post("/api/token/", body)
                    let updated = try await caller.put("/api/token/", body)
                    #expect(created.message == message && updated.message == message && created.success == false)
                }
                for name in [#"a\u0000b"#, #"a\u202eb"#, #"a\nb"#] {
                    #expect(try await caller.post("/api/token/", "{\"name\":\"\(name)\"}").success == false, "\(name)")
                }
                let long = "[" + (0..<1_025).map { "\"m\($0)\"" }.joined(separator: ",") + "]"
                #expect(try await caller.post("/api/token/", "{\"model_limits\":\(long)}").success == false)
                #expect(try await caller.post("/api/token/", "{\"group\":\"\(String(repeating: "g", count: 256))\"}").success == false)
                #expect(fixture.everything == before)
            }
        }
    }

    @Test func tokensLieInTheHomeTenant() async throws {
        let fixture = try NewAPIFixture()
        let tenant = try await fixture.accounts.tenants.create(name: DocumentName("second".utf8), allowsReveal: true, by: "test")
        let alice = try await fixture.user("alice")
        let carol = try await fixture.user("carol", home: tenant.number)
        let (first, second) = (try await fixture.accessToken(alice), try await fixture.accessToken(carol))
        try await fixture.run { (client) async throws in
            #expect(try await client.bearing(second).post("/api/token/", #"{"name":"c"}"#).success == true)
            let made = try #require(fixture.everything.first)
            #expect(made.key.tenant == tenant.number && made.key.owner == carol.number)
            #expect(try await client.bearing(second).get("/api/token/").names == ["c"])
            #expect(try await client.bearing(first).get("/api/token/").items.isEmpty)
            #expect(try await client.bearing(first).delete("/api/token/\(made.key.newapiID)").success == false)
        }
        #expect(fixture.everything.count == 1)
    }

    @Test func aUserHasSoManyTokens() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let (first, second) = (try await fixture.accessToken(alice), try await fixture.accessToken(bob))
        try await fixture.run(.document, { $0.maxTokens = 2 }) { (client) async throws in
            for _ in 0..<2 { #expect(try await client.bearing(first).post("/api/token/", "{}").success == true) }
            #expect(try await client.bearing(first).post("/api/token/", "{}").message == "已达到最大令牌数量限制 (2)")
            #expect(try await client.bearing(second).post("/api/token/", "{}").success == true)
            #expect(fixture.everything.count == 3)
        }
    }
}
