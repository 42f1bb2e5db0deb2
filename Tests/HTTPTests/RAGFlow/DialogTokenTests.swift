import CofferJSON
import Testing

@testable import CofferHTTP

/// The routes of v0.24 and before (compat/ragflow.md 1.6).
@Suite struct DialogTokenTests {
    @Test func keysOfDialogsAndAgents() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        _ = try await fixture.user("other@example.org")
        try await fixture.run { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            let dialog = try await user.post("/v1/api/new_token", "{\"dialog_id\":\"d1\"}")
            #expect(dialog.code == 0)
            #expect((dialog.data?.object ?? []).map(\.0) == [
                "create_date", "create_time", "dialog_id", "tenant_id", "token", "update_date", "update_time",
            ])
            #expect(dialog.data?["dialog_id"] == .string("d1"))
            let agent = try await user.post("/v1/api/new_token", "{\"canvas_id\":\"c1\",\"dialog_id\":\"ignored\"}")
            #expect(agent.data?["source"] == .string("agent"))
            #expect(agent.data?["dialog_id"] == .string("c1"))
            let tokens = [dialog, agent].compactMap { $0.data?["token"]?.string }

            let rows = try await user.get("/v1/api/token_list?dialog_id=d1").data?.array
            #expect(rows?.count == 1 && rows?.first?["token"] == .string(tokens[0]) && rows?.first?["beta"] == .null)
            let agents = try await user.get("/v1/api/token_list?canvas_id=c1").data?.array
            #expect(agents?.count == 1 && agents?.first?["source"] == .string("agent"))
            #expect(try await user.get("/v1/api/token_list?dialog_id=").data == .array([]))
            #expect(try await user.get("/v1/api/token_list").code == 101)

            // The list of the system has them too, and gives each its beta.
            let all = try await user.get("/v1/system/token_list").data?.array
            #expect(all?.count == 2 && all?.allSatisfy { $0["beta"]?.string?.utf8.count == 32 } == true)
            let again = try await user.get("/v1/api/token_list?dialog_id=d1").data?.array?.first
            #expect(again?["beta"] == all?.first { $0["dialog_id"] == .string("d1") }?["beta"])

            let stranger = try await client.loggedIn("other@example.org")
            #expect(try await stranger.get("/v1/api/token_list?dialog_id=d1").data == .array([]))
            let tenant = dialog.data?["tenant_id"]?.string ?? ""
            let list = "[\"\(tokens[0])\",\"\(tokens[1])\"]"
            #expect(try await stranger.post("/v1/api/rm", "{\"tokens\":\(list),\"tenant_id\":\"\(tenant)\"}").data == .bool(true))
            #expect(try await user.tokens().count == 2)
            #expect(try await user.post("/v1/api/rm", "{\"tokens\":\(list),\"tenant_id\":\"dummy\"}").data == .bool(true))
            #expect(try await user.tokens() == [])
        }
    }

    @Test func brokenRequests() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            for body in [nil, "{}", "[]", "{\"dialog_id\":null}", "{\"dialog_id\":5}", "x"] {
                let reply = try await user.post("/v1/api/new_token", body)
                #expect(reply.body == "{\"code\":100,\"data\":null,\"message\":\"KeyError('dialog_id')\"}\n")
            }
            #expect(try await user.post("/v1/api/new_token", "{\"dialog_id\":\"\(String(repeating: "x", count: 33))\"}").code == 101)
            let missing = try await user.post("/v1/api/rm", "{\"tenant_id\":\"dummy\"}")
            #expect(missing.verdict == "200 101")
            #expect(missing.message == "required argument are missing: tokens; ")
            #expect(try await user.post("/v1/api/rm").message == "required argument are missing: tokens,tenant_id; ")
            let key = try await user.newToken()
            for tokens in ["\"\(key)\"", "{}", "null", "7"] {
                #expect(try await user.post("/v1/api/rm", "{\"tokens\":\(tokens),\"tenant_id\":\"x\"}").code == 101)
            }
            let many = Array(repeating: "\"\(key)\"", count: 10_001).joined(separator: ",")
            #expect(try await user.post("/v1/api/rm", "{\"tokens\":[\(many)],\"tenant_id\":\"x\"}").code == 101)
            #expect(try await user.post("/v1/api/rm", "{\"tokens\":[1,null,[],\"\"],\"tenant_id\":\"x\"}").code == 0)
            #expect(try await user.tokens() == [key])
            #expect(try await user.post("/v1/api/rm", "{\"tokens\":[\"\(key)\",\"\(key)\"],\"tenant_id\":\"x\"}").code == 0)
            #expect(try await user.tokens() == [])
        }
    }
}
