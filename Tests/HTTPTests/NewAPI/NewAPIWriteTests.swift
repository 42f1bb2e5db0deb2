import CofferAccounts
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPIWriteTests {
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
                {"Name":"My API Token","expired_time":1640995200,"REMAIN_quota":1000000,"unlimited_quota":false,"model_limits_enabled":true,
                "model_limits":["gpt-3.5-turbo"," gpt-4 ","gpt-4",""],"allow_ips":"192.168.1.1,10.0.0.1","group":"vip","id":99,"user_id":5,
                "key":"mine","status":2,"used_quota":9,"created_time":1,"DeletedAt":"x","remain_amount":1.5,"tokenCount":3,"cross_group_retry":true}
                """#)
            #expect(reply.status == 200 && reply.body == #"{"success":true,"message":""}"#)
            #expect(try await caller.post("/api/token", "{} trailing").success == true)
            #expect(try await caller.post("/api/token", "null").success == true)
            let views = fixture.everything
            let (full, empty) = (try #require(views.first), views[1])
            #expect(full.key.owner == alice.number && full.key.status == .enabled && full.key.newapiID != 99 && full.state.used == 0)
            #expect(full.key.expires == 1_640_995_200 && full.state.remaining == 1_000_000 && !full.state.unlimited && full.key.models == ["gpt-3.5-turbo", "gpt-4"])
            #expect(full.key.addresses.ranges.count == 2 && full.key.group == "vip" && !full.key.crossGroupRetry)
            #expect(empty.key.name.text == "" && empty.key.expires == -1 && empty.state.remaining == 0 && !empty.state.unlimited && empty.key.addresses.isEmpty)
            // Zero means never; the past is taken as it is; nulls are absent.
            _ = try await caller.post("/api/token/", #"{"name":null,"expired_time":0,"model_limits":null,"allow_ips":null,"auto_groups":null}"#)
            _ = try await caller.post("/api/token/", #"{"expired_time":-7,"unlimited_quota":true,"remain_quota":-5,"allow_ips":["::1","10.0.0.0/8"]}"#)
            #expect(fixture.everything[3].key.expires == -1 && fixture.everything[4].key.expires == -7)
            #expect(fixture.everything[4].state.unlimited && fixture.everything[4].key.addresses.ranges.count == 2)
        }
    }

    /// Name, and whether each profile takes it.
    @Test(arguments: [
        ("x", 30, true, true), ("x", 31, false, true), ("x", 50, false, true), ("x", 51, false, false), ("测", 16, true, true), ("测", 17, true, false),
        ("测", 30, true, false), ("😀", 31, false, false), ("x", 600_000, false, false),
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
            (#""name":1"#, "json: cannot unmarshal number 1 into Go struct field Token.name of type string"),
            (#""name":["a"]"#, "json: cannot unmarshal array into Go struct field Token.name of type string"),
            (#""expired_time":"1""#, "json: cannot unmarshal string into Go struct field Token.expired_time of type int64"),
            (#""expired_time":1.5"#, "json: cannot unmarshal number 1.5 into Go struct field Token.expired_time of type int64"),
            (#""expired_time":9223372036854775808"#, "json: cannot unmarshal number 9223372036854775808 into Go struct field Token.expired_time of type int64"),
            (#""remain_quota":"NaN""#, "json: cannot unmarshal string into Go struct field Token.remain_quota of type int"),
            (#""remain_quota":NaN"#, "invalid character 'N' looking for beginning of value"),
            (#""remain_quota":1e3"#, "json: cannot unmarshal number 1e3 into Go struct field Token.remain_quota of type int"),
            (#""remain_quota":-1"#, "额度值不能为负数"), (#""remain_quota":-9223372036854775808"#, "额度值不能为负数"),
            (#""remain_quota":500000000000001"#, "额度值超出有效范围，最大值为 500000000000000"),
            (#""remain_quota":9223372036854775807"#, "额度值超出有效范围，最大值为 500000000000000"),
            (#""unlimited_quota":"true""#, "json: cannot unmarshal string into Go struct field Token.unlimited_quota of type bool"),
            (#""unlimited_quota":1"#, "json: cannot unmarshal number 1 into Go struct field Token.unlimited_quota of type bool"),
            (#""model_limits":[1]"#, "json: cannot unmarshal number 1 into Go struct field Token.model_limits of type string"),
            (#""model_limits":{}"#, "json: cannot unmarshal object into Go struct field Token.model_limits of type string"),
            (#""name":"a","name":7"#, "json: cannot unmarshal number 7 into Go struct field Token.name of type string"),
            (#""name":"a"#, "unexpected EOF"), (#""name":"a\q"}"#, "invalid character 'q' in string escape code"),
        ]
        let addresses = ["1.2.3", "10.0.0.0/33", "192.168.1.110.0.0.1", "::g", "1.2.3.4/x", "localhost", "1.2.3.4,oops", "fe80::1%eth0", "010.0.0.1"]
        for profile in NewAPISettings.Profile.allCases {
            try await fixture.run(profile) { (client) async throws in
                let caller = client.bearing(token)
                let before = fixture.everything
                for (body, message) in rest {
                    let end = body.hasSuffix("}") || message == "unexpected EOF" ? "" : "}"
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
                    ("[]", "json: cannot unmarshal array into Go value of type model.Token"), ("7", "json: cannot unmarshal number into Go value of type model.Token"),
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

    @Test(arguments: NewAPISettings.Profile.allCases)
    func anUpdateKeepsWhatItDoesNotName(_ profile: NewAPISettings.Profile) async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "before", unlimited: false) { draft in
            draft.quota = 100
            draft.expires = 1_800_000_000
            draft.modelLimitsEnabled = true
            draft.models = ["a", "b"]
            draft.addresses = try AddressList("10.0.0.1")
            draft.group = "vip"
        }
        let token = try await fixture.accessToken(alice)
        let id = made.view.key.newapiID
        try await fixture.run(profile) { (client) async throws in
            let caller = client.bearing(token)
            let renamed = try await caller.put("/api/token/", "{\"id\":\(id),\"name\":\"after\"}")
            #expect(renamed.success == true && renamed.data?["name"]?.string == "after" && renamed.data?["id"]?.integer == id)
            #expect(renamed.data?["key"]?.string == (profile == .document ? made.key : "\(made.key.prefix(4))**********\(made.key.suffix(4))"))
            var now = try #require(fixture.everything.first)
            #expect(now.key.expires == 1_800_000_000 && now.state.remaining == 100 && now.key.models == ["a", "b"] && now.key.modelLimitsEnabled)
            #expect(now.key.addresses.text == "10.0.0.1" && now.key.group == "vip" && !now.state.unlimited)

            // A page sends back what it was given, with what it makes of it.
            var fetched = try #require(try await caller.get("/api/token/\(id)").data?.object)
            fetched += [("remain_amount", .number("0.0002")), ("status", .integer(3)), ("key", .string("other")), ("used_quota", .integer(5))]
            let echoed = try await caller.put("/api/token/", String(decoding: JSONValue.object(fetched).encoded(), as: UTF8.self))
            #expect(echoed.success == true && echoed.data?["status"]?.integer == 1 && echoed.data?["used_quota"]?.integer == 0)

            let cleared = try await caller.put(
                "/api/token", "{\"id\":\(id),\"expired_time\":-1,\"remain_quota\":7,\"model_limits_enabled\":false,\"model_limits\":\"\",\"allow_ips\":\"\",\"group\":\"\"}")
            #expect(cleared.success == true && cleared.data?["allow_ips"]?.string == "" && cleared.data?["model_limits"]?.string == "")
            now = try #require(fixture.everything.first)
            #expect(now.key.expires == -1 && now.state.remaining == 7 && now.key.models.isEmpty && now.key.addresses.isEmpty && now.key.group == "")
            #expect(try await caller.put("/api/token/", "{\"id\":\(id),\"unlimited_quota\":true,\"remain_quota\":-9}").data?["unlimited_quota"]?.bool == true)
            #expect(fixture.everything.first?.state.remaining == 7)
        }
    }

    @Test func onlyOnesOwnTokensAreUpdated() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        let foreign = try await fixture.token(bob).view.key.newapiID
        let token = try await fixture.accessToken(alice)
        for profile in NewAPISettings.Profile.allCases {
            try await fixture.run(profile) { (client) async throws in
                let before = fixture.everything
                for (id, document, current) in [
                    ("\(foreign)", "Token不存在", "record not found"), ("12345", "Token不存在", "record not found"), ("-3", "Token不存在", "record not found"),
                    ("0", "参数错误", "id 或 userId 为空！"), ("null", "参数错误", "id 或 userId 为空！"),
                ] {
                    for query in ["", "?status_only=true"] {
                        let reply = try await client.bearing(token).put("/api/token/\(query)", "{\"id\":\(id),\"name\":\"stolen\",\"status\":2}")
                        #expect(reply.status == 200 && reply.success == false && reply.message == (profile == .document ? document : current))
                    }
                }
                #expect(fixture.everything == before)
            }
        }
    }

    @Test func theStatusAloneChangesAlone() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let made = try await fixture.token(alice, "n")
        let token = try await fixture.accessToken(alice)
        let id = made.view.key.newapiID
        try await fixture.run { (client) async throws in
            let caller = client.bearing(token)
            for (query, status) in [("true", 2), ("1", 1), ("false", 2), ("0", 1)] {
                let reply = try await caller.put("/api/token/?status_only=\(query)", "{\"id\":\(id),\"status\":\(status),\"name\":\"other\"}")
                #expect(reply.success == true && reply.data?["status"]?.integer == Int64(status) && reply.data?["name"]?.string == "n")
            }
            let before = fixture.everything
            for status in ["0", "3", "4", "99", "-1", "null", "9223372036854775807"] {
                let reply = try await caller.put("/api/token/?status_only=true", "{\"id\":\(id),\"status\":\(status)}")
                #expect(reply.success == false && reply.message == "参数错误", "\(status)")
            }
            #expect(try await caller.put("/api/token/?status_only=true", "{\"id\":\(id)}").success == false)
            for status in ["0", "99", "-1"] { #expect(try await caller.put("/api/token/", "{\"id\":\(id),\"status\":\(status)}").success == false) }
            #expect(fixture.everything == before)
            // A full update takes no status, and an empty status_only is none.
            #expect(try await caller.put("/api/token/?status_only=", "{\"id\":\(id),\"status\":2,\"name\":\"m\"}").data?["status"]?.integer == 1)
            #expect(fixture.everything.first?.key.name.text == "m")
        }
    }

    @Test func enablingLooksAtWhatIsStored() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let past = Int64(fixture.clock.now / 1_000) - 10
        let expired = try await fixture.token(alice, "e") {
            $0.expires = past
            $0.status = .expired
        }.view.key.newapiID
        let exhausted = try await fixture.token(alice, "q", unlimited: false) { $0.status = .exhausted }.view.key.newapiID
        let token = try await fixture.accessToken(alice)
        try await fixture.run { (client) async throws in
            let caller = client.bearing(token)
            let before = fixture.everything
            for path in ["/api/token/", "/api/token/?status_only=true"] {
                let first = try await caller.put(path, "{\"id\":\(expired),\"status\":1,\"expired_time\":-1}")
                #expect(first.success == false && first.message == "令牌已过期，无法启用，请先修改令牌过期时间，或者设置为永不过期")
                let second = try await caller.put(path, "{\"id\":\(exhausted),\"status\":1,\"remain_quota\":5}")
                #expect(second.success == false && second.message == "令牌可用额度已用尽，无法启用，请先修改令牌剩余额度，或者设置为无限额度")
                let english = try await caller.with("Accept-Language: en").put(path, "{\"id\":\(expired),\"status\":1}")
                #expect(english.message?.hasPrefix("Token has expired and cannot be enabled.") == true)
            }
            #expect(fixture.everything == before)
            // In two calls it comes back.
            #expect(try await caller.put("/api/token/", "{\"id\":\(expired),\"expired_time\":-1}").data?["status"]?.integer == 3)
            #expect(try await caller.put("/api/token/?status_only=true", "{\"id\":\(expired),\"status\":1}").data?["status"]?.integer == 1)
            #expect(try await caller.put("/api/token/", "{\"id\":\(exhausted),\"remain_quota\":5}").data?["status"]?.integer == 4)
            #expect(try await caller.put("/api/token/?status_only=1", "{\"id\":\(exhausted),\"status\":1}").data?["status"]?.integer == 1)
        }
    }

    @Test func automaticGroupsAreChecked() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let token = try await fixture.accessToken(alice)
        let groups = ["auto", "default", "a", "b", "c", "d", "e"].map { (name: $0, ratio: 1.5, description: $0) }
        try await fixture.run(.current, { $0.groups = groups }) { (client) async throws in
            let caller = client.bearing(token).with("Accept-Language: en")
            func create(_ rest: String) async throws -> NewAPIClient.Reply { try await caller.post("/api/token/", "{\"group\":\"auto\",\(rest)}") }
            #expect(try await create(#""auto_groups":["a","b","c","d","e","default"]"#).message == "A token can select at most 5 Auto groups")
            #expect(try await create(#""auto_groups":["a","a"]"#).message == "Auto group a is duplicated")
            #expect(try await create(#""auto_groups":["zzz"]"#).message == "Auto group zzz is unavailable or unauthorized")
            #expect(try await create(#""auto_groups":["auto"]"#).message == "Auto group auto is unavailable or unauthorized")
            #expect(try await create(#""auto_groups":"a""#).success == false)
            #expect(fixture.everything.isEmpty)
            #expect(try await create(#""auto_groups":["a","b"],"cross_group_retry":true"#).success == true)
            let id = try #require(fixture.everything.first).key.newapiID
            let shown = try await caller.get("/api/token/\(id)").data
            #expect(shown?["auto_groups"] == .strings(["a", "b"]) && shown?["cross_group_retry"]?.bool == true)
            let moved = try await caller.put("/api/token/", "{\"id\":\(id),\"group\":\"a\"}").data
            #expect(moved?["auto_groups"]?.isNull == true && moved?["cross_group_retry"]?.bool == false)
            let listed = try await caller.get("/api/token/auto-groups").data
            #expect(listed?["groups"] == .strings(["default", "a", "b", "c", "d", "e"]) && listed?["max_count"]?.integer == 5)
            let own = try await caller.get("/api/user/self/groups").data
            #expect(own?["auto"]?["ratio"]?.string == "自动" && own?["default"]?["ratio"] == .number("1.5") && own?["a"]?["desc"]?.string == "a")
        }
    }

    @Test func deletesTakeOnlyOnesOwn() async throws {
        let fixture = try NewAPIFixture()
        let alice = try await fixture.user("alice")
        let bob = try await fixture.user("bob")
        var ids: [Int64] = []
        for _ in 0..<4 { ids.append(try await fixture.token(alice).view.key.newapiID) }
        let foreign = try await fixture.token(bob).view.key.newapiID
        let token = try await fixture.accessToken(alice)
        let made = ids
        try await fixture.run { (client) async throws in
            let caller = client.bearing(token)
            let reply = try await caller.delete("/api/token/\(made[0])/")
            #expect(reply.status == 200 && reply.body == #"{"success":true,"message":""}"#)
            #expect(try await caller.delete("/api/token/\(made[0])").message == "Token不存在")
            let batch = try await caller.post("/api/token/batch", "{\"ids\":[\(made[1]),\(made[1]),\(foreign),\(made[0]),999,-1,0]}")
            #expect(batch.success == true && batch.data?.integer == 1)
            #expect(try await caller.post("/api/token/batch", "{\"ids\":[\(foreign)]}").data?.integer == 0)
            let before = fixture.everything
            #expect(before.count == 3)
            for body in [nil, "", "{", "[]", "{}", "{\"ids\":[]}", "{\"ids\":null}", "{\"ids\":\"1\"}", "{\"ids\":[\"\(made[2])\"]}", "{\"ids\":[1.5]}", "{\"ids\":[9223372036854775808]}"] {
                let refused = try await caller.post("/api/token/batch", body)
                #expect(refused.status == 200 && refused.success == false && refused.message == "参数错误")
            }
            func many(_ count: Int64) -> String { "{\"ids\":[\(made[2])," + (2...count).map { String($0 + 100_000) }.joined(separator: ",") + "]}" }
            #expect(try await caller.post("/api/token/batch", many(10_001)).message == "参数错误")
            #expect(fixture.everything == before)
            #expect(try await caller.post("/api/token/batch/", many(10_000)).data?.integer == 1)
        }
        try await fixture.run(.current) { (client) async throws in
            #expect(try await client.bearing(token).post("/api/token/batch", "{}").message == "无效的参数")
            #expect(try await client.bearing(token).with("Accept-Language: en").post("/api/token/batch", "{}").message == "Invalid parameters")
            #expect(try await client.bearing(token).delete("/api/token/\(made[3])").success == true)
        }
    }
}
