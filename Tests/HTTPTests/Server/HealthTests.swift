import CofferHTTP
import Synchronization
import Testing

@Suite struct HealthTests {
    private struct Facts: HealthSource {
        let problem: String?

        func health() async -> [(name: String, problem: String?)] { [("store", nil), ("upstream", problem)] }

        func metrics() async -> [Metric] {
            [
                Metric(
                    name: "coffer_secrets", help: "Names.\nAll \\ of them", kind: .gauge,
                    samples: [.init(value: 12), .init(labels: [("tenant", "a\"b\\c\nd")], value: 0.5)]),
                Metric(name: "bad name", help: "", kind: .gauge, samples: [.init(value: 1)]),
                Metric(
                    name: "coffer_odd", help: "", kind: .counter,
                    samples: [.init(labels: [("bad-label", "x")], value: 1), .init(value: .infinity)]),
            ]
        }
    }

    @Test func healthy() async throws {
        let health = HealthListen(address: TestServer.loopback, source: Facts(problem: nil))
        try await TestServer.run([], health: health) { (server) async throws in
            let reply = try await RawClient.get(server.port, "/health")
            #expect(reply.status == 200 && reply.hasSuffix("\r\n\r\nstore ok\nupstream ok\n"))
            #expect(try await RawClient.get(server.port, "/").status == 404)
            #expect(try await RawClient.get(server.port, "/health", method: "DELETE").status == 405)
        }
    }

    @Test func failing() async throws {
        let health = HealthListen(address: TestServer.loopback, source: Facts(problem: "no answer\nsince 12 s"))
        try await TestServer.run([], health: health) { (server) async throws in
            let reply = try await RawClient.get(server.port, "/health")
            #expect(reply.status == 503 && reply.hasSuffix("\r\n\r\nstore ok\nupstream failing: no answer since 12 s\n"))
        }
    }

    @Test func metrics() async throws {
        let health = HealthListen(address: TestServer.loopback, source: Facts(problem: nil))
        try await TestServer.run([DoorListen(door: EchoDoor(claims: [.tree("/api")]), address: TestServer.loopback)], health: health) {
            (server) async throws in
            for _ in 0..<3 { _ = try await RawClient.get(server.port, "/api") }
            _ = try await RawClient.get(server.port, "/api", host: "evil.example")
            let reply = try await RawClient.get(server.port, "/metrics")
            #expect(reply.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                "# HELP coffer_secrets Names.\\nAll \\\\ of them", "# TYPE coffer_secrets gauge", "coffer_secrets 12",
                "coffer_secrets{tenant=\"a\\\"b\\\\c\\nd\"} 0.5", "coffer_odd +Inf", "# TYPE coffer_http_requests_total counter",
                "coffer_http_requests_total{door=\"echo\",code=\"2xx\"} 3", "coffer_http_requests_total{door=\"echo\",code=\"4xx\"} 1",
                "# TYPE coffer_http_request_seconds histogram", "coffer_http_request_seconds_bucket{door=\"echo\",le=\"+Inf\"} 4",
                "coffer_http_request_seconds_count{door=\"echo\"} 4",
            ] {
                #expect(reply.contains(line + "\n"), "\(line)")
            }
            #expect(!reply.contains("bad name") && !reply.contains("bad-label"))
        }
    }
}
