import CofferAccounts
import CofferHTTP
import Testing

/// What a request must be to reach a door, over real sockets.
@Suite struct RequestRulesTests {
    @Test func wholeRequest() async throws {
        try await TestServer.run { (server) async throws in
            let body = "a=1&b=2"
            let reply = try await RawClient.exchange(
                server.port,
                "POST //api/token;login/%2Fx/?p=1&keyword=a+b HTTP/1.1\r\nHost: localhost:3000\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            )
            #expect(reply.status == 200)
            #expect(reply.contains("method=POST path=//api/token;login/%2Fx/ query=p=1&keyword=a+b client=127.0.0.1 secure=false length=7"))
            #expect(reply.contains("body=a=1&b=2"))
            #expect(reply.header("Cache-Control") == "no-store")
            #expect(reply.header("X-Content-Type-Options") == "nosniff")
            #expect(reply.header("Date")?.hasSuffix(" GMT") == true)
            let id = try #require(reply.header("X-Request-Id"))
            #expect(id.utf8.count == 20 && id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) })
            #expect(reply.contains("id=\(id)"))
        }
    }

    @Test func rawBytesInTheRequestLine() async throws {
        try await TestServer.run { (server) async throws in
            let whole = try await RawClient.get(server.port, "/名?keyword=测试&x=1")
            #expect(whole.contains("path=/%E5%90%8D query=keyword=%E6%B5%8B%E8%AF%95&x=1"))
            // The same byte by byte, twice on one connection, with raw bytes in a header and in the body, which stay as they are.
            let client = try RawClient(port: server.port)
            for _ in 0..<2 {
                for byte in Array("POST /?k=测 HTTP/1.1\r\nHost: localhost\r\nX-Name: 测\r\nContent-Length: 3\r\n\r\n测".utf8) {
                    await client.send([byte])
                }
                let reply = await client.readReply()
                #expect(reply.contains("query=k=%E6%B5%8B"))
                #expect(reply.contains("length=3") && reply.hasSuffix("body=测"))
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await TestServer.run { (server) async throws in
            let client = try RawClient(port: server.port)
            let chunked =
                "POST /two?k=é HTTP/1.1\r\nHost: localhost\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n2;x=y\r\ncd\r\n0\r\nX-Trailer: é\r\n\r\n"
            await client.send(
                "GET /one?k=é HTTP/1.1\r\nHost: localhost\r\n\r\n" + chunked + "GET /three?k=é HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let one = await client.readReply()
            #expect(one.contains("path=/one query=k=%C3%A9"))
            let two = await client.readReply()
            #expect(two.contains("path=/two query=k=%C3%A9") && two.contains("length=5") && two.hasSuffix("body=a\nbcd"))
            let three = await client.readReply()
            #expect(three.contains("path=/three query=k=%C3%A9"))
        }
    }

    @Test func exactlyOneHost() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await RawClient.get(server.port, "/", host: nil).status == 400)
            let two = try await RawClient.get(server.port, "/", headers: ["Host: localhost"])
            #expect(two.status == 400)
            #expect(two.contains("\"refused\":\"unreadable\",\"method\":\"GET\",\"path\":\"/\""))
            #expect(try await RawClient.get(server.port, "/", host: "").status == 400)
            #expect(try await RawClient.exchange(server.port, "GET / HTTP/1.0\r\n\r\n").status == 400)
        }
    }

    @Test func hostsOnLoopback() async throws {
        try await TestServer.run(hosts: ["coffer", "Proxy.Example"]) { (server) async throws in
            for host in [
                "localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:80", "[::1]:80", "coffer:3000", "proxy.example", "proxy.example.",
            ] {
                #expect(try await RawClient.get(server.port, "/", host: host).status == 200, "\(host)")
            }
            for host in [
                "evil.example", "10.0.0.1", "localhost.evil.example", "coffer.evil", "[::2]", "0.0.0.0", "127.0.0.1.nip.io", "a b",
                "localhost:x",
            ] {
                let reply = try await RawClient.get(server.port, "/x", host: host)
                #expect(reply.status == 403, "\(host)")
                #expect(reply.contains("\"refused\":\"badHost\",\"method\":\"GET\",\"path\":\"/x\""))
            }
        }
    }

    @Test func hostsBeyondLoopback() async throws {
        let everywhere = ListenAddress(host: ClientAddress(v4: 0), port: 0)
        let any = DoorListen(door: EchoDoor(id: "any"), address: everywhere, insecure: true)
        try await TestServer.run([any]) { (server) async throws in
            #expect(try await RawClient.get(server.port, "/", host: "whatever.example").status == 200)
        }
        try await TestServer.run([DoorListen(door: EchoDoor(), address: everywhere, hosts: ["coffer"], insecure: true)]) {
            (server) async throws in
            #expect(try await RawClient.get(server.port, "/", host: "coffer:3000").status == 200)
            #expect(try await RawClient.get(server.port, "/", host: "127.0.0.1").status == 200)
            #expect(try await RawClient.get(server.port, "/", host: "127.0.0.2").status == 403)
            #expect(try await RawClient.get(server.port, "/", host: "localhost").status == 403)
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n X-Folded: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Null: a\u{0}b\r\n\r\n",
        "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        "LIST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "get / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{16}\u{3}\u{1}garbage\r\n\r\n",
    ])
    func ambiguousRequestsAreRefused(_ request: String) async throws {
        try await TestServer.run { (server) async throws in
            let reply = try await RawClient.exchange(server.port, request + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(reply.status == 400)
            #expect(reply.header("Connection") == "close")
            #expect(reply.header("X-Request-Id") != nil)
            #expect(!reply.contains("smuggled"))
            // One answer, and it is the door's own.
            #expect(reply.utf8.firstRange(of: "HTTP/1.1 200".utf8) == nil)
            #expect(reply.contains("\"refused\":\"unreadable\""))
        }
    }

    @Test func longLinesAndHeads() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await RawClient.get(server.port, "/" + String(repeating: "a", count: 16_000)).status == 200)
            #expect(try await RawClient.get(server.port, "/" + String(repeating: "é", count: 8_000)).status == 200)
            #expect(try await RawClient.get(server.port, "/" + String(repeating: "a", count: 16_400)).status == 400)
            let long = "X-Long: " + String(repeating: "a", count: 60_000)
            #expect(try await RawClient.get(server.port, "/", headers: [long]).status == 200)
            #expect(try await RawClient.get(server.port, "/", headers: [long + String(repeating: "a", count: 6_000)]).status == 400)
            #expect(try await RawClient.get(server.port, "/", headers: (0..<90).map { "X-\($0): 1" }).status == 200)
            #expect(try await RawClient.get(server.port, "/", headers: (0..<101).map { "X-\($0): 1" }).status == 400)
        }
    }

    @Test func bodyLimit() async throws {
        var limits = HTTPLimits()
        limits.maxBody = 1_000
        try await TestServer.run(limits: limits) { (server) async throws in
            func post(_ length: Int) -> String {
                "POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\nConnection: close\r\n\r\n"
            }
            #expect(try await RawClient.exchange(server.port, post(1_000) + String(repeating: "x", count: 1_000)).contains("length=1000"))
            // Refused by its head alone, and while a client still sends.
            let head = try await RawClient.exchange(server.port, post(1_001))
            #expect(head.status == 413 && head.contains("bodyTooLarge(limit: 1000)") && head.header("Connection") == "close")
            #expect(try await RawClient.exchange(server.port, post(3_000_000) + String(repeating: "x", count: 3_000_000)).status == 413)
            let chunks =
                "POST /b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "64\r\n\(String(repeating: "x", count: 100))\r\n", count: 11)
            #expect(try await RawClient.exchange(server.port, chunks).status == 413)
        }
    }

    @Test func expectContinue() async throws {
        try await TestServer.run { (server) async throws in
            let client = try RawClient(port: server.port)
            await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(await client.readReply(hasBody: false).hasPrefix("HTTP/1.1 100 Continue\r\n"))
            await client.send("ok")
            #expect(await client.readReply().hasSuffix("body=ok"))
        }
    }
}
