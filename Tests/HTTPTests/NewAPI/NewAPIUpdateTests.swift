import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

struct NewAPIUpdateTests {
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
            let masked = "\(made.key.prefix(4))**********\(made.key.suffix(4))"
            #expect(renamed.data?["key"]?.string == (profile == .document ? made.key : masked))
            var now = try #require(fixture.everything.first)
            #expect(now.key.expires == 1_800_000_000 && now.state.remaining == 100 && now.key.models == ["a", "b"]
                && now.key.modelLimitsEnabled)
            #expect(now.key.addresses.text == "10.0.0.1" && now.key.group == "vip" && !now.state.unlimited)

            // A page sends back what it was given, with what it makes of it.
            var fetched = try #require(try await caller.get("/api/token/\(id)").data?.object)
            fetched += [("remain_amount", .number("0.0002")), ("status", .integer(3)), ("key", .string("other")), ("used_quota",
                .integer(5))]
            let echoed = try await caller.put("/api/token/", String(decoding: JSONValue.object(fetched).encoded(), as: UTF8.self))
            #expect(echoed.success == true && echoed.data?["status"]?.integer == 1 && echoed.data?["used_quota"]?.integer == 0)

            let cleared = try await caller.put(
                "/api/token", """
                {"id":\(id),"expired_time":-1,"remain_quota":7,"model_limits_enabled":false,"model_limits":"","allow_ips":"","group":""}
                """)
            #expect(cleared.success == true && cleared.data?["allow_ips"]?.string == "" && cleared.data?["model_limits"]?.string == "")
            now = try #require(fixture.everything.first)
            #expect(now.key.expires == -1 && now.state.remaining == 7 && now.key.models.isEmpty && now.key.addresses.isEmpty
                && now.key.group == "")
            #expect(try await caller.put("/api/token/",
                "{\"id\":\(id),\"unlimited_quota\":true,\"remain_quota\":-9}").data?["unlimited_quota"]?.bool == true)
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
                    ("\(foreign)", "Token不存在", "record not found"), ("12345", "Token不存在", "record not found"), ("-3", "Token不存在",
                        "record not found"),
                    ("0", "参数错误", "id 或 userId 为空！"), ("null", "参数错误", "id 或 userId 为空！"),
                ] {
                    for query in ["", "?status_only=true"] {
                        let reply = try await client.bearing(token).put("/api/token/\(query)",
                            "{\"id\":\(id),\"name\":\"stolen\",\"status\":2}")
                        #expect(reply.status == 200 && reply.success == false
                            && reply.message == (profile == .document ? document : current))
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
                let reply = try await caller.put("/api/token/?status_only=\(query)",
                    "{\"id\":\(id),\"status\":\(status),\"name\":\"other\"}")
                #expect(reply.success == true && reply.data?["status"]?.integer == Int64(status) && reply.data?["name"]?.string == "n")
            }
            let before = fixture.everything
            for status in ["0", "3", "4", "99", "-1", "null", "9223372036854775807"] {
                let reply = try await caller.put("/api/token/?status_only=true", "{\"id\":\(id),\"status\":\(status)}")
                #expect(reply.success == false && reply.message == "参数错误", "\(status)")
            }
            #expect(try await caller.put("/api/token/?status_only=true", "{\"id\":\(id)}").success == false)
            #expect(fixture.everything == before)
            // A full update takes no status, and an empty status_only is none.
            for status in ["0", "99", "-1", "2"] {
                let reply = try await caller.put("/api/token/", "{\"id\":\(id),\"status\":\(status)}")
                #expect(reply.success == true && reply.data?["status"]?.integer == 1, "\(status)")
            }
            #expect(try await caller.put("/api/token/?status_only=",
                "{\"id\":\(id),\"status\":2,\"name\":\"m\"}").data?["status"]?.integer == 1)
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
            func create(_ rest: String) async throws -> NewAPIClient.Reply { try await caller.post("/api/token/",
                "{\"group\":\"auto\",\(rest)}") }
            let six = try await create(#""auto_groups":["a","b","c","d","e","default"]"#)
            #expect(six.message == "A token can select at most 5 Auto groups")
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
            #expect(own?["auto"]?["ratio"]?.string == "自动" && own?["default"]?["ratio"] == .number("1.5")
                && own?["a"]?["desc"]?.string == "a")
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
            for body in [nil, "", "{", "[]", "{}", "{\"ids\":[]}", "{\"ids\":null}", "{\"ids\":\"1\"}", "{\"ids\":[\"\(made[2])\"]}",
                "{\"ids\":[1.5]}", "{\"ids\":[9223372036854775808]}"] {
                let refused = try await caller.post("/api/token/batch", body)
                #expect(refused.status == 200 && refused.success == false && refused.message == "参数错误")
            }
            func many(_ count: Int64) -> String {
                "{\"ids\":[\(made[2])," + (2...count).map { String($0 + 100_000) }.joined(separator: ",") + "]}"
            }
            #expect(try await caller.post("/api/token/batch", many(10_001)).message == "参数错误")
            #expect(fixture.everything == before)
            #expect(try await caller.post("/api/token/batch/", many(10_000)).data?.integer == 1)
        }
        try await fixture.run(.current) { (client) async throws in
            #expect(try await client.bearing(token).post("/api/token/batch", "{}").message == "无效的参数")
            #expect(try await client.bearing(token).with("Accept-Language: en").post("/api/token/batch",
                "{}").message == "Invalid parameters")
            #expect(try await client.bearing(token).delete("/api/token/\(made[3])").success == true)
        }
    }
}
