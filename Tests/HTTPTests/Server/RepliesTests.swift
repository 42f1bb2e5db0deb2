import CofferHTTP
import Testing

/// What the server makes of a door's answer, and how a connection goes on.
@Suite struct RepliesTests {
    @Test func headIsGetWithoutABody() async throws {
        try await TestServer.run { server in
            let client = try RawClient(port: server.port)
            await client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let head = await client.readReply(hasBody: false)
            #expect(head.status == 200 && head.hasSuffix("\r\n\r\n"))
            #expect(try #require(head.header("Content-Length").flatMap { Int($0) }) > 50)
            // Nothing of a body came before the next answer.
            await client.send("GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let empty = await client.readReply()
            #expect(empty.hasPrefix("HTTP/1.1 204 "))
            #expect(empty.header("Content-Length") == nil && empty.header("Transfer-Encoding") == nil)
            #expect(server.log.all.contains { $0.contains("method=HEAD") && $0.contains("route=GET /:all") })
        }
    }

    @Test func framingIsTheServers() async throws {
        try await TestServer.run { server in
            let cached = try await RawClient.get(server.port, "/cached")
            #expect(cached.header("Cache-Control") == "max-age=1")
            #expect(cached.header("Content-Length") == "1")
            #expect(cached.header("Connection") == "close")
            let split = try await RawClient.get(server.port, "/split")
            #expect(split.status == 500)
            #expect(!split.contains("X-Injected"))
        }
    }

    @Test func connectionsStayAndEnd() async throws {
        try await TestServer.run { server in
            let old = try RawClient(port: server.port)
            await old.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            #expect(await old.readToEnd()?.status == 200)
            let kept = try RawClient(port: server.port)
            await kept.send("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
            #expect(await kept.readReply().header("Connection") == "keep-alive")
            await kept.send("\r\nGET /again HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await kept.readReply().contains("path=/again"))
            // A client that has said all it wants still gets its answer.
            await kept.send("GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n")
            kept.endSending()
            #expect(await kept.readToEnd()?.contains("path=/last") == true)
        }
    }

    @Test func switchingProtocolsIsNotDone() async throws {
        try await TestServer.run { server in
            let reply = try await RawClient.exchange(
                server.port,
                "GET /u HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                    + "Upgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\nPRI * HTTP/2.0\r\n\r\n"
            )
            #expect(reply.status == 200 && reply.contains("path=/u"))
            #expect(reply.header("Connection") == "close")
        }
    }

    @Test func largeAnswers() async throws {
        try await TestServer.run { server in
            let reply = try await RawClient.get(server.port, "/large")
            #expect(reply.utf8.count > 8 << 20)
        }
    }

    @Test func nothingSecretIsLogged() async throws {
        try await TestServer.run { server in
            let secret = "hunter2"
            _ = try await RawClient.exchange(
                server.port,
                "POST /\(secret)?key=\(secret) HTTP/1.1\r\nHost: localhost\r\n"
                    + "Authorization: Bearer \(secret)\r\nX-Forwarded-For: \(secret)\r\n"
                    + "Content-Length: 7\r\nConnection: close\r\n\r\n\(secret)"
            )
            _ = try await RawClient.exchange(server.port, "GET /\(secret) HTTP/1.1\r\nHost: \(secret)\r\n\r\n")
            _ = try await RawClient.exchange(server.port, "GET /\(secret) HTTP/1.1\r\n\(secret)\r\n\r\n")
            _ = try await RawClient.exchange(server.port, "\(secret) /\(secret)\r\n\r\n")
            let log = server.log.all
            #expect(log.filter { $0.contains("request ") }.count == 4)
            #expect(!log.contains { $0.contains(secret) })
            let line = try #require(log.first { $0.contains("status=200") })
            for part in [
                "info request ", "door=echo", "method=POST", "route=POST /:all", "ms=", "principal=login:alice", "client=127.0.0.1", "id=",
            ] {
                #expect(line.contains(part), "\(part)")
            }
        }
    }
}
