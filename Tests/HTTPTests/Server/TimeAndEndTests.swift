import CofferHTTP
import Testing

/// Slow clients, and the end of the server. The limits are short so that nobody waits.
@Suite struct TimeAndEndTests {
    private func limits(_ set: (inout HTTPLimits) -> Void) -> HTTPLimits {
        var limits = HTTPLimits()
        set(&limits)
        return limits
    }

    @Test func slowHead() async throws {
        try await TestServer.run(limits: limits { $0.headSeconds = 0.2 }) { server in
            let client = try RawClient(port: server.port)
            await client.send("GET /slow HTTP/1.1\r\nHost: local")
            let reply = try #require(await client.readToEnd())
            #expect(reply.status == 408)
            #expect(reply.contains("\"refused\":\"timeOut\",\"method\":\"GET\",\"path\":\"/slow\""))
            // Without a request line there is nobody to answer.
            let half = try RawClient(port: server.port)
            await half.send("GET /sl")
            #expect(await half.readToEnd() == "")
            let silent = try RawClient(port: server.port)
            #expect(await silent.readToEnd() == "")
        }
    }

    @Test func slowBody() async throws {
        try await TestServer.run(limits: limits { $0.bodySeconds = 0.2 }) { server in
            let client = try RawClient(port: server.port)
            await client.send("POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
            let reply = try #require(await client.readToEnd())
            #expect(reply.status == 408 && reply.contains("timeOut"))
        }
    }

    @Test func idleConnectionsEnd() async throws {
        try await TestServer.run(limits: limits { $0.idleSeconds = 0.2 }) { server in
            let client = try RawClient(port: server.port)
            await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await client.readReply().status == 200)
            #expect(await client.readToEnd() == "")
        }
    }

    @Test func noMoreConnectionsThanAllowed() async throws {
        try await TestServer.run(limits: limits { $0.maxConnections = 1 }) { server in
            let first = try RawClient(port: server.port)
            await first.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await first.readReply().status == 200)
            let second = try RawClient(port: server.port)
            await second.send("GET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(!server.log.all.contains { $0.contains("/2") })
            first.endSending()
            #expect(await first.readToEnd() == "")
            #expect(await second.readToEnd()?.contains("path=/2") == true)
        }
    }

    @Test func drain() async throws {
        let gate = Gate()
        try await TestServer.run([DoorListen(door: EchoDoor(gate: gate), address: TestServer.loopback)]) { server in
            let idle = try RawClient(port: server.port)
            await idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await idle.readReply().status == 200)
            let half = try RawClient(port: server.port)
            await half.send("GET /half HTTP/1.1\r\nHost: loc")
            let running = try RawClient(port: server.port)
            await running.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\nGET /next HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrival()
            server.stop()
            #expect(await idle.readToEnd() == "")
            // Refused, or closed unheard where the kernel was quicker.
            if let late = try? RawClient(port: server.port) {
                await late.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(await late.readToEnd() == "")
            }
            await half.send("alhost\r\n\r\n")
            let refused = try #require(await half.readToEnd())
            #expect(refused.status == 503 && refused.contains("draining") && refused.header("Retry-After") == "5")
            gate.open()
            let reply = try #require(await running.readToEnd())
            #expect(reply.status == 200 && reply.contains("path=/wait") && reply.header("Connection") == "close")
            #expect(!reply.contains("/next"))
        }
    }

    @Test func theEndIsForcedAfterItsTime() async throws {
        let gate = Gate()
        try await TestServer.run(
            [DoorListen(door: EchoDoor(gate: gate), address: TestServer.loopback)], limits: limits { $0.drainSeconds = 0.2 }
        ) { server in
            let running = try RawClient(port: server.port)
            await running.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await gate.arrival()
            server.stop()
            #expect(await running.readToEnd() == "")
            gate.open()
        }
    }
}
