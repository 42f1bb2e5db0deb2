import CofferAccounts
import CofferJSON
import CofferStore
import Testing

@testable import CofferHTTP

/// Failures in the words of each generation, and what is the same on every route.
@Suite struct RAGFlowShapesTests {
    private static let unauthorized = "{\"code\":401,\"data\":null,\"message\":\"<Unauthorized '401: Unauthorized'>\"}\n"
    private static let closed = [
        ("GET", "/v1/system/token_list"), ("POST", "/v1/system/new_token"), ("DELETE", "/v1/system/token/dummy_token"),
        ("GET", "/api/v1/system/tokens"), ("POST", "/api/v1/system/tokens"), ("DELETE", "/api/v1/system/tokens/x"),
        ("GET", "/api/v1/system/keys"), ("POST", "/v1/api/new_token"), ("GET", "/v1/api/token_list"), ("POST", "/v1/api/rm"),
        ("GET", "/v1/api/stats"), ("GET", "/api/v1/system/stats"), ("GET", "/v1/system/status"), ("GET", "/v1/system/version"),
        ("GET", "/v1/user/info"), ("GET", "/v1/user/tenant_info"), ("POST", "/v1/user/set_tenant_info"), ("POST", "/v1/tenant/create"),
        ("GET", "/v1/user/logout"), ("GET", "/v1/llm/my_llms"), ("POST", "/v1/llm/set_api_key"), ("PUT", "/api/v1/providers"),
        ("GET", "/api/v1/models"), ("PATCH", "/api/v1/models/default"), ("POST", "/api/v1/providers/x/instances"),
        ("GET", "/api/v1/system/config/log"), ("GET", "/api/v1/system/oceanbase/status"),
    ]

    @Test func withoutACredential() async throws {
        let fixture = try RAGFlowFixture()
        try await fixture.run { (client) async throws in
            for (method, path) in Self.closed {
                let reply = try await client.with(path.hasPrefix("/v1") ? nil : "invalid_key_123").send(method, path)
                #expect(reply.status == 401 && reply.body == Self.unauthorized, "\(path)")
            }
        }
        try await fixture.run({ $0.legacyStatus = true }) { (client) async throws in
            for (method, path) in Self.closed {
                let reply = try await client.with("Bearer invalid_key_123").send(method, path)
                #expect(reply.status == 200 && reply.body == Self.unauthorized, "\(path)")
            }
        }
    }

    @Test func wrongMethodsAndUnknownPaths() async throws {
        let fixture = try RAGFlowFixture()
        let wrongMethod = "{\"code\":100,\"data\":null,\"message\":\"<MethodNotAllowed '405: Method Not Allowed'>\"}\n"
        let old = "{\"code\":100,\"data\":null,\"message\":\"<NotFound '404: Not Found'>\"}\n"
        try await fixture.run { (client) async throws in
            for (method, path) in [
                ("POST", "/v1/system/token_list"), ("GET", "/v1/system/new_token"), ("GET", "/v1/system/token/x"),
                ("PUT", "/api/v1/system/tokens"), ("DELETE", "/v1/user/login"), ("GET", "/v1/user/login"), ("PATCH", "/v1/system/tokens"),
            ] {
                let reply = try await client.send(method, path)
                #expect(reply.status == 200 && reply.body == wrongMethod, "\(method) \(path)")
            }
            for path in [
                "/v1", "/v1/", "/v1/system", "/v1/system/token", "/v1/system/token/", "/v1/system/token/a/b", "/v1/system//token_list",
                "/v1/system/token_list;login", "/v1/system/token%5Flist", "/v1/system/token_list//", "/v1/../v1/system/token_list",
                "/v1/x/%2e%2e/system/token_list", "/v1/SYSTEM/token_list",
            ] {
                let reply = try await client.get(path)
                #expect(reply.status == 200 && reply.body == old, "\(path)")
            }
            for path in ["/", "/x", "/v10", "/api", "/api/v1", "/api/v1/datasets", "/api/v1/system/tokens//", "//v1/system/tokens"] {
                let reply = try await client.get(path)
                #expect(reply.verdict == "404 404", "\(path)")
                #expect(reply.body == "{\"code\":404,\"data\":null,\"error\":\"Not Found\",\"message\":\"Not Found: \(path)\"}\n")
            }
            #expect(try await client.get("/api/v1/\"%22").message == "Not Found: /api/v1/\"%22")
        }
        try await fixture.run({ $0.profile = .current }) { (client) async throws in
            #expect(try await client.get("/v1/nothing").verdict == "404 404")
            #expect(try await client.send("PUT", "/v1/system/tokens").body == wrongMethod)
        }
    }

    @Test func crossOrigin() async throws {
        let fixture = try RAGFlowFixture()
        try await fixture.run { (client) async throws in
            let asked = "Access-Control-Request-Headers: authorization,x-custom"
            let preflight = try await client.send(
                "OPTIONS", "/v1/system/tokens/x", headers: ["Origin: http://ui.example", "Access-Control-Request-Method: DELETE", asked])
            #expect(preflight.status == 200)
            #expect(preflight.text.header("Access-Control-Allow-Origin") == "*")
            #expect(preflight.text.header("Access-Control-Allow-Headers") == "authorization,x-custom")
            #expect(preflight.text.header("Access-Control-Allow-Methods")?.contains("DELETE") == true)
            #expect(preflight.text.header("Access-Control-Allow-Credentials") == nil)
            for path in ["/v1/system/config", "/v1/system/tokens", "/nothing", "/api/v1/system/ping"] {
                #expect(try await client.get(path).text.header("Access-Control-Allow-Origin") == "*")
            }
        }
    }

    @Test func whileTheStoreIsLocked() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            let user = try await client.loggedIn("qa@example.org")
            #expect(try await client.get("/api/v1/system/healthz").status == 200)
            fixture.store.lock()
            for reply in [
                try await user.get("/v1/system/token_list"), try await user.post("/api/v1/system/tokens"),
                try await client.get("/v1/user/info"), try await client.login("qa@example.org"),
                try await client.register("new@example.org"), try await client.get("/api/v1/chatbots/x"),
            ] {
                #expect(reply.verdict == "503 500")
                #expect(reply.text.header("Retry-After") == "5")
            }
            #expect(try await client.get("/api/v1/system/healthz").status == 500)
            #expect(try await client.get("/api/v1/system/config").code == 0)
            try fixture.store.unlock(.keyFile(RAGFlowFixture.key))
            #expect(try await user.get("/v1/system/token_list").code == 0)
        }
    }

    @Test func refusalsOfTheServer() async throws {
        let fixture = try RAGFlowFixture()
        let door = RAGFlowDoor(
            accounts: fixture.accounts, settings: RAGFlowSettings(), backoff: LoginBackoff(), logger: fixture.log.logger,
            signingKey: { () throws(StoreError) in SecretBuffer([1]) })
        let draining = door.refusal(.draining, method: "GET", path: "/v1/system/tokens")
        #expect(draining.status == 503)
        #expect(String(decoding: draining.body, as: UTF8.self) == "{\"code\":500,\"data\":null,\"message\":\"the server is stopping\"}\n")
        #expect(draining.headers.contains { $0.name == "Retry-After" })
        #expect(door.refusal(.bodyTooLarge(limit: 1), method: "POST", path: "/").status == 413)
        try await fixture.run { (client) async throws in
            let reply = try await client.post("/v1/user/login", String(repeating: "x", count: 2 << 20))
            #expect(reply.verdict == "413 413")
        }
    }

    @Test func theServerItself() async throws {
        let fixture = try RAGFlowFixture()
        _ = try await fixture.user("qa@example.org")
        try await fixture.run { (client) async throws in
            for path in ["/v1/system/ping", "/api/v1/system/ping"] { #expect(try await client.get(path).body == "pong") }
            for path in ["/v1/system/config", "/api/v1/system/config"] {
                for caller in [client, client.with("invalid_key_123")] {
                    let known: JSONValue = .object([("disablePasswordLogin", .bool(false)), ("registerEnabled", .integer(1))])
                    #expect(try await caller.get(path).data == known)
                }
            }
            #expect(try await client.get("/api/v1/system/version").data == .string("v0.0-test"))
            #expect(try await client.get("/v1/user/login/channels").data == .array([]))
            let user = try await client.loggedIn("qa@example.org")
            #expect(try await user.get("/v1/system/version").data == .string("v0.0-test"))
            for path in ["/v1/system/status", "/api/v1/system/status"] {
                let status = try await user.get(path).data
                for key in ["doc_engine", "storage", "database", "redis"] { #expect(status?[key]?["status"] != nil) }
            }
            #expect(try await user.get("/v1/llm/my_llms").data == .object([]))
            let upstream = "{\"llm_factory\":\"ZHIPU-AI\",\"api_key\":\"secret-of-upstream\"}"
            #expect(try await user.post("/v1/llm/set_api_key", upstream).code == 0)
            #expect(try await user.get("/api/v1/models").data == .array([]))
            #expect(try await user.send("PUT", "/api/v1/providers", "{\"provider_name\":\"ZHIPU-AI\"}").code == 0)
            #expect(try await user.get("/api/v1/models").data?.array?.first?["provider_name"] == .string("ZHIPU-AI"))
            #expect(try await user.send("PUT", "/api/v1/providers", "{}").code == 101)
            #expect(try await user.send("PUT", "/api/v1/system/config/log", "{}").message == "pkg_name and level are required")
            for index in 0..<40 { _ = try await user.send("PUT", "/api/v1/providers", "{\"provider_name\":\"p\(index)\"}") }
            #expect(try await user.get("/api/v1/models").data?.array?.count == 32)
        }
    }
}
